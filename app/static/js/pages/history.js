/** The history: times in the reader's zone, by which the days of the filters count. */

import { localise } from "../lib/time.js";

localise(document);
const zone = document.getElementById("zone");
if (zone instanceof HTMLInputElement) {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
