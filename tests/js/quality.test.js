import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge, sample } from "../../app/static/js/call/quality.js";

/** As Chromium reports it, reduced to what is read. */
const CHROMIUM = [
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  {
    id: "P",
    type: "candidate-pair",
    localCandidateId: "L",
    currentRoundTripTime: 0.05,
  },
  { id: "L", type: "local-candidate", candidateType: "relay" },
  { id: "A", type: "inbound-rtp", packetsReceived: 90, packetsLost: 10 },
  { id: "V", type: "inbound-rtp", packetsReceived: 100 },
  { id: "R", type: "remote-inbound-rtp", fractionLost: 0.01 },
];

describe("a sample", () => {
  test("sums what was received and finds the path", () => {
    const { rtt, relayed, received } = sample(CHROMIUM, null);
    assert.deepEqual([rtt, relayed, received], [0.05, true, 190]);
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
    assert.equal(sample([], null).loss, 0);
    assert.equal(sample([], null).relayed, false);
  });
});

test("quality is judged by delay and loss, whichever is worse", () => {
  assert.equal(judge({ rtt: 0.05, loss: 0 }), "good");
  assert.equal(judge({ rtt: 0.3, loss: 0 }), "fair");
  assert.equal(judge({ rtt: 0.05, loss: 0.05 }), "fair");
  assert.equal(judge({ rtt: 0.7, loss: 0 }), "poor");
  assert.equal(judge({ rtt: 0.05, loss: 0.2 }), "poor");
});
