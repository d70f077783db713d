/** What names us to the service: where it is, who this page is, by what ticket it comes. */

import { Gone } from "./signal.js";

/** 22 characters of an alphabet that is safe everywhere; names one RTCPeerConnection. */
export function newInstance() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/**
 * As older browsers need it: absolute, and with the scheme of sockets.
 * @param {string} path
 */
export function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/**
 * @param {string} url
 * @returns {Promise<string>} a new ticket; throws Gone where there is no way back
 */
export async function renewTicket(url) {
  const response = await fetch(url, { method: "POST" });
  const body = await response.json();
  if (response.ok) return body.ticket;
  if (response.status === 401) throw new Gone("lapsed");
  if (response.status === 410 || response.status === 404) throw new Gone("room_ended");
  throw new Error(`${response.status} ${body.error?.code}`);
}
