/** The chart of a call: a panel for each number, with one time axis for all of them. */

import { byId, make } from "../lib/dom.js";
import { locale, t } from "../lib/text.js";

/**
 * A sign on the chart; `at` in seconds since the epoch.
 * @typedef {{at: number, text: string, icon: string, tone: string}} Mark
 *
 * One side's numbers, column by column.
 * @typedef {"mos" | "rtt" | "loss" | "in_kbps"} Field
 * @typedef {{role: "agent" | "customer", name: string, at: number[]}
 *   & Record<Field, (number | null)[]>} Side
 *
 * @typedef {{start: number, end: number, sides: Side[], marks: Mark[]}} Chart
 * @typedef {{field: Field, title: string, digits: number, most?: number}} Panel
 * @typedef {import("uplot")} Plot
 */

const uPlot = /** @type {{uPlot: typeof import("uplot")}} */ (
  /** @type {unknown} */ (globalThis)
).uPlot;

const HEIGHT = 120;
const TIMES = 28;
/** Pixels for a time below the chart. */
const APART = 100;
/** Pixels for the numbers at the left, and at the right so that no sign is cut off. */
const LEFT = 48;
const RIGHT = 24;
/** Seconds without a number after which a line is broken. */
const GAP = 25;

/** @returns {Panel[]} */
function panels() {
  return [
    { field: "mos", title: t("Speech (MOS)"), digits: 1, most: 4.6 },
    { field: "rtt", title: t("Round trip, ms"), digits: 0 },
    { field: "loss", title: t("Loss, %"), digits: 1 },
    { field: "in_kbps", title: t("Received, kbit/s"), digits: 0 },
  ];
}

/**
 * @param {Chart} chart
 * @returns {Plot[]}
 */
export function drawPanels(chart) {
  const holder = byId("panels", HTMLDivElement);
  const all = panels();
  const plots = all.map((panel, index) =>
    drawPanel(chart, panel, holder, index === all.length - 1),
  );
  const fit = () => {
    for (const plot of plots)
      plot.setSize({ width: holder.clientWidth, height: plot.height });
  };
  new ResizeObserver(fit).observe(holder);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => plots.forEach((plot) => plot.redraw()));
  return plots;
}

/**
 * @param {Chart} chart
 * @param {Panel} panel
 * @param {HTMLElement} holder
 * @param {boolean} last it has the times below
 */
function drawPanel(chart, panel, holder, last) {
  const told = make("span", { class: "number" });
  holder.append(
    make("p", { class: "panel-head" }, make("strong", {}, panel.title), told),
  );
  const options = {
    width: holder.clientWidth,
    height: HEIGHT + (last ? TIMES : 0),
    padding: /** @type {[number, number, number, number]} */ ([
      8,
      RIGHT,
      last ? 0 : 8,
      0,
    ]),
    legend: { show: false },
    cursor: { sync: { key: "call" }, drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: true, range: () => spanOf(chart) },
      y: {
        range: (
          /** @type {Plot} */ _,
          /** @type {number} */ __,
          /** @type {number} */ most,
        ) => rangeOf(panel, most),
      },
    },
    series: [{}, ...chart.sides.map(seriesOf)],
    axes: [timesOf(last), numbersOf(panel)],
    hooks: {
      drawClear: [(/** @type {Plot} */ plot) => drawLines(plot, chart.marks)],
      setCursor: [
        (/** @type {Plot} */ plot) => {
          told.textContent = tellOf(plot, chart, panel);
        },
      ],
    },
  };
  return new uPlot(/** @type {any} */ (options), dataOf(chart, panel.field), holder);
}

/**
 * The time of the chart; a call of one moment has some room, too.
 * @param {Chart} chart
 * @returns {[number, number]}
 */
export function spanOf({ start, end }) {
  const spare = Math.max(1, (end - start) * 0.01);
  return [start - spare, end + spare];
}

/**
 * @param {Panel} panel
 * @param {number | null} most that there is
 * @returns {[number, number]}
 */
function rangeOf(panel, most) {
  if (panel.most) return [0.9, panel.most];
  return [0, Math.max(1, (most ?? 0) * 1.1)];
}

/** @param {Side} side */
function seriesOf({ role, name }) {
  return {
    label: name,
    stroke: () => colour(`--${role}`),
    width: 2,
    dash: role === "customer" ? [6, 4] : [],
    points: { show: false },
  };
}

/** @param {boolean} shown */
function timesOf(shown) {
  return {
    show: shown,
    size: TIMES,
    space: APART,
    stroke: () => colour("--ink-soft"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    values: (/** @type {Plot} */ _, /** @type {number[]} */ times) => times.map(brief),
  };
}

/** @param {Panel} panel */
function numbersOf({ digits }) {
  return {
    size: LEFT,
    space: 28,
    stroke: () => colour("--ink-soft"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    values: (/** @type {Plot} */ _, /** @type {number[]} */ values) =>
      values.map((value) => number(value, digits)),
  };
}

/**
 * What happened, as lines through the panel.
 * @param {Plot} plot
 * @param {Mark[]} marks
 */
function drawLines(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1;
  for (const { at, tone } of marks) {
    const x = Math.round(placeOf(plot, at, true)) + 0.5;
    ctx.strokeStyle = colour(tone ? `--${tone}` : "--line-strong");
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * Where a moment is; what lies outside stands at the edge.
 * @param {Plot} plot
 * @param {number} at
 * @param {boolean} onCanvas
 */
export function placeOf(plot, at, onCanvas) {
  const { min = at, max = at } = plot.scales.x ?? {};
  return plot.valToPos(Math.min(max ?? at, Math.max(min ?? at, at)), "x", onCanvas);
}

/**
 * Both sides on one row of times; a line is broken where nothing came for a while.
 * @param {Chart} chart
 * @param {Field} field
 */
export function dataOf({ sides }, field) {
  return uPlot.join(sides.map((side) => broken(side.at, side[field])));
}

/**
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @returns {import("uplot").AlignedData}
 */
export function broken(times, values) {
  /** @type {number[]} */
  const at = [];
  /** @type {(number | null)[]} */
  const shown = [];
  times.forEach((time, index) => {
    const before = times[index - 1];
    if (before !== undefined && time - before > GAP) {
      at.push(before + 1);
      shown.push(null);
    }
    at.push(time);
    shown.push(values[index] ?? null);
  });
  return [at, shown];
}

/**
 * The numbers below the pointer.
 * @param {Plot} plot
 * @param {Chart} chart
 * @param {Panel} panel
 */
function tellOf(plot, { sides }, { field, digits }) {
  const left = plot.cursor.left ?? -1;
  if (left < 0) return "";
  const at = plot.posToVal(left, "x");
  return sides
    .map((side) => {
      const value = nearest(side.at, side[field], at);
      return value === null ? "" : `${side.name} ${number(value, digits)}`;
    })
    .filter(Boolean)
    .join(" · ");
}

/**
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @param {number} at
 */
export function nearest(times, values, at) {
  let best = -1;
  let distance = GAP;
  times.forEach((time, index) => {
    if (Math.abs(time - at) >= distance) return;
    [best, distance] = [index, Math.abs(time - at)];
  });
  return values[best] ?? null;
}

/** @param {string} name of a CSS property */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {number} seconds since the epoch */
export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return at.toLocaleTimeString(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

/**
 * Without seconds where there are none.
 * @param {number} seconds since the epoch
 */
function brief(seconds) {
  if (seconds % 60) return clock(seconds);
  const at = new Date(seconds * 1000);
  return at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/**
 * @param {number} value
 * @param {number} digits
 */
function number(value, digits) {
  return value.toLocaleString(locale, { maximumFractionDigits: digits });
}
