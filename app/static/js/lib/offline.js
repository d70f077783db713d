/** Asks the browser to keep the page for times without connection. */

import { report } from "./dom.js";

/** Only over https: on localhost it would outlive the service that is tried out there. */
export function prepareForOffline() {
  if (location.protocol !== "https:" || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/offline-worker.js").catch(report);
}
