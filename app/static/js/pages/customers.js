/** The directory: errors that go as one types, and the way to the form. */

import { all, byId } from "../lib/dom.js";
import { localise } from "../lib/time.js";

localise(document);
const form = byId("add", HTMLElement);
for (const input of all(form, ".input", HTMLElement)) {
  input.addEventListener("input", () => {
    input.removeAttribute("aria-invalid");
    byId(`${input.id}-error`, HTMLParagraphElement).hidden = true;
  });
}
const wrong = form.querySelector('[aria-invalid="true"]');
if (wrong instanceof HTMLElement) wrong.focus();
byId("open-add", HTMLAnchorElement).addEventListener("click", () => {
  byId("name", HTMLInputElement).focus();
});
