/** How good the connection is, from getStats. */

/** @import { Level, QualityOptions, Sample } from "./types.js" */

/** Milliseconds. */
const INTERVAL = 2_000;

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
    ownEnergy:
      of("media-source").find(({ kind }) => kind === "audio")?.totalAudioEnergy ?? null,
    available: pair?.availableOutgoingBitrate ?? null,
    slowDevice: of("outbound-rtp").some(
      ({ qualityLimitationReason: reason }) => reason === "cpu",
    ),
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

export class Quality {
  #options;
  /** @type {Sample | null} */
  #last = null;

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
  }
}
