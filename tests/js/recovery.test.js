import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Recovery } from "../../app/static/js/call/recovery.js";

/** @import { Situation } from "../../app/static/js/call/types.js" */

/** @type {Situation} */
let situation;
/** @type {string[]} */
let done = [];
/** What arrives: nothing, sound alone, or both. */
let arriving = { sound: true, picture: true };
/** When it came last. */
let newest = { sound: 0, picture: 0 };

function begun({ polite = false, anew = false } = {}) {
  /** @type {Recovery} */
  const recovery = new Recovery({
    polite,
    situation: () => situation,
    take: (step) => {
      done.push(step);
      if (step === "rebuild" && anew) recovery.begin();
    },
    onlost: () => void done.push("lost"),
    onrecovered: (gap, step) => void done.push(`after ${gap.toFixed(1)} by ${step}`),
  });
  recovery.begin();
  return recovery;
}

/**
 * @param {Recovery} recovery
 * @param {number} from milliseconds
 * @param {number} to
 */
function pass(recovery, from, to) {
  for (let now = from; now < to; now += 250) {
    if (arriving.sound) newest.sound = now + 1;
    if (arriving.picture) newest.picture = now + 1;
    recovery.look(now);
  }
}

describe("recovery", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setInterval"] });
    mock.method(performance, "now", () => 0);
    done = [];
    arriving = { sound: true, picture: true };
    newest = { sound: 0, picture: 0 };
    situation = {
      talking: true,
      connection: "connected",
      reachable: true,
      expected: { sound: true, picture: true },
      steady: true,
      newest: (kind) => newest[kind],
    };
  });

  test("does nothing while media flows", () => {
    pass(begun(), 0, 60_000);
    assert.deepEqual(done, []);
  });

  test("sees silence long before a browser does, and says what helped", () => {
    const recovery = begun();
    pass(recovery, 0, 10_000);
    arriving = { sound: false, picture: false };
    pass(recovery, 10_000, 11_000);
    assert.deepEqual(done, []);
    pass(recovery, 11_000, 12_000);
    assert.deepEqual(done, ["lost", "restart"]);
    arriving = { sound: true, picture: true };
    pass(recovery, 12_000, 13_000);
    assert.deepEqual(done, ["lost", "restart", "after 2.3 by restart"]);
  });

  test("is not taken in by what is not expected", () => {
    const recovery = begun();
    arriving = { sound: false, picture: false };
    situation.expected = { sound: false, picture: false };
    pass(recovery, 0, 60_000);
    assert.deepEqual(done, []);
  });

  test("gives a first connection its time", () => {
    const recovery = begun();
    situation.connection = "connecting";
    arriving = { sound: false, picture: false };
    pass(recovery, 0, 6_000);
    assert.deepEqual(done, []);
    pass(recovery, 6_000, 7_000);
    assert.deepEqual(done, ["lost", "restart"]);
  });

  test("believes a browser that says it has lost the connection", () => {
    const recovery = begun();
    pass(recovery, 0, 5_000);
    situation.connection = "disconnected";
    pass(recovery, 5_000, 5_250);
    assert.deepEqual(done, ["lost", "restart"]);
  });

  test("waits for a way to the other page, and then begins at once", () => {
    const recovery = begun({ polite: true });
    pass(recovery, 0, 5_000);
    [situation.connection, situation.reachable] = ["failed", false];
    pass(recovery, 5_000, 35_000);
    assert.deepEqual(done, ["lost"]);
    situation.reachable = true;
    pass(recovery, 35_000, 35_250);
    assert.deepEqual(done, ["lost", "restart"]);
  });

  test("connected but no picture: a restart, a new connection, then patience", () => {
    const recovery = begun();
    arriving = { sound: true, picture: false };
    pass(recovery, 0, 30_000);
    assert.deepEqual(done, ["restart", "rebuild", "restart", "restart"]);
    arriving = { sound: true, picture: true };
    pass(recovery, 30_000, 31_000);
    arriving = { sound: true, picture: false };
    pass(recovery, 31_000, 35_000);
    assert.equal(done.length, 5);
  });

  test("a picture that nothing brings back is no reason to begin anew again and again", () => {
    const recovery = begun({ anew: true });
    arriving = { sound: true, picture: false };
    for (let now = 0; now < 120_000; now += 250) {
      mock.method(performance, "now", () => now);
      pass(recovery, now, now + 250);
    }
    assert.deepEqual(done, ["restart", "rebuild", ...Array(4).fill("restart")]);
  });

  test("a network that changes is tried at once", () => {
    const recovery = begun();
    recovery.suspect();
    assert.deepEqual(done, ["restart"]);
    situation.reachable = false;
    recovery.suspect();
    assert.deepEqual(done, ["restart"]);
  });

  test("a connection that is made anew is not yet good", () => {
    const recovery = begun();
    situation.connection = "failed";
    pass(recovery, 0, 11_500);
    assert.equal(done.at(-1), "rebuild");
    situation.talking = false;
    pass(recovery, 11_500, 12_000);
    assert.equal(done.at(-1), "rebuild");
    [situation.talking, situation.connection] = [true, "connected"];
    pass(recovery, 12_000, 12_250);
    assert.equal(done.at(-1), "after 12.0 by rebuild");
  });

  test("ends with the call", () => {
    const recovery = begun();
    situation.connection = "failed";
    pass(recovery, 0, 250);
    recovery.end();
    assert.equal(recovery.climbing, false);
    assert.deepEqual(recovery.missing, { sound: 0, picture: 0 });
  });
});
