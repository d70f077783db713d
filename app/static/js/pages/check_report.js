/** A report of the check page, as the people who help see it. */

import { drawPair, drawRows, drawRules, drawVerdict } from "../check/draw.js";
import { rowsOf } from "../check/rows.js";
import { rulesAsText, rulesOf } from "../check/rules.js";
import { copyButtons } from "../lib/copy.js";
import { byId, pageData } from "../lib/dom.js";
import { localise } from "../lib/time.js";

/** @import { Half, Report } from "../check/types.js" */

const { report } = /** @type {{report: Report}} */ (pageData());

localise(document);
copyButtons(document, byId("copied", HTMLElement));
drawHalf("", report);
drawRules(byId("rules", HTMLTableSectionElement), report);
byId("rules-text", HTMLElement).textContent = rulesAsText(rulesOf(report));
if (report.other) drawHalf("other-", report.other);
if (report.pair) drawPair(byId("pair", HTMLElement), report.pair);

/**
 * @param {string} prefix
 * @param {Half} half
 */
function drawHalf(prefix, half) {
  drawVerdict(byId(`${prefix}verdict`, HTMLElement), half.verdict);
  drawRows(byId(`${prefix}rows`, HTMLUListElement), rowsOf(half));
}
