/** When sound and picture last arrived: so cheap that it can be asked often. */

/** @import { Arrivals } from "./types.js" */

/** Milliseconds between two looks at the sound while the picture moves: each has its price. */
const SELDOM = 1_000;

/**
 * The newest source of a kind (webrtc-pc, section 5.3.1: getSynchronizationSources); a
 * moment of the browser's own, good for nothing but to see that it changes.
 * @param {RTCPeerConnection} pc
 * @param {keyof Arrivals} kind
 * @returns {number}
 */
export function newest(pc, kind) {
  let found = 0;
  for (const { currentDirection, receiver } of pc.getTransceivers()) {
    if (!currentDirection?.endsWith("recv")) continue;
    if ((receiver.track.kind === "audio") !== (kind === "sound")) continue;
    for (const { timestamp } of receiver.getSynchronizationSources?.() ?? [])
      found = Math.max(found, timestamp);
  }
  return found;
}

/** Remembers when each was last seen to change. Moments are milliseconds. */
export class Watch {
  /** @type {Arrivals} */
  #seen = { sound: 0, picture: 0 };
  /** @type {Arrivals} */
  #at;
  /** @type {Arrivals} */
  #missing = { sound: 0, picture: 0 };
  #heardAt = -SELDOM;
  /** Whether there were looks since then that did not ask for the sound. */
  #skipped = false;

  /** @param {number} now */
  constructor(now) {
    this.#at = { sound: now, picture: now };
  }

  /**
   * What is not expected cannot be missed.
   * @param {(kind: keyof Arrivals) => number} ask for the newest
   * @param {Record<keyof Arrivals, boolean>} expected
   * @param {number} now
   * @returns {Arrivals} milliseconds for which each has been missing
   */
  look(ask, expected, now) {
    this.#picture(expected.picture ? ask("picture") : null, now);
    const moves = expected.picture && !this.#missing.picture;
    if (!moves || !expected.sound || now - this.#heardAt >= SELDOM)
      this.#sound(expected.sound ? ask("sound") : null, now);
    else this.#skipped = true;
    return { ...this.#missing };
  }

  /**
   * @param {number | null} newest null: it is not expected
   * @param {number} now
   */
  #picture(newest, now) {
    if (newest === null || newest !== this.#seen.picture) this.#at.picture = now;
    this.#seen.picture = newest ?? 0;
    this.#missing.picture = now - this.#at.picture;
  }

  /**
   * Sound that came since it was last asked for is taken to have ended with the picture.
   * @param {number | null} newest null: it is not expected
   * @param {number} now
   */
  #sound(newest, now) {
    if (newest === null) this.#at.sound = now;
    else if (newest !== this.#seen.sound)
      this.#at.sound = this.#skipped ? this.#at.picture : now;
    this.#skipped = false;
    this.#seen.sound = newest ?? 0;
    this.#missing.sound = now - this.#at.sound;
    this.#heardAt = now;
  }
}
