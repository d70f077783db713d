/** The signs above the chart of a call: all that the timeline tells, at its time. */

import { byId, icon, make } from "../lib/dom.js";
import { clock, placeOf } from "./history_panels.js";

/** @import { Chart, Mark, Plot } from "./history_panels.js" */

/** Pixels of a sign and its distance to the next; rows that they are put into. */
const SIZE = 32;
const ROWS = 3;

/**
 * @param {Chart} chart
 * @param {Plot[]} plots
 */
export function drawMarks(chart, plots) {
  const holder = byId("marks", HTMLDivElement);
  const buttons = chart.marks.map(buttonOf);
  holder.append(...buttons);
  const [plot] = plots;
  if (!plot) return;
  const place = () => arrange(holder, buttons, placesOf(chart, plot));
  new ResizeObserver(place).observe(byId("panels", HTMLDivElement));
  place();
}

/**
 * @param {Mark} mark
 * @param {number} index
 */
function buttonOf({ at, text, icon: sign, tone }, index) {
  const told = byId("told", HTMLParagraphElement);
  const line = `${clock(at)}: ${text}`;
  const button = make("button", { class: "mark-button", "aria-label": line });
  button.dataset.tone = tone;
  button.append(icon(sign));
  const moment = document.getElementById(`moment-${index}`);
  const show = (/** @type {boolean} */ on) => {
    if (on) told.textContent = line;
    moment?.classList.toggle("moment-shown", on);
  };
  for (const event of ["mouseenter", "focus"])
    button.addEventListener(event, () => show(true));
  for (const event of ["mouseleave", "blur"])
    button.addEventListener(event, () => show(false));
  button.addEventListener("click", () =>
    moment?.scrollIntoView({ behavior: "smooth", block: "center" }),
  );
  return button;
}

/**
 * Pixels from the left of the chart.
 * @param {Chart} chart
 * @param {Plot} plot
 */
function placesOf({ marks }, plot) {
  return marks.map(({ at }) => placeOf(plot, at, false) + plot.over.offsetLeft);
}

/**
 * @param {HTMLElement} holder
 * @param {HTMLElement[]} buttons
 * @param {number[]} places
 */
function arrange(holder, buttons, places) {
  const spots = spread(places, holder.clientWidth);
  buttons.forEach((button, index) => {
    const { left, row } = spots[index] ?? { left: 0, row: 0 };
    button.style.left = `${left}px`;
    button.style.top = `${row * SIZE}px`;
  });
  const rows = spots.map(({ row }) => row + 1);
  holder.style.height = `${Math.max(1, ...rows) * SIZE}px`;
}

/**
 * Put each sign into a row with room for it at its place, or as near to that as can be:
 * in the left half farther to the right, in the right half farther to the left.
 * @param {number[]} places in ascending order
 * @param {number} width
 * @returns {{left: number, row: number}[]}
 */
export function spread(places, width) {
  const left = places.filter((place) => place <= width / 2);
  const mirrored = places
    .slice(left.length)
    .reverse()
    .map((place) => width - place);
  const right = pack(mirrored).map((spot) => ({ ...spot, left: width - spot.left }));
  return [...pack(left), ...right.reverse()];
}

/** @param {number[]} places in ascending order */
function pack(places) {
  const ends = Array.from({ length: ROWS }, () => -Infinity);
  return places.map((place) => {
    const free = ends.findIndex((end) => place >= end);
    const row = free < 0 ? ends.indexOf(Math.min(...ends)) : free;
    const left = Math.max(place, ends[row] ?? place);
    ends[row] = left + SIZE;
    return { left, row };
  });
}
