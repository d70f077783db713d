/** Reads an RTCStatsReport: what has come and gone so far, and by which way. Pure. */

/** @import { Sample, Way } from "./types.js" */

/**
 * Milliseconds after which the other side's report is old: of what is no longer sent, it
 * stays for ever as it was.
 */
const OLD = 4_000;

/** Counters begin at nothing. */
const NOTHING = { received: 0, lost: 0 };

/**
 * Read a report; `loss` is counted since the sample before.
 * @param {Iterable<any>} reports entries of an RTCStatsReport
 * @param {Sample | null} before
 * @param {number} [at] milliseconds, of any clock
 * @returns {Sample}
 */
export function sample(reports, before, at = 0) {
  const all = new Map([...reports].map((entry) => [entry.id, entry]));
  const of = (/** @type {string} */ type) =>
    [...all.values()].filter((entry) => entry.type === type);

  const inbound = of("inbound-rtp");
  const received = sum(inbound, "packetsReceived");
  const lost = sum(inbound, "packetsLost");
  const newest = Math.max(...[...all.values()].map(({ timestamp }) => timestamp ?? 0));
  const theirs = of("remote-inbound-rtp").filter(
    ({ timestamp }) => newest - (timestamp ?? newest) < OLD,
  );
  const pair = selectedPair(all);
  const lossThere = greatest(theirs, "fractionLost");
  return {
    at,
    rtt: pair?.currentRoundTripTime ?? greatest(theirs, "roundTripTime"),
    loss: Math.max(share(received, lost, before ?? NOTHING), lossThere),
    lossThere,
    ...wayOf(all.get(pair?.localCandidateId), all.get(pair?.remoteCandidateId)),
    received,
    lost,
    bytesReceived: bytes(inbound, "Received"),
    bytesSent: bytes(of("outbound-rtp"), "Sent"),
    responses: pair?.responsesReceived ?? 0,
    ...soundOf(inbound.filter(({ kind }) => kind === "audio")),
    ...pictureOf(inbound.filter(({ kind }) => kind === "video")),
    ownEnergy:
      of("media-source").find(({ kind }) => kind === "audio")?.totalAudioEnergy ?? null,
    ownFrames: Object.fromEntries(
      of("media-source")
        .filter(({ kind }) => kind === "video")
        .map(({ trackIdentifier, frames }) => [trackIdentifier, frames]),
    ),
    available: pair?.availableOutgoingBitrate ?? null,
    slowDevice: of("outbound-rtp").some(
      ({ qualityLimitationReason: reason }) => reason === "cpu",
    ),
  };
}

/** @param {any[]} inbound of sound */
function soundOf(inbound) {
  return {
    audioReceived: sum(inbound, "packetsReceived"),
    audioEnergy: sum(inbound, "totalAudioEnergy"),
    // What came too late is as good as lost.
    audioLost: sum(inbound, "packetsLost") + sum(inbound, "packetsDiscarded"),
    jitter: greatest(inbound, "jitter"),
    buffered: sum(inbound, "jitterBufferDelay"),
    emitted: sum(inbound, "jitterBufferEmittedCount"),
    played: sum(inbound, "totalSamplesReceived"),
    concealed:
      sum(inbound, "concealedSamples") - sum(inbound, "silentConcealedSamples"),
  };
}

/** @param {any[]} inbound of pictures: a camera's, a screen's */
function pictureOf(inbound) {
  const moving = inbound.filter(({ framesPerSecond }) => framesPerSecond > 0);
  const area = (/** @type {any} */ { frameWidth = 0, frameHeight = 0 }) =>
    frameWidth * frameHeight;
  const [largest] = moving.sort((one, other) => area(other) - area(one));
  return {
    framesDecoded: sum(inbound, "framesDecoded"),
    freezes: sum(inbound, "freezeCount"),
    width: largest?.frameWidth ?? 0,
    height: largest?.frameHeight ?? 0,
    fps: largest?.framesPerSecond ?? 0,
  };
}

/**
 * @param {any} local the candidates of the pair, if there is one
 * @param {any} remote
 * @returns {Way & {relayed: boolean}}
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
 * Of what was sent to us since, which share was lost.
 * @param {number} received
 * @param {number} lost
 * @param {{received: number, lost: number}} before
 */
export function share(received, lost, before) {
  const newlyLost = lost - before.lost;
  const newlyReceived = received - before.received;
  if (newlyLost <= 0) return 0;
  return newlyLost / (newlyLost + Math.max(0, newlyReceived));
}

/**
 * With their RTP headers.
 * @param {any[]} entries
 * @param {"Received" | "Sent"} way
 */
function bytes(entries, way) {
  return sum(entries, `bytes${way}`) + sum(entries, `headerBytes${way}`);
}

/**
 * @param {any[]} entries
 * @param {string} field
 * @returns {number}
 */
function sum(entries, field) {
  return entries.reduce((total, entry) => total + (entry[field] ?? 0), 0);
}

/**
 * @param {any[]} entries
 * @param {string} field
 */
function greatest(entries, field) {
  return Math.max(0, ...entries.map((entry) => entry[field] ?? 0));
}
