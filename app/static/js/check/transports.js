/** The ways to the relay: one for each TURN address (RFC 7065). */

/** @import { TransportKind } from "./types.js" */

const MOST = 8;

/** In the order in which calls prefer them. */
const KINDS = /** @type {TransportKind[]} */ ([
  "relay-udp",
  "relay-tcp",
  "relay-tls",
  "relay-443",
]);

/**
 * Each with the one server that it takes.
 * @param {RTCIceServer[]} servers
 * @returns {{kind: TransportKind, url: string, server: RTCIceServer}[]} the best first
 */
export function transportsOf(servers) {
  const found = servers.flatMap((server) =>
    urlsOf(server)
      .filter((url) => /^turns?:/.test(url))
      .map((url) => ({ kind: kindOf(url), url, server: { ...server, urls: url } })),
  );
  found.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
  return found.slice(0, MOST);
}

/**
 * @param {RTCIceServer[]} servers
 * @returns {string[]}
 */
export function stunUrls(servers) {
  return servers.flatMap(urlsOf).filter((url) => /^stuns?:/.test(url));
}

/**
 * @param {string} url
 * @returns {TransportKind}
 */
export function kindOf(url) {
  const { secure, port, protocol } = parts(url);
  if (port === 443) return "relay-443";
  if (secure) return "relay-tls";
  return protocol === "TCP" ? "relay-tcp" : "relay-udp";
}

/**
 * @param {string} url of STUN or TURN
 * @returns {{secure: boolean, host: string, port: number, protocol: "TCP" | "UDP"}}
 */
export function parts(url) {
  const form =
    /^(?:turn|stun)(s?):(\[[^\]]*\]|[^:?]*)(?::(\d+))?(?:\?transport=(\w+))?/;
  const [, s = "", host = "", port = "", transport = ""] = form.exec(url) ?? [];
  const protocol = (transport || (s ? "tcp" : "udp")) === "tcp" ? "TCP" : "UDP";
  return { secure: !!s, host, port: Number(port || (s ? 5349 : 3478)), protocol };
}

/** @param {RTCIceServer} server */
function urlsOf({ urls }) {
  return Array.isArray(urls) ? urls : [urls];
}
