/** Hears from the browser that the network is another one now, before media feels it. */

/** @import { NetworkOptions } from "./types.js" */

/**
 * `online` comes when there is a network again; `change` (Network Information API) when
 * a phone goes from Wi-Fi to mobile data, but also with each new guess of the speed.
 * @param {() => void} changed
 * @param {NetworkOptions} [browser]
 */
export function whenNetworkChanges(changed, browser = {}) {
  const { page = window, line = /** @type {any} */ (navigator).connection } = browser;
  page.addEventListener("online", changed);
  let type = line?.type;
  line?.addEventListener("change", () => {
    if (line.type !== type) changed();
    type = line.type;
  });
}
