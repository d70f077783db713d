/** Whether there is room for pictures beside the voice. Pure. */

/** Bits a second that the browser may send; share of packets lost. Below, or above… */
const TOO_LITTLE = 60_000;
const TOO_LOSSY = 0.25;
/** …for so many milliseconds, pictures stop; so long a new path is given to begin. */
const PATIENCE = 8_000;
/** An estimate does not grow while nothing is sent: so long, and then it is tried. */
const FIRST_PAUSE = 15_000;
const LONGEST_PAUSE = 120_000;
/** Milliseconds of pictures after which a try has worked. */
const WORKED = 30_000;

export class Bandwidth {
  /** Whether pictures may be sent. */
  pictures = true;

  #since = 0;
  #badSince = 0;
  #pause = FIRST_PAUSE;
  /** It was no lack of room that stopped them, as far as anybody knows. */
  #withheld = false;
  /** What was measured before says nothing of the path that is there now. */
  #settled = 0;

  /**
   * @param {{available: number | null, lossThere: number}} measured bits a second, as far
   *   as the browser tells; 0 to 1 of what we send: pictures of ours make no room for theirs
   * @param {number} now milliseconds
   * @returns {boolean} whether pictures may be sent from now on
   */
  look({ available, lossThere }, now) {
    const bad = (available ?? Infinity) < TOO_LITTLE || lossThere > TOO_LOSSY;
    if (!this.pictures)
      return now - this.#since < this.#pause ? false : this.#turn(true, now);
    if (!bad) this.#badSince = 0;
    else this.#badSince ||= Math.max(now, this.#settled);
    if (now - this.#since > WORKED) this.#pause = FIRST_PAUSE;
    return bad && now - this.#badSince >= PATIENCE ? this.#turn(false, now) : true;
  }

  /**
   * Media is back, on a path that may be a new one: unless they have just failed,
   * pictures are tried at once.
   * @param {number} now milliseconds
   */
  restart(now) {
    if (this.#withheld && this.#pause === FIRST_PAUSE) this.#turn(true, now);
    this.#badSince = 0;
    this.#settled = now + PATIENCE;
  }

  /** @param {number} now milliseconds; a step of the ladder: sound alone */
  withhold(now) {
    this.#turn(false, now);
    this.#withheld = true;
  }

  /**
   * @param {boolean} pictures
   * @param {number} now
   */
  #turn(pictures, now) {
    if (this.pictures && !pictures && this.#since)
      this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
    this.#badSince = 0;
    this.#since = now;
    this.#withheld = false;
    this.pictures = pictures;
    return pictures;
  }
}
