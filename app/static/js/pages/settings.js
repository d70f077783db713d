/** The settings: copy what is shown once, and ask before something is taken away. */

import { confirmForms } from "../lib/confirm.js";
import { copyButtons } from "../lib/copy.js";
import { byId } from "../lib/dom.js";
import { localise } from "../lib/time.js";

localise(document);
copyButtons(document, byId("copied", HTMLParagraphElement));
confirmForms();
const wrong = document.querySelector('[aria-invalid="true"]');
if (wrong instanceof HTMLElement) wrong.focus();
