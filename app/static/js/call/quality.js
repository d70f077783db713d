/** How good the connection is, from getStats; and whether anything arrives at all. */

/** @import { Level, QualityOptions, Sample } from "./types.js" */

/** Milliseconds. */
const INTERVAL = 2_000;
/** Nothing has arrived for so long, though it should: restart. */
const STALLED = 4_000;
const LONGEST_STALL = 60_000;

/** Seconds of round trip, share of packets lost: from there it is fair, or poor. */
const FAIR = { rtt: 0.25, loss: 0.03 };
const POOR = { rtt: 0.6, loss: 0.1 };

/**
 * @param {{rtt: number, loss: number}} measured
 * @returns {Level}
 */
export function judge({ rtt, loss }) {
  if (rtt > POOR.rtt || loss > POOR.loss) return "poor";
  if (rtt > FAIR.rtt || loss > FAIR.loss) return "fair";
  return "good";
}

/**
 * Read a report; loss on our side is counted since the sample before.
 * @param {Iterable<any>} reports entries of an RTCStatsReport
 * @param {Sample | null} before
 * @returns {Sample}
 */
export function sample(reports, before) {
  const all = new Map([...reports].map((entry) => [entry.id, entry]));
  const of = (/** @type {string} */ type) =>
    [...all.values()].filter((entry) => entry.type === type);
  const sum = (/** @type {any[]} */ entries, /** @type {string} */ field) =>
    entries.reduce((total, entry) => total + (entry[field] ?? 0), 0);

  const inbound = of("inbound-rtp");
  const received = sum(inbound, "packetsReceived");
  const lost = sum(inbound, "packetsLost");
  const theirs = of("remote-inbound-rtp").map((entry) => entry.fractionLost ?? 0);
  const pair = selectedPair(all);
  return {
    rtt: pair?.currentRoundTripTime ?? 0,
    loss: Math.max(share(received, lost, before), ...theirs),
    ...wayOf(all.get(pair?.localCandidateId), all.get(pair?.remoteCandidateId)),
    received,
    lost,
  };
}

/**
 * @param {any} local the candidates of the pair, if there is one
 * @param {any} remote
 * @returns {import("./types.js").Way & {relayed: boolean}}
 */
function wayOf(local, remote) {
  const ours = local?.candidateType === "relay";
  const relayed = ours || remote?.candidateType === "relay";
  const protocol = (ours && local.relayProtocol) || local?.protocol || "udp";
  return { relayed, path: relayed ? "relay" : "direct", protocol };
}

/** @param {Map<string, any>} all */
function selectedPair(all) {
  const entries = [...all.values()];
  const transport = entries.find((entry) => entry.selectedCandidatePairId);
  if (transport) return all.get(transport.selectedCandidatePairId);
  // Firefox marks the pair itself.
  return entries.find((entry) => entry.type === "candidate-pair" && entry.selected);
}

/**
 * @param {number} received
 * @param {number} lost
 * @param {Sample | null} before
 */
function share(received, lost, before) {
  const newlyLost = lost - (before?.lost ?? 0);
  const newlyReceived = received - (before?.received ?? 0);
  if (newlyLost <= 0) return 0;
  return newlyLost / (newlyLost + Math.max(0, newlyReceived));
}

/**
 * Says when media that should arrive does not: "connected, but no picture". Each time
 * in vain it waits longer; a phone in a pocket sends nothing for good reason.
 */
export class Watchdog {
  #received = -1;
  #since = 0;
  #patience = STALLED;

  /**
   * @param {number} received packets so far
   * @param {boolean} expected
   * @param {number} now milliseconds
   * @returns {boolean} whether to restart now
   */
  isStalled(received, expected, now) {
    if (received !== this.#received || !expected) {
      if (received > this.#received) this.#patience = STALLED;
      this.#received = received;
      this.#since = now;
      return false;
    }
    if (now - this.#since < this.#patience) return false;
    this.#since = now;
    this.#patience = Math.min(LONGEST_STALL, this.#patience * 2);
    return true;
  }
}

export class Quality {
  #options;
  /** @type {Sample | null} */
  #last = null;
  #watchdog = new Watchdog();

  /** @param {QualityOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    setInterval(() => this.#look().catch(console.error), INTERVAL);
  }

  async #look() {
    const pc = this.#options.pc();
    if (!pc || pc.connectionState !== "connected") {
      this.#last = null;
      return;
    }
    const now = sample((await pc.getStats()).values(), this.#last);
    this.#last = now;
    this.#options.onlevel(judge(now), now);
    const expected = this.#options.expects();
    if (this.#watchdog.isStalled(now.received, expected, performance.now()))
      this.#options.onstall();
  }
}
