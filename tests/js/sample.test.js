import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "../../app/static/js/call/sample.js";

/** As Chromium reports it, reduced to what is read. */
const CHROMIUM = [
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  {
    id: "P",
    type: "candidate-pair",
    localCandidateId: "L",
    currentRoundTripTime: 0.05,
    responsesReceived: 7,
    availableOutgoingBitrate: 900_000,
  },
  { id: "L", type: "local-candidate", candidateType: "relay" },
  {
    id: "A",
    type: "inbound-rtp",
    kind: "audio",
    packetsReceived: 90,
    packetsLost: 10,
    packetsDiscarded: 2,
    bytesReceived: 4000,
    headerBytesReceived: 1000,
    jitter: 0.004,
    jitterBufferDelay: 48,
    jitterBufferEmittedCount: 960,
    totalSamplesReceived: 1000,
    concealedSamples: 50,
    silentConcealedSamples: 20,
    totalAudioEnergy: 0.25,
  },
  {
    id: "V",
    type: "inbound-rtp",
    kind: "video",
    packetsReceived: 100,
    bytesReceived: 95_000,
    framesDecoded: 60,
    freezeCount: 1,
    frameWidth: 640,
    frameHeight: 480,
    framesPerSecond: 30,
  },
  { id: "S", type: "inbound-rtp", kind: "video", frameWidth: 1920, frameHeight: 1080 },
  { id: "O", type: "outbound-rtp", bytesSent: 800, headerBytesSent: 200 },
  { id: "M", type: "media-source", kind: "audio", totalAudioEnergy: 0.5 },
  { id: "R", type: "remote-inbound-rtp", fractionLost: 0.01, roundTripTime: 0.07 },
];

describe("a sample", () => {
  test("sums what was received and finds the path", () => {
    const { rtt, relayed, received, responses } = sample(CHROMIUM, null);
    assert.deepEqual([rtt, relayed, received, responses], [0.05, true, 190, 7]);
  });

  test("has bytes with their headers, both ways", () => {
    const { bytesReceived, bytesSent } = sample(CHROMIUM, null);
    assert.deepEqual([bytesReceived, bytesSent], [100_000, 1000]);
  });

  test("knows sound and pictures apart", () => {
    const found = sample(CHROMIUM, null, 5);
    assert.deepEqual([found.audioReceived, found.audioLost], [90, 12]);
    assert.deepEqual([found.audioEnergy, found.ownEnergy], [0.25, 0.5]);
    assert.deepEqual([found.framesDecoded, found.freezes], [60, 1]);
    assert.deepEqual([found.played, found.concealed, found.at], [1000, 30, 5]);
  });

  test("shows the picture that moves, not one that stands", () => {
    const { width, height, fps } = sample(CHROMIUM, null);
    assert.deepEqual([width, height, fps], [640, 480, 30]);
  });

  test("counts the loss since the one before", () => {
    const before = sample(CHROMIUM, null);
    assert.equal(before.loss, 0.05);
    assert.equal(sample(CHROMIUM, before).loss, 0.01);
  });

  test("finds the pair that Firefox marks itself", () => {
    const [, pair, ...rest] = CHROMIUM;
    assert.equal(sample([{ ...pair, selected: true }, ...rest], null).rtt, 0.05);
  });

  test("takes the round trip of media where the pair tells none", () => {
    const silent = CHROMIUM.filter(({ type }) => type !== "candidate-pair");
    assert.equal(sample(silent, null).rtt, 0.07);
  });

  test("is relayed whichever side holds the relayed address", () => {
    const theirs = CHROMIUM.map((entry) => {
      if (entry.id === "P")
        return { ...entry, remoteCandidateId: "L", localCandidateId: "H" };
      return entry;
    });
    assert.equal(sample(theirs, null).relayed, true);
  });

  test("names what carries it to our relay, else to the other side", () => {
    const [transport, pair, local, ...rest] = CHROMIUM;
    /** @param {any} candidate */
    const way = (candidate) => {
      const { path, protocol } = sample([transport, pair, candidate, ...rest], null);
      return [path, protocol];
    };
    const relayed = { ...local, protocol: "udp" };
    assert.deepEqual(way({ ...relayed, relayProtocol: "tls" }), ["relay", "tls"]);
    assert.deepEqual(way(relayed), ["relay", "udp"]);
    const direct = { ...local, candidateType: "prflx", protocol: "tcp" };
    assert.deepEqual(way(direct), ["direct", "tcp"]);
  });

  test("of nothing is nothing", () => {
    const { loss, relayed, ownEnergy, available, fps } = sample([], null);
    assert.deepEqual([loss, relayed, fps], [0, false, 0]);
    assert.deepEqual([ownEnergy, available], [null, null]);
  });
});
