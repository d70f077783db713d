/** When sound and picture last arrived: so cheap that it can be asked often. */

/** @import { Arrivals } from "./types.js" */

/**
 * The newest source of each kind (webrtc-pc, section 5.3.1: getSynchronizationSources);
 * moments of the browser's own, good for nothing but to see that they change.
 * @param {RTCPeerConnection} pc
 * @returns {Arrivals}
 */
export function arrivals(pc) {
  const newest = { sound: 0, picture: 0 };
  for (const receiver of pc.getReceivers()) {
    const kind = receiver.track.kind === "audio" ? "sound" : "picture";
    for (const { timestamp } of receiver.getSynchronizationSources?.() ?? [])
      newest[kind] = Math.max(newest[kind], timestamp);
  }
  return newest;
}

/** Remembers when each was last seen to change. Moments are milliseconds. */
export class Watch {
  /** @type {Arrivals} */
  #seen = { sound: 0, picture: 0 };
  /** @type {Arrivals} */
  #at;

  /** @param {number} now */
  constructor(now) {
    this.#at = { sound: now, picture: now };
  }

  /**
   * What is not expected cannot be missed.
   * @param {Arrivals} newest
   * @param {Record<keyof Arrivals, boolean>} expected
   * @param {number} now
   * @returns {Arrivals} milliseconds for which each has been missing
   */
  look(newest, expected, now) {
    /** @param {keyof Arrivals} kind */
    const missing = (kind) => {
      if (newest[kind] !== this.#seen[kind] || !expected[kind]) this.#at[kind] = now;
      this.#seen[kind] = newest[kind];
      return now - this.#at[kind];
    };
    return { sound: missing("sound"), picture: missing("picture") };
  }
}
