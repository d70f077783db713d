/**
 * How far each relay is, measured before the call by STUN bindings (RFC 8489).
 *
 * A browser has no ping. But an RTCPeerConnection that gathers with one STUN URL is done
 * when the answer is there, and that is one round trip later; the rest of the work is
 * the same for every relay, so that the difference between two is right.
 */

/** @import { FarRelay } from "./types.js" */

/** Milliseconds; who needs longer is too far anyway. */
const WITHIN = 2_000;

/** The first asks for the relay's name, too: only the next shows the way. */
const ROUNDS = 2;

/**
 * @param {FarRelay[]} relays
 * @returns {Promise<Record<string, number>>} milliseconds by relay, of those that answer
 */
export async function roundTrips(relays) {
  /** @type {Record<string, number>} */
  const best = {};
  for (let round = 0; round < ROUNDS; round++) {
    const times = await Promise.all(relays.map(({ url }) => bindingTime(url)));
    relays.forEach(({ relay }, index) => {
      const time = times[index];
      if (time) best[relay] = Math.min(time, best[relay] ?? Infinity);
    });
  }
  return best;
}

/**
 * @param {string} url
 * @returns {Promise<number | null>} milliseconds, null without an answer
 */
async function bindingTime(url) {
  const pc = new RTCPeerConnection({ iceServers: [{ urls: url }] });
  try {
    pc.createDataChannel("");
    await pc.setLocalDescription();
    const began = performance.now();
    return (await answered(pc)) ? performance.now() - began : null;
  } finally {
    pc.close();
  }
}

/** @param {RTCPeerConnection} pc that gathers @returns {Promise<boolean>} */
function answered(pc) {
  return new Promise((resolve) => {
    let failed = false;
    pc.onicecandidateerror = () => {
      failed = true; // Of one network card; another may have more luck.
    };
    pc.onicecandidate = ({ candidate }) => {
      // Where no NAT is on the way, the address is known already: only the end tells.
      if (candidate?.type === "srflx") resolve(true);
      else if (!candidate) resolve(!failed);
    };
    setTimeout(resolve, WITHIN, false);
  });
}
