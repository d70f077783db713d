/** The list of reports: times in the reader's zone. */

import { localise } from "../lib/time.js";

localise(document);
