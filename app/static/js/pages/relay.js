/** A relay's form: errors that go as one types, and a question before it is removed. */

import { confirmForms } from "../lib/confirm.js";
import { all, byId } from "../lib/dom.js";

confirmForms();
const form = byId("relay", HTMLFormElement);
for (const input of all(form, ".input", HTMLInputElement)) {
  input.addEventListener("input", () => {
    input.removeAttribute("aria-invalid");
    byId(`${input.id}-error`, HTMLParagraphElement).hidden = true;
  });
}
const wrong = form.querySelector('[aria-invalid="true"]');
if (wrong instanceof HTMLElement) wrong.focus();
