/** Looks each second how the call is: a sample for who acts, a summary for who reads. */

import { sample } from "./sample.js";
import { summary } from "./summary.js";

/** @import { QualityOptions, Sample } from "./types.js" */

/** Milliseconds. */
const INTERVAL = 1_000;
/** Seconds that the badge speaks of, and that are told to the service each time. */
const SHOWN = 5;
const TOLD = 10;

export class Quality {
  #options;
  /** @type {RTCPeerConnection | null} that the samples are of */
  #pc = null;
  /** @type {Sample[]} the newest last, up to one more than there are seconds to tell */
  #samples = [];
  #untold = 0;

  /** @param {QualityOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    setInterval(() => this.#look().catch(console.error), INTERVAL);
  }

  async #look() {
    const pc = this.#options.pc();
    if (!pc || pc !== this.#pc || pc.connectionState !== "connected") this.#forget(pc);
    if (pc?.connectionState !== "connected") return;
    const reports = (await pc.getStats()).values();
    // It may be another one by now.
    if (pc === this.#pc) this.#take(reports);
  }

  /** @param {RTCPeerConnection | null} pc the next one to watch */
  #forget(pc) {
    this.#pc = pc;
    this.#samples = [];
    this.#untold = 0;
  }

  /** @param {Iterable<any>} reports */
  #take(reports) {
    const now = sample(reports, this.#samples.at(-1) ?? null, performance.now());
    this.#samples = [...this.#samples, now].slice(-TOLD - 1);
    this.#options.onsample(now, summary(this.#samples.slice(-SHOWN - 1)));
    this.#untold += 1;
    if (this.#untold < TOLD) return;
    // Nobody reads it later that the service was not there.
    this.#options.send({ type: "quality", ...summary(this.#samples) });
    this.#untold = 0;
  }
}
