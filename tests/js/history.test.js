import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "./page.js";

const { spread } = await import("../../app/static/js/pages/history_marks.js");
const { broken, nearest, spanOf } =
  await import("../../app/static/js/pages/history_panels.js");

describe("signs above the chart", () => {
  test("stand at their place where there is room", () => {
    assert.deepEqual(spread([10, 100, 390], 400), [
      { left: 10, row: 0 },
      { left: 100, row: 0 },
      { left: 390, row: 0 },
    ]);
  });

  test("go below each other, then aside, and never out of the chart", () => {
    const spots = spread([0, 0, 0, 0, 400, 400, 400, 400], 400);
    assert.deepEqual(
      spots.map(({ left }) => left),
      [0, 0, 0, 32, 368, 400, 400, 400],
    );
    const places = new Set(spots.map(({ left, row }) => `${left} ${row}`));
    assert.equal(places.size, spots.length);
  });
});

describe("lines of the chart", () => {
  test("are broken where nothing came for a while", () => {
    assert.deepEqual(broken([0, 10, 60], [1, 2, 3]), [
      [0, 10, 11, 60],
      [1, 2, null, 3],
    ]);
  });

  test("tell the number nearest to the pointer, if any is near", () => {
    assert.equal(nearest([0, 10, 20], [1, 2, 3], 12), 2);
    assert.equal(nearest([0, 10], [1, 2], 100), null);
  });

  test("have room at both ends, also in a call of one moment", () => {
    assert.deepEqual(spanOf({ start: 100, end: 300, sides: [], marks: [] }), [98, 302]);
    assert.deepEqual(spanOf({ start: 5, end: 5, sides: [], marks: [] }), [4, 6]);
  });
});
