/** Sees that media no longer flows, before the browser says so, and climbs the ladder. */

import { Watch } from "./arrivals.js";
import { Ladder } from "./ladder.js";

/** @import { Arrivals, RecoveryOptions, Situation } from "./types.js" */

/** Milliseconds between two looks. */
const INTERVAL = 250;
/** A first connection may take so long before anything is done about it. */
const FIRST_PATIENCE = 6_000;
/** Nothing at all arrives, of what a microphone or camera sends without a pause. */
const SILENT = 1_000;
/** Sound or picture is missing, while the rest arrives; or all, of a still screen. */
const MISSING = 3_000;
/** After each step in vain for a part alone: it may be missing for a good reason. */
const LONGEST_PATIENCE = 60_000;

export class Recovery {
  /** Milliseconds for which each has been missing. @type {Arrivals} */
  missing = { sound: 0, picture: 0 };

  #options;
  /** @type {Watch | null} of the connection that is there now */
  #watch = null;
  #ladder;
  #begunAt = 0;
  /** Since when there is trouble. @type {number | null} */
  #lostAt = null;
  #patience = MISSING;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;

  /** @param {RecoveryOptions} options */
  constructor(options) {
    this.#options = options;
    this.#ladder = new Ladder(options.polite);
  }

  /** Whether it is busy bringing media back. */
  get climbing() {
    return this.#ladder.climbing;
  }

  /** @returns {number} milliseconds for which nothing has arrived */
  get lasting() {
    return this.#lostAt === null ? 0 : performance.now() - this.#lostAt;
  }

  /** There is a new connection; what was wrong before it is not yet good. */
  begin() {
    this.#begunAt = performance.now();
    this.#watch = null;
    this.#looking ??= setInterval(() => this.look(performance.now()), INTERVAL);
  }

  /** Nobody is there any more. */
  end() {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#lostAt = null;
    this.#ladder.stop();
    this.missing = { sound: 0, picture: 0 };
  }

  /** The network is seen to change: do not wait until it is felt. */
  suspect() {
    const { talking, reachable } = this.#options.situation();
    if (talking && reachable && !this.climbing) this.#options.take("restart");
  }

  /** @param {number} now milliseconds */
  look(now) {
    const situation = this.#options.situation();
    this.missing = this.#measure(situation, now);
    if (!situation.talking) return;
    if (this.#isInTrouble(situation, now)) return this.#climb(situation, now);
    if (this.#lostAt !== null) this.#recovered(now);
    this.#lookForParts(situation, now);
  }

  /**
   * @param {Situation} situation
   * @param {number} now
   */
  #measure({ talking, connection, expected, newest }, now) {
    if (!talking || connection !== "connected") this.#watch = null;
    else this.#watch ??= new Watch(now);
    return this.#watch?.look(newest, expected, now) ?? { sound: 0, picture: 0 };
  }

  /**
   * @param {Situation} situation
   * @param {number} now
   */
  #isInTrouble({ connection, expected, steady }, now) {
    if (connection === "connected")
      return this.#silence(expected) > (steady ? SILENT : MISSING);
    const hopeful = connection === "new" || connection === "connecting";
    const early = now - this.#begunAt <= FIRST_PATIENCE;
    return this.#lostAt !== null || !hopeful || !early;
  }

  /** @param {Record<keyof Arrivals, boolean>} expected */
  #silence({ sound, picture }) {
    const missing = [];
    if (sound) missing.push(this.missing.sound);
    if (picture) missing.push(this.missing.picture);
    return missing.length ? Math.min(...missing) : 0;
  }

  /**
   * @param {Situation} situation
   * @param {number} now
   */
  #climb({ expected, reachable }, now) {
    if (this.#lostAt === null) {
      this.#lostAt = now - this.#silence(expected);
      this.#ladder.start(now);
      this.#options.onlost();
    }
    if (!reachable) return this.#ladder.hold(now);
    const step = this.#ladder.due(now);
    if (step) this.#options.take(step);
  }

  /** @param {number} now */
  #recovered(now) {
    const gap = (now - (this.#lostAt ?? now)) / 1000;
    const { step } = this.#ladder;
    this.#lostAt = null;
    this.#ladder.stop();
    this.#options.onrecovered(gap, step);
  }

  /**
   * "Connected, but no picture": where a restart does not help, a new connection does.
   * @param {Situation} situation
   * @param {number} now
   */
  #lookForParts({ expected, reachable }, now) {
    const { sound, picture } = this.missing;
    const longest = Math.max(
      expected.sound ? sound : 0,
      expected.picture ? picture : 0,
    );
    // Of a new connection, nothing has been missing for long: that alone is not good yet.
    const settled = now - this.#begunAt > 2 * MISSING;
    if (longest < MISSING && settled) this.#patience = MISSING;
    if (longest < this.#patience || !reachable) return;
    this.#options.take(this.#patience === 2 * MISSING ? "rebuild" : "restart");
    this.#patience += Math.min(LONGEST_PATIENCE, this.#patience);
  }
}
