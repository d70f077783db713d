/** What is wrong on either side; what stays wrong is told to the other. */

/** @import { Cause } from "./types.js" */

/** Milliseconds that something must last before it is told. */
const TELL_AFTER = 2_000;

export class Troubles {
  /** @type {Cause} */
  own = "";
  /** @type {Cause} */
  theirs = "";

  #tell;
  /** @type {Cause} */
  #told = "";
  /** What lasted, and could not be told while it did. @type {Cause} */
  #missed = "";
  #since = 0;

  /** @param {(cause: Cause) => boolean} tell false when it could not be sent */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * @param {Cause} cause that is ours now
   * @param {number} now milliseconds
   * @returns {boolean} whether it is another than before
   */
  look(cause, now) {
    const changed = cause !== this.own;
    if (changed) this.#since = now;
    this.own = cause;
    if (now - this.#since >= TELL_AFTER) this.#say(cause);
    return changed;
  }

  /** @param {Cause} cause that lasts */
  #say(cause) {
    const news = cause !== this.#told || !!this.#missed;
    if (!news) return;
    if (this.#missed && this.#missed !== cause && !this.#try(this.#missed)) return;
    this.#missed = this.#try(cause) ? "" : cause || this.#missed;
  }

  /**
   * @param {Cause} cause
   * @returns {boolean} whether it is told
   */
  #try(cause) {
    if (cause !== this.#told && !this.#tell(cause)) return false;
    this.#told = cause;
    return true;
  }

  /** Another page is at the other side: it knows nothing, and we know nothing of it. */
  forget() {
    this.#told = this.theirs = "";
  }
}
