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
    const lasts = now - this.#since >= TELL_AFTER;
    if (lasts && cause !== this.#told && this.#tell(cause)) this.#told = cause;
    return changed;
  }

  /** Another page is at the other side: it knows nothing, and we know nothing of it. */
  forget() {
    this.#told = this.theirs = "";
  }
}
