import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ladder, STEPS } from "../../app/static/js/call/ladder.js";

/**
 * @param {Ladder} ladder
 * @param {number} from milliseconds
 * @param {number} to
 */
function climb(ladder, from, to) {
  const taken = [];
  for (let now = from; now <= to; now += 250) {
    const step = ladder.due(now);
    if (step) taken.push([now, step]);
  }
  return taken;
}

describe("the ladder", () => {
  test("has nothing to do while all is well", () => {
    assert.deepEqual(climb(new Ladder(false), 0, 60_000), []);
  });

  test("takes each step in its time", () => {
    const ladder = new Ladder(false);
    ladder.start(1_000);
    const expected = STEPS.map(([after, step]) => [1_000 + after, step]);
    assert.deepEqual(climb(ladder, 1_000, 35_000), expected);
  });

  test("goes on with its last steps for as long as it takes", () => {
    const ladder = new Ladder(false);
    ladder.start(0);
    climb(ladder, 0, 34_000);
    const steps = climb(ladder, 34_250, 34_250 + 48_000).map(([, step]) => step);
    assert.deepEqual(steps, [
      ...["restart", "relay", "audio", "rebuild"],
      ...["restart", "relay", "audio", "rebuild"],
    ]);
  });

  test("lets the impolite side begin", () => {
    const ladder = new Ladder(true);
    ladder.start(0);
    assert.deepEqual(climb(ladder, 0, 1_000), [[1_000, "restart"]]);
  });

  test("waits while nobody can be reached, and then begins at once", () => {
    const ladder = new Ladder(true);
    ladder.start(0);
    for (let now = 0; now < 20_000; now += 250) ladder.hold(now);
    assert.deepEqual(climb(ladder, 20_000, 20_250), [[20_000, "restart"]]);
  });

  test("remembers the last step until all is well", () => {
    const ladder = new Ladder(false);
    assert.equal(ladder.step, "self");
    ladder.start(0);
    climb(ladder, 0, 7_000);
    assert.equal(ladder.step, "relay");
    ladder.stop();
    assert.equal(ladder.step, "self");
    assert.equal(ladder.climbing, false);
  });
});
