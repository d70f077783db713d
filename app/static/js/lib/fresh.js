/** Keeps a part of a page up to date: fetched anew whenever the server says so. */

import { report } from "./dom.js";

const AGAIN = 5_000;

/**
 * @param {Object} options
 * @param {HTMLElement} options.part what is replaced
 * @param {string} options.url where it comes from
 * @param {string} options.events a stream of server-sent events, `changed` among them
 * @param {HTMLElement} options.offline shown while there is no connection
 * @param {() => void} options.onfresh after each time
 */
export function keepFresh({ part, url, events, offline, onfresh }) {
  listen();

  function listen() {
    const source = new EventSource(events);
    source.addEventListener("open", () => {
      offline.hidden = true;
      refresh().catch(report);
    });
    source.addEventListener("changed", () => {
      refresh().catch(report);
    });
    source.addEventListener("error", () => {
      offline.hidden = false;
      // The browser tries again by itself unless it was refused: then we are logged out.
      if (source.readyState === EventSource.CLOSED) checkSession().catch(report);
    });
  }

  async function checkSession() {
    const answer = await fetch(url);
    if (answer.status === 401) location.reload();
    else setTimeout(listen, AGAIN);
  }

  async function refresh() {
    const answer = await fetch(url);
    if (answer.status === 401) location.reload();
    if (!answer.ok) return;
    const text = await answer.text();
    // A button that is being pressed must not vanish from under the finger.
    if (part.querySelector(":active")) return;
    const focused = document.activeElement?.id;
    part.innerHTML = text;
    if (focused) document.getElementById(focused)?.focus();
    onfresh();
  }
}
