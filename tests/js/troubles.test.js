import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Troubles } from "../../app/static/js/call/troubles.js";

/** @type {string[]} */
let told = [];
let open = true;

function troubles() {
  return new Troubles((cause) => {
    if (open) told.push(cause);
    return open;
  });
}

describe("what is wrong", () => {
  beforeEach(() => {
    told = [];
    open = true;
  });

  test("is known at once, and told when it lasts", () => {
    const all = troubles();
    assert.equal(all.look("high_loss", 1_000), true);
    assert.equal(all.own, "high_loss");
    assert.equal(all.look("high_loss", 2_000), false);
    assert.deepEqual(told, []);
    all.look("high_loss", 3_000);
    all.look("high_loss", 9_000);
    assert.deepEqual(told, ["high_loss"]);
  });

  test("is told to be over, too", () => {
    const all = troubles();
    for (const now of [0, 2_000]) all.look("high_delay", now);
    for (const now of [3_000, 5_000]) all.look("", now);
    assert.deepEqual(told, ["high_delay", ""]);
  });

  test("is not told if it comes and goes, and told later if it cannot be now", () => {
    const all = troubles();
    all.look("high_loss", 0);
    for (const now of [1_000, 4_000]) all.look("", now);
    assert.deepEqual(told, []);
    open = false;
    for (const now of [5_000, 8_000]) all.look("offline", now);
    open = true;
    all.look("offline", 9_000);
    assert.deepEqual(told, ["offline"]);
  });

  test("is told later, where it was over before it could be told", () => {
    const all = troubles();
    open = false;
    for (const now of [0, 3_000]) all.look("offline", now);
    open = true;
    for (const now of [4_000, 6_000, 8_000]) all.look("", now);
    assert.deepEqual(told, ["offline", ""]);
  });

  test("is told anew to another page", () => {
    const all = troubles();
    all.theirs = "udp_blocked";
    for (const now of [0, 2_000]) all.look("only_443", now);
    all.forget();
    assert.equal(all.theirs, "");
    all.look("only_443", 3_000);
    assert.deepEqual(told, ["only_443", "only_443"]);
  });
});
