/** The report: as a file, and to support. */

import { make } from "../lib/dom.js";
import { post } from "./service.js";

/** @import { CheckData, Report } from "./types.js" */

/** @param {Report} report */
export function save(report) {
  const text = JSON.stringify(report, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const day = report.at.slice(0, 10);
  make("a", { href: url, download: `check-${day}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * @param {CheckData} data
 * @param {Report} report
 * @returns {Promise<{code: string, days: number}>}
 */
export function send(data, report) {
  return post(data.reportsUrl, report);
}
