/** Times as the reader's clock shows them, and how long something has lasted. */

import { all } from "./dom.js";
import { locale, t, tn } from "./text.js";

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const SHAPES = {
  time: { hour: "2-digit", minute: "2-digit" },
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  date: { year: "numeric", month: "short", day: "numeric" },
  datetime: {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  },
};

/**
 * Write every `<time datetime data-shape>` inside `root` in the reader's zone.
 * The zone shows on hover. `data-shape="since"` counts instead; see {@link tick}.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const element of all(root, "time[data-shape]", HTMLTimeElement)) {
    const at = new Date(element.dateTime);
    element.title = at.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" });
    const shape = SHAPES[element.dataset.shape ?? ""];
    if (shape) element.textContent = at.toLocaleString(locale, shape);
  }
  tick(root);
}

/**
 * Write how long ago each `<time data-shape="since">` was. Call it as time passes.
 * @param {ParentNode} root
 */
export function tick(root) {
  for (const element of all(root, 'time[data-shape="since"]', HTMLTimeElement)) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    const text = lasting(Math.max(0, seconds));
    if (element.textContent !== text) element.textContent = text;
  }
}

/**
 * A length in words, as exact as a person would say it.
 * @param {number} seconds
 * @returns {string}
 */
export function lasting(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return t("under a minute");
  if (minutes < 60) return tn("{n} minute", "{n} minutes", minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return tn("{n} hour", "{n} hours", hours);
  return tn("{n} day", "{n} days", Math.floor(hours / 24));
}
