/** Whether the service answers, by HTTP and by WebSocket. */

/** @import { Service } from "./types.js" */

/** Milliseconds. */
const PATIENCE = 10_000;

/**
 * Whether the way to the service holds a socket; some proxies let none through.
 * @param {string} path
 * @returns {Promise<Omit<Service, "relay">>}
 */
export function checkSocket(path) {
  const began = performance.now();
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "deskside.v1");
    const timer = setTimeout(() => end(false, "timeout"), PATIENCE);
    const end = (/** @type {boolean} */ open, error = "") => {
      clearTimeout(timer);
      socket.close();
      const took = Math.round(performance.now() - began);
      resolve({ reached: true, socket: open, took, error });
    };
    socket.addEventListener("open", () => end(true));
    socket.addEventListener("close", ({ code }) => end(false, `close ${code}`));
  });
}

/** The service has refused, and says why. */
export class Refused extends Error {}

/**
 * Post to the service.
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} its answer, null where it is empty
 */
export async function post(path, body = {}, headers = {}) {
  return answer(await fetch(path, { method: "POST", ...json(body, headers) }));
}

/**
 * @param {Response} response
 * @returns {Promise<any>}
 */
export async function answer(response) {
  if (response.status === 204) return null;
  const said = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(said?.error?.text ?? String(response.status));
  return said;
}

/**
 * @param {unknown} body
 * @param {Record<string, string>} headers
 */
function json(body, headers) {
  const type = { "Content-Type": "application/json" };
  return { headers: { ...type, ...headers }, body: JSON.stringify(body) };
}
