/**
 * Whether a connection still holds relays that it was to leave.
 *
 * After an ICE restart libwebrtc (Chromium, Safari) ends the old pairs of candidates
 * when it next sorts them. But on the answering side media that comes on a new path
 * makes it the selected one without sorting (p2p_transport_channel.cc, OnReadPacket),
 * and where the device has several networks it keeps a pair of each. Such a pair lives
 * as long as the connection, and keeps an allocation of its relay.
 */

/**
 * @param {RTCPeerConnection} pc
 * @param {RTCIceServer[]} servers those that it is to use
 * @returns {Promise<boolean>} false in browsers that do not say whose a candidate is
 */
export async function holdsOthers(pc, servers) {
  const given = new Set(servers.flatMap(({ urls }) => urls));
  return [...(await pc.getStats()).values()].some(
    ({ type, candidateType, url }) =>
      type === "local-candidate" && candidateType === "relay" && url && !given.has(url),
  );
}
