/** How good the call is: a word for a glance, numbers for who presses it. */

import { byId, make, setIcon } from "../lib/dom.js";
import { locale, t } from "../lib/text.js";

/** @import { Call } from "./call.js" */
/** @import { Level, Summary } from "./types.js" */

/** @type {Record<Level, string>} */
const SIGNS = { good: "signal-high", fair: "signal-medium", poor: "signal-low" };

/**
 * @param {Call} call
 * @returns {() => void} draws it
 */
export function qualityBadge(call) {
  const badge = byId("quality", HTMLButtonElement);
  const details = byId("quality-details", HTMLElement);

  /** @param {boolean} open */
  function turn(open) {
    details.hidden = !open;
    badge.setAttribute("aria-expanded", String(open));
    draw();
  }
  badge.addEventListener("click", () => turn(!!details.hidden));
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !details.hidden) turn(false);
  });
  addEventListener("pointerdown", ({ target }) => {
    if (!(target instanceof Node) || details.hidden) return;
    if (!details.contains(target) && !badge.contains(target)) turn(false);
  });

  function draw() {
    const { view, quality, connection } = call;
    badge.hidden = view !== "talk" || !quality || connection !== "connected";
    if (badge.hidden && !details.hidden) return turn(false);
    if (!quality) return undefined;
    drawBadge(badge, quality.level);
    if (!details.hidden) drawDetails(details, quality);
    return undefined;
  }
  return draw;
}

/**
 * @param {HTMLElement} badge
 * @param {Level} level
 */
function drawBadge(badge, level) {
  if (badge.dataset.level === level) return;
  badge.dataset.level = level;
  setIcon(badge, SIGNS[level]);
  const word = { good: t("Good"), fair: t("Fair"), poor: t("Poor") }[level];
  badge.setAttribute("aria-label", t("Connection: {word}", { word }));
  const text = badge.lastElementChild;
  if (text) text.textContent = word;
}

/**
 * @param {HTMLElement} details
 * @param {Summary} quality
 */
function drawDetails(details, quality) {
  const [sentence, list] = details.children;
  if (sentence) sentence.textContent = sentenceOf(quality.level);
  list?.replaceChildren(
    ...rows(quality).map(([name, value]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, value)),
    ),
  );
}

/** @param {Level} level */
function sentenceOf(level) {
  return {
    good: t("Sound and pictures come through well."),
    fair: t("There may be small gaps or delays."),
    poor: t("Expect gaps. Speak slowly, and move closer to the Wi-Fi if you can."),
  }[level];
}

/**
 * @param {Summary} quality
 * @returns {[string, string][]}
 */
function rows(quality) {
  const way = quality.path === "relay" ? t("Through a relay") : t("Direct");
  const picture = quality.fps
    ? `${quality.width} × ${quality.height}, ${number(quality.fps, 0)}/s`
    : t("None");
  return [
    [t("Way"), `${way}, ${quality.protocol.toUpperCase()}`],
    [t("Round trip"), `${number(quality.rtt, 0)} ms`],
    [t("Loss"), `${number(quality.loss, 1)} %`],
    [t("Speech"), t("{score} of 4.5", { score: number(quality.mos, 1) })],
    [t("Picture that comes"), picture],
    [t("Receiving"), `${number(quality.in_kbps, 0)} kbit/s`],
    [t("Sending"), `${number(quality.out_kbps, 0)} kbit/s`],
  ];
}

/**
 * @param {number} value
 * @param {number} digits after the point
 */
function number(value, digits) {
  return value.toLocaleString(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
