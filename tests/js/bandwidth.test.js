import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bandwidth } from "../../app/static/js/call/bandwidth.js";

const GOOD = { available: 900_000, lossThere: 0 };
const THIN = { available: 40_000, lossThere: 0 };
const LOSSY = { available: 900_000, lossThere: 0.3 };

/**
 * @param {Bandwidth} bandwidth
 * @param {{available: number | null, lossThere: number}} measured
 * @param {number} from seconds
 * @param {number} to
 * @returns {number[]} the seconds in which pictures were not allowed
 */
function without(bandwidth, measured, from, to) {
  const seconds = [];
  for (let second = from; second < to; second++)
    if (!bandwidth.look(measured, second * 1000)) seconds.push(second);
  return seconds;
}

describe("the room for pictures", () => {
  test("is there where the network is good, or the browser does not tell", () => {
    const bandwidth = new Bandwidth();
    assert.deepEqual(without(bandwidth, GOOD, 1, 60), []);
    assert.deepEqual(
      without(bandwidth, { available: null, lossThere: 0 }, 60, 120),
      [],
    );
  });

  test("ends after eight bad seconds, not after a bad moment", () => {
    const bandwidth = new Bandwidth();
    assert.deepEqual(without(bandwidth, THIN, 1, 8), []);
    assert.deepEqual(without(bandwidth, GOOD, 8, 9), []);
    assert.deepEqual(without(bandwidth, LOSSY, 9, 18), [17]);
  });

  test("is not judged by what was before a new path", () => {
    const bandwidth = new Bandwidth();
    assert.deepEqual(without(bandwidth, LOSSY, 1, 8), []);
    bandwidth.restart(8_000);
    assert.deepEqual(without(bandwidth, LOSSY, 8, 24), []);
    assert.deepEqual(without(bandwidth, LOSSY, 24, 25), [24]);
  });

  test("is tried again, and where that was too early, later", () => {
    const bandwidth = new Bandwidth();
    const seconds = without(bandwidth, THIN, 1, 80);
    const pauses = seconds.filter((second) => !seconds.includes(second - 1));
    assert.deepEqual(pauses, [9, 33, 72]);
  });

  test("can be taken by a step of the ladder", () => {
    const bandwidth = new Bandwidth();
    bandwidth.withhold(1_000);
    assert.equal(bandwidth.look(GOOD, 2_000), false);
    assert.equal(bandwidth.look(GOOD, 17_000), true);
  });

  test("is there again once media is back, unless that has just failed", () => {
    const bandwidth = new Bandwidth();
    bandwidth.withhold(1_000);
    bandwidth.restart(3_000);
    assert.equal(bandwidth.pictures, true);
    bandwidth.withhold(20_000);
    bandwidth.restart(22_000);
    assert.equal(bandwidth.pictures, false);
  });
});
