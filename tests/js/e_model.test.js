import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mos } from "../../app/static/js/call/e_model.js";

/**
 * @param {number} delay
 * @param {number} loss
 */
function score(delay, loss) {
  return Number(mos({ delay, loss }).toFixed(2));
}

describe("the E-model", () => {
  test("gives its defaults the score that G.107 gives them", () => {
    assert.equal(score(0, 0), 4.41);
  });

  test("does not mind 100 ms", () => {
    assert.equal(score(100, 0), score(0, 0));
  });

  test("lowers the score with the delay, as its equations do", () => {
    // X = log2(Ta / 100) is 1 and 2: Idd is 3.04 and 24.07.
    assert.equal(score(200, 0), 4.34);
    assert.equal(score(400, 0), 3.56);
  });

  test("lowers the score with the loss, as its equations do", () => {
    // Ie,eff is 95 · Ppl / (Ppl + 25.1): 3.64, 15.78 and 42.13.
    assert.equal(score(0, 1), 4.33);
    assert.equal(score(0, 5), 3.92);
    assert.equal(score(0, 20), 2.63);
  });

  test("never rises with either, and stays within its scale", () => {
    let last = 4.5;
    for (let delay = 0; delay <= 5000; delay += 50) {
      const now = mos({ delay, loss: delay / 50 });
      assert.ok(now <= last && now >= 1, `${now} after ${last}`);
      last = now;
    }
    assert.equal(last, 1);
  });
});
