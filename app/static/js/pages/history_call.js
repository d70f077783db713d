/** A call's page in the history: times in the reader's zone, and its quality as a chart. */

import { pageData } from "../lib/dom.js";
import { localise } from "../lib/time.js";
import { drawMarks } from "./history_marks.js";
import { drawPanels } from "./history_panels.js";

/** @import { Chart } from "./history_panels.js" */

localise(document);
const chart = /** @type {Chart} */ (pageData());
const panels = drawPanels(chart);
drawMarks(chart, panels);
