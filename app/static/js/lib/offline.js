/** Asks the browser to keep the page for times without connection. */

/** Only over https: on localhost it would outlive the service that is tried out there. */
export function prepareForOffline() {
  if (location.protocol !== "https:" || !("serviceWorker" in navigator)) return;
  // Browsers refuse where they do not trust the certificate: then they show their own.
  navigator.serviceWorker
    .register("/offline-worker.js")
    .catch((error) => console.info("no offline page:", error.message));
}
