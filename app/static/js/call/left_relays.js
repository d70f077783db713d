/**
 * Whether a connection still holds relays that it was to leave.
 *
 * After an ICE restart libwebrtc (Chromium, Safari) ends the old pairs of candidates
 * when it next sorts them. But on the answering side media that comes on a new path
 * makes it the selected one without sorting (p2p_transport_channel.cc, OnReadPacket),
 * and where the device has several networks it keeps a pair of each. Such a pair lives
 * as long as the connection, and keeps an allocation of its relay.
 */

/** RFC 7065, section 3.1; libwebrtc names IPv6 addresses without their brackets. */
const URL_PARTS = /^(turns?):\[?([^\]?]+?)\]?(?::(\d+))?(?:\?transport=(\w+))?$/;
/** By scheme: what a URL means that does not say it. */
const PORTS = { turn: "3478", turns: "5349" };
const TRANSPORTS = { turn: "udp", turns: "tcp" };

/**
 * @param {RTCPeerConnection} pc
 * @param {RTCIceServer[]} servers those that it is to use
 * @returns {Promise<boolean>} false in browsers that do not say whose a candidate is
 */
export async function holdsOthers(pc, servers) {
  const given = new Set(servers.flatMap(({ urls }) => urls).map(inFull));
  return [...(await pc.getStats()).values()].some(
    ({ type, candidateType, url }) =>
      type === "local-candidate" &&
      candidateType === "relay" &&
      !!url &&
      !given.has(inFull(url)),
  );
}

/** @param {string} url @returns {string} with port and transport, as statistics name it */
function inFull(url) {
  const [, scheme, host, port, transport] = URL_PARTS.exec(url.toLowerCase()) ?? [];
  if (scheme !== "turn" && scheme !== "turns") return url;
  const [meant, way] = [port ?? PORTS[scheme], transport ?? TRANSPORTS[scheme]];
  return `${scheme}:${host}:${meant}?transport=${way}`;
}
