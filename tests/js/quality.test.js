import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Quality } from "../../app/static/js/call/quality.js";
import { sample } from "../../app/static/js/call/sample.js";
import { judge, summary } from "../../app/static/js/call/summary.js";

/** @typedef {import("../../app/static/js/call/types.js").Sample} Sample */

/**
 * The report of a call of so many seconds: each with 50 packets of sound, of which some
 * are lost, and 100 kB.
 * @param {number} second
 * @param {number} [lost] of 50
 */
function report(second, lost = 0) {
  return [
    { id: "T", type: "transport", selectedCandidatePairId: "P" },
    { id: "P", type: "candidate-pair", currentRoundTripTime: 0.08 },
    {
      id: "A",
      type: "inbound-rtp",
      kind: "audio",
      packetsReceived: (50 - lost) * second,
      packetsLost: lost * second,
      bytesReceived: 100_000 * second,
      jitter: 0.003,
      jitterBufferDelay: 0.04 * 48_000 * second,
      jitterBufferEmittedCount: 48_000 * second,
      totalSamplesReceived: 48_000 * second,
      concealedSamples: 480 * second,
      silentConcealedSamples: 0,
    },
  ];
}

/**
 * @param {number} seconds
 * @param {number} [lost]
 */
function samples(seconds, lost) {
  /** @type {Sample[]} */
  const taken = [];
  for (let second = 1; second <= seconds; second++)
    taken.push(sample(report(second, lost), taken.at(-1) ?? null, second * 1000));
  return taken;
}

describe("a summary", () => {
  test("is of what passed between its first and its last sample", () => {
    const { rtt, jitter, loss, in_kbps, out_kbps, concealed } = summary(samples(11));
    assert.deepEqual([rtt, jitter, loss], [80, 3, 0]);
    assert.deepEqual([in_kbps, out_kbps, concealed], [800, 0, 1]);
  });

  test("scores the sound by its delay and its loss", () => {
    // From mouth to ear 40 + 40 + 26.5 ms: nobody minds.
    assert.equal(summary(samples(11)).mos, 4.41);
    const lossy = summary(samples(11, 5));
    assert.equal(lossy.loss, 10);
    // Ie,eff is 27.1.
    assert.equal(lossy.mos, 3.41);
    assert.equal(lossy.level, "fair");
  });

  test("of a single sample has no rates", () => {
    const { in_kbps, mos, level } = summary(samples(1));
    assert.deepEqual([in_kbps, mos, level], [0, 4.41, "good"]);
  });

  test("stays within what the service takes", () => {
    const [first, last] = samples(2);
    assert.ok(first && last);
    const odd = summary([
      { ...first, bytesReceived: 1e12, emitted: 1e12, played: 1e9 },
      { ...last, rtt: 1e6, jitter: NaN, width: 1e6, freezes: 1e9, concealed: 1e12 },
    ]);
    assert.deepEqual([odd.in_kbps, odd.rtt, odd.jitter], [0, 60_000, 0]);
    assert.deepEqual([odd.width, odd.freezes], [16_384, 1000]);
    assert.equal(odd.concealed, 100);
  });
});

test("a call is judged by delay, loss and sound, whichever is worst", () => {
  const best = { rtt: 50, loss: 0, mos: 4.4 };
  assert.equal(judge(best), "good");
  assert.equal(judge({ ...best, rtt: 300 }), "fair");
  assert.equal(judge({ ...best, loss: 5 }), "fair");
  assert.equal(judge({ ...best, mos: 3.5 }), "fair");
  assert.equal(judge({ ...best, rtt: 700 }), "poor");
  assert.equal(judge({ ...best, loss: 20 }), "poor");
  assert.equal(judge({ ...best, mos: 3 }), "poor");
});

describe("the quality of a call", () => {
  /** @type {any[]} */
  let sent = [];
  /** @type {any[]} */
  let seen = [];
  /** @type {any} */
  let pc = null;
  let second = 0;

  function connection() {
    return {
      connectionState: "connected",
      getStats: async () => new Map(report(++second).map((entry) => [entry.id, entry])),
    };
  }

  /** @param {number} seconds */
  async function pass(seconds) {
    for (let i = 0; i < seconds; i++) {
      mock.timers.tick(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  beforeEach(() => {
    mock.timers.enable({ apis: ["setInterval"] });
    mock.method(performance, "now", () => second * 1000);
    [sent, seen, second] = [[], [], 0];
    pc = connection();
    new Quality({
      pc: () => pc,
      onsample: (now, lately) => seen.push([now, lately]),
      send: (message) => sent.push(message),
    }).start();
  });

  afterEach(() => mock.reset());

  test("is looked at each second and told every ten", async () => {
    await pass(30);
    assert.equal(seen.length, 30);
    assert.equal(sent.length, 3);
    const { type, in_kbps, path } = sent[2];
    assert.deepEqual([type, in_kbps, path], ["quality", 800, "direct"]);
  });

  test("is not told of two connections together", async () => {
    await pass(9);
    [pc, second] = [connection(), 0];
    await pass(9);
    assert.equal(sent.length, 0);
    await pass(1);
    assert.equal(sent[0].in_kbps, 800);
  });

  test("is nothing while there is no connection", async () => {
    pc.connectionState = "disconnected";
    await pass(5);
    pc = null;
    await pass(5);
    assert.deepEqual([seen, sent], [[], []]);
  });
});
