/** What to do about a connection that carries nothing, step by step, until it does. */

/** @import { Step } from "./types.js" */

/**
 * Milliseconds of trouble after which each step is due. A restart finds new paths for
 * the same connection; `relay` uses nothing but relays; `rebuild` begins a new connection;
 * `audio` does so without pictures. From there on the last four again and again.
 * @type {ReadonlyArray<readonly [number, Step]>}
 */
export const STEPS = [
  [0, "restart"],
  [1_250, "rebuild"],
  [4_000, "restart"],
  [6_500, "relay"],
  [10_000, "rebuild"],
  [16_000, "restart"],
  [20_000, "relay"],
  [25_000, "audio"],
  [33_000, "rebuild"],
];
const ROUND = 4;
const ROUND_LENGTH = 24_000;

/** Of two sides that see the same trouble, one waits so long for the other's step. */
const POLITE_PAUSE = 800;

export class Ladder {
  #pause;
  /** Milliseconds; null while all is well. @type {number | null} */
  #since = null;
  #taken = 0;
  /** @type {Step} the last one taken */
  step = "self";

  /** @param {boolean} polite */
  constructor(polite) {
    this.#pause = polite ? POLITE_PAUSE : 0;
  }

  get climbing() {
    return this.#since !== null;
  }

  /** @param {number} now milliseconds; on a ladder that is being climbed nothing changes */
  start(now) {
    this.#since ??= now;
  }

  /** All is well again. */
  stop() {
    this.#since = null;
    this.#taken = 0;
    this.step = "self";
  }

  /**
   * @param {number} now
   * @returns {Step | null} to be taken now; of several that are due, the last
   */
  due(now) {
    if (this.#since === null) return null;
    const trouble = now - this.#since - this.#pause;
    /** @type {Step | null} */
    let due = null;
    while (at(this.#taken) <= trouble) due = step(this.#taken++);
    if (due) this.step = due;
    return due;
  }

  /** Nobody can be reached: what is due waits, and then begins with a restart. */
  hold(now = 0) {
    if (this.#since === null) return;
    this.#since = now - this.#pause;
    this.#taken = 0;
  }
}

/** @param {number} index of a step, of which there is no end */
function at(index) {
  const rounds = Math.max(0, Math.ceil((index + 1 - STEPS.length) / ROUND));
  return (STEPS[index - rounds * ROUND]?.[0] ?? Infinity) + rounds * ROUND_LENGTH;
}

/** @param {number} index */
function step(index) {
  const rounds = Math.max(0, Math.ceil((index + 1 - STEPS.length) / ROUND));
  return STEPS[index - rounds * ROUND]?.[1] ?? "restart";
}
