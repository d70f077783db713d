import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OwnMedia } from "../../app/static/js/call/own_media.js";

/** A camera and a microphone that are on. */
function own() {
  const tracks = { camera: { id: "c" }, microphone: { id: "m" }, screen: null };
  const state = { camera: true, microphone: true, screen: false };
  const media = /** @type {any} */ ({ tracks, state });
  return { tracks, state, made: new OwnMedia(media, () => null) };
}

describe("own media", () => {
  test("a camera without new pictures has stopped", () => {
    const { made } = own();
    made.seen({ c: 10 }, 1_000);
    made.seen({ c: 25 }, 2_000);
    made.seen({ c: 25 }, 5_000);
    assert.equal(made.look(5_000).cameraStopped, false);
    assert.equal(made.look(5_001).cameraStopped, true);
    made.seen({ c: 26 }, 6_000);
    assert.equal(made.look(6_000).cameraStopped, false);
  });

  test("a new connection, which counts from nothing, gives no new pictures", () => {
    const { made } = own();
    made.seen({ c: 100 }, 1_000);
    made.seen({ c: 0 }, 3_000);
    assert.equal(made.look(4_500).cameraStopped, true);
    made.seen({ c: 1 }, 5_000);
    assert.equal(made.look(5_000).cameraStopped, false);
  });

  test("a camera that has given none yet, or is not counted, has not stopped", () => {
    const { made } = own();
    made.seen({ c: 0 }, 1_000);
    assert.equal(made.look(9_000).cameraStopped, false);
    made.seen({ c: 5 }, 9_000);
    made.seen({}, 10_000);
    assert.equal(made.look(20_000).cameraStopped, false);
  });

  test("without a connection nothing is measured, so nothing is said", () => {
    const { made } = own();
    made.heard(0.5, 1_000);
    made.seen({ c: 10 }, 1_000);
    made.seen({ c: 25 }, 2_000);
    for (let now = 3_000; now < 30_000; now += 1_000) made.hold(now);
    const { cameraStopped, silentFor } = made.look(30_000);
    assert.deepEqual([cameraStopped, silentFor], [false, 1]);
  });

  test("a camera that has stopped before has stopped still", () => {
    const { made } = own();
    made.seen({ c: 10 }, 1_000);
    made.seen({ c: 25 }, 2_000);
    for (let now = 6_000; now < 30_000; now += 1_000) made.hold(now);
    assert.equal(made.look(30_000).cameraStopped, true);
  });

  test("a microphone whose energy stays the same is silent", () => {
    const { made, state } = own();
    made.heard(0.5, 1_000);
    made.heard(0.5, 5_000);
    assert.equal(made.look(8_000).silentFor, 7);
    state.microphone = false;
    assert.equal(made.look(8_000).silentFor, 0);
  });
});
