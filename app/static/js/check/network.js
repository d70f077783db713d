/** The network: what can be offered directly, and every way to the relay, with bytes. */

import { allGathered, GatheringErrors } from "./gathering.js";
import { Loopback } from "./loopback.js";
import { stunUrls, transportsOf } from "./transports.js";

/** @import { Bandwidth, Direct, Transport } from "./types.js" */

/** Milliseconds. */
const GATHERING = 8_000;
const FLOOD = 3_000;
/** Bytes: some megabits for three seconds, so that nobody's contingent is used up. */
const MOST_FLOOD = 4_000_000;

/** @typedef {ReturnType<typeof transportsOf>[number]} Planned */

/**
 * @param {RTCIceServer[]} servers
 * @returns {Promise<Direct>}
 */
export async function checkDirect(servers) {
  const urls = stunUrls(servers);
  const pc = new RTCPeerConnection({ iceServers: urls.length ? [{ urls }] : [] });
  const errors = new GatheringErrors(pc);
  /** @type {Set<string>} */
  const found = new Set();
  pc.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate?.type) found.add(candidate.type);
  });
  const began = performance.now();
  pc.createDataChannel("direct");
  await pc.setLocalDescription();
  await allGathered(pc, GATHERING);
  pc.close();
  return {
    candidates: [...found].sort(),
    asked: urls.length > 0,
    took: Math.round(performance.now() - began),
    errors: errors.list,
  };
}

/**
 * @param {Planned} planned
 * @returns {Promise<Transport>}
 */
export async function checkTransport({ kind, url, server }) {
  const loop = new Loopback(server);
  const began = performance.now();
  try {
    const open = await loop.open();
    const { echoed, rtt } = open ? await loop.echo() : { echoed: 0, rtt: 0 };
    return {
      kind,
      url,
      ok: echoed > 0,
      relayed: loop.relayed,
      echoed,
      // Each round passes the relay twice: on its way there and on its way back.
      rtt: Math.round(rtt / 2),
      took: Math.round(performance.now() - began),
      errors: loop.errors,
    };
  } finally {
    loop.close();
  }
}

/**
 * @param {Planned} planned one that works
 * @returns {Promise<Bandwidth | null>}
 */
export async function checkBandwidth({ kind, server }) {
  const loop = new Loopback(server);
  try {
    if (!(await loop.open())) return null;
    const { kbps, bytes } = await loop.flood(FLOOD, MOST_FLOOD);
    return bytes ? { kind, kbps: Math.round(kbps), bytes } : null;
  } finally {
    loop.close();
  }
}
