/** Tells the service once of each peer connection whether the two pages came together. */

/** @import { OutcomeOptions, Way } from "./types.js" */

/** Milliseconds in vain after which it tells so; the page goes on trying. */
export const IN_VAIN = 15_000;

export class Outcome {
  #options;
  /** @type {number} when this peer connection was made */
  #began = 0;
  /** @type {number | null} seconds it took, once it is connected */
  #after = null;
  #told = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {OutcomeOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** There is a new peer connection. */
  begin() {
    this.drop();
    this.#began = performance.now();
    this.#told = false;
  }

  /** It is gone. */
  drop() {
    this.#wait(false);
    this.#told = true;
    this.#after = null;
  }

  /** @param {boolean} present both are, so it should connect */
  expect(present) {
    this.#wait(present && this.#after === null && !this.#told);
  }

  connected() {
    this.#after ??= (performance.now() - this.#began) / 1000;
    this.#wait(false);
  }

  /** @param {Way} way that the media takes */
  measured({ path, protocol }) {
    if (this.#told || this.#after === null) return;
    const after = Math.min(this.#after, 3600);
    this.#told = this.#options.send({ type: "connected", after, path, protocol });
  }

  /** @param {boolean} on */
  #wait(on) {
    if (on) return void (this.#timer ??= setTimeout(() => this.#giveUp(), IN_VAIN));
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveUp() {
    this.#told = this.#options.send({ type: "not_connected" });
  }
}
