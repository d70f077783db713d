/** Draws a check: the verdict, its lines, the rules for a firewall. */

import { icon, make } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { millis } from "./rows.js";
import { rulesOf, stateWord } from "./rules.js";
import { pairWords, verdictWords } from "./words.js";

/** @import { Half, Level, Pair, Row, RowState, Rule, Verdict, Way } from "./types.js" */

/** @type {Record<RowState, string>} */
const SIGNS = {
  waiting: "clock",
  running: "hourglass",
  ok: "circle-check",
  warn: "triangle-alert",
  bad: "circle-alert",
};

/** @type {Record<Level, [string, string]>} kind of notice and its sign */
const LOOKS = {
  good: ["notice-live", "circle-check"],
  fair: ["notice-warn", "triangle-alert"],
  poor: ["notice-warn", "triangle-alert"],
  failed: ["notice-off", "circle-alert"],
};

/**
 * Draw what has changed; what somebody has folded out stays so.
 * @param {HTMLElement} list
 * @param {Row[]} rows
 */
export function drawRows(list, rows) {
  const drawn = /** @type {HTMLElement[]} */ ([...list.children]);
  rows.forEach((row, index) => {
    const before = drawn[index];
    const key = JSON.stringify(row);
    if (before?.dataset.key === key) return;
    const made = drawRow(row);
    made.dataset.key = key;
    if (before) before.replaceWith(made);
    else list.append(made);
  });
  for (const gone of drawn.slice(rows.length)) gone.remove();
}

/** @param {Row} row */
function drawRow({ id, name, state, text, steps = [], details = [] }) {
  const words = make(
    "div",
    { class: "find-words" },
    make("h3", {}, name),
    make("p", {}, text),
    ...steps.map((step) => make("p", { class: "find-step" }, step)),
  );
  if (details.length) words.append(drawDetails(name, details));
  return make(
    "li",
    { class: "find", "data-row": id, "data-state": state },
    icon(SIGNS[state]),
    words,
  );
}

/**
 * @param {string} name
 * @param {[string, string][]} details
 */
function drawDetails(name, details) {
  const hidden = make("span", { class: "visually-hidden" }, `: ${name}`);
  const list = details.map(([label, value]) =>
    make("div", {}, make("dt", {}, label), make("dd", { dir: "auto" }, value)),
  );
  return make(
    "details",
    { class: "find-details" },
    make("summary", {}, t("Details"), hidden),
    make("dl", {}, ...list),
  );
}

/**
 * @param {HTMLElement} place
 * @param {Verdict} verdict
 */
export function drawVerdict(place, verdict) {
  const { title, texts, steps } = verdictWords(verdict);
  const [kind, sign] = LOOKS[verdict.level];
  const words = make("div", { class: "stack stack-small" }, make("h2", {}, title));
  words.append(...texts.map((text) => make("p", {}, text)));
  if (steps.length)
    words.append(make("ul", {}, ...steps.map((step) => make("li", {}, step))));
  const box = make("div", { class: `notice ${kind}` }, icon(sign), words);
  place.setAttribute("aria-label", title); // Read out where it takes the focus.
  place.dataset.network = verdict.network;
  place.dataset.level = verdict.level;
  place.replaceChildren(box);
}

/**
 * @param {HTMLTableSectionElement} body
 * @param {Half} half
 */
export function drawRules(body, half) {
  body.replaceChildren(...rulesOf(half).map(drawRule));
}

/** @param {Rule} rule */
function drawRule({ protocol, port, host, purpose, state }) {
  const cell = (/** @type {string} */ label, /** @type {string} */ text) =>
    make("td", { "data-label": label }, make("span", { dir: "auto" }, text));
  const found = make("td", { "data-label": t("Here") });
  const kind = { open: "badge-live", blocked: "badge-off", unknown: "" }[state];
  found.append(make("span", { class: `badge ${kind}` }, stateWord(state)));
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, purpose),
    cell(t("Direction"), t("outgoing")),
    cell(t("Protocol"), protocol),
    cell(t("Port"), port),
    cell(t("Destination"), host),
    found,
  );
}

/**
 * @param {HTMLElement} place
 * @param {Pair} pair
 */
export function drawPair(place, pair) {
  const [title, text] = pairWords(pair.verdict);
  const works = pair.verdict !== "none";
  const words = make(
    "div",
    { class: "stack stack-small" },
    make("h3", {}, title),
    make("p", {}, text),
    make("p", {}, `${t("Directly")}: ${wayText(pair.direct)}`),
    make("p", {}, `${t("Through the relay")}: ${wayText(pair.relay)}`),
  );
  place.dataset.pair = pair.verdict;
  place.replaceChildren(
    make(
      "div",
      { class: `notice ${works ? "notice-live" : "notice-off"}` },
      icon(works ? "circle-check" : "circle-alert"),
      words,
    ),
  );
}

/** @param {Way} way */
function wayText({ ok, rtt, protocol }) {
  if (!ok) return t("does not work");
  const time = millis(rtt);
  return t("works, {time} there and back, {protocol}", { time, protocol });
}
