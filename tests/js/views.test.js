import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";
import { inside, nextCorner } from "../../app/static/js/call/self_view.js";

Object.assign(globalThis, { HTMLMediaElement: class {} });
const { loudness } = await import("../../app/static/js/call/meter.js");

const BOX = { width: 200, height: 150 };
const FRAME = { width: 1000, height: 600 };

test("the own picture stays where it is put, and always inside", () => {
  assert.deepEqual(inside({ x: 300, y: 200 }, BOX, FRAME), { x: 300, y: 200 });
  assert.deepEqual(inside({ x: -50, y: -50 }, BOX, FRAME), { x: 16, y: 16 });
  assert.deepEqual(inside({ x: 2000, y: 2000 }, BOX, FRAME), { x: 784, y: 434 });
});

test("the own picture keeps to the start where the frame is too small for it", () => {
  const small = { width: 100, height: 100 };
  assert.deepEqual(inside({ x: 50, y: 50 }, BOX, small), { x: 16, y: 16 });
});

test("a press takes the own picture round all four corners", () => {
  const seen = [];
  let middle = { x: 900, y: 500 };
  for (let i = 0; i < 4; i++) {
    const { x, y } = inside(nextCorner(middle, FRAME), BOX, FRAME);
    seen.push([x, y]);
    middle = { x: x + BOX.width / 2, y: y + BOX.height / 2 };
  }
  assert.deepEqual(seen, [
    [16, 434],
    [16, 16],
    [784, 16],
    [784, 434],
  ]);
});

test("loudness goes from silence to a raised voice", () => {
  const tone = (/** @type {number} */ amplitude) =>
    Float32Array.from({ length: 1024 }, (_, i) => amplitude * Math.sin(i / 5));
  assert.equal(loudness(tone(0)), 0);
  assert.equal(loudness(tone(1)), 1);
  const quiet = loudness(tone(0.01));
  const normal = loudness(tone(0.1));
  assert.ok(0 < quiet && quiet < normal && normal < 1);
});
