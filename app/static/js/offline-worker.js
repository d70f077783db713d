/** Shows a page of our own where the browser would say that it has no connection. */

const CACHE = "offline";
const PAGE = "/offline";

// The types of a worker's global scope exclude those of a page's.
const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(keep());
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(navigate(request));
  // An address of /static never changes its content: what is kept is as good.
  else if (request.url.includes("/static/")) event.respondWith(fromCache(request));
});

/** Keep the page, and the styles and icons that it names. */
async function keep() {
  const cache = await caches.open(CACHE);
  const page = await fetch(PAGE);
  const html = await page.clone().text();
  const needed = [...html.matchAll(/href="(\/static\/[^"#]+)/g)].map(
    (found) => found[1],
  );
  await cache.put(PAGE, page);
  await cache.addAll([...new Set(needed)]);
}

/** @param {Request} request */
async function navigate(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

/** @param {Request} request */
async function fromCache(request) {
  return (await caches.match(request)) ?? fetch(request);
}
