/** The settings: copy what is shown once, and ask before something is taken away. */

import { copyButtons } from "../lib/copy.js";
import { all, byId } from "../lib/dom.js";
import { localise } from "../lib/time.js";

localise(document);
copyButtons(document, byId("copied", HTMLParagraphElement));
for (const form of all(document, "form[data-confirm]", HTMLFormElement)) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    confirm(form);
  });
}
const wrong = document.querySelector('[aria-invalid="true"]');
if (wrong instanceof HTMLElement) wrong.focus();

/** @param {HTMLFormElement} form */
function confirm(form) {
  const dialog = byId("confirm", HTMLDialogElement);
  byId("confirm-text", HTMLParagraphElement).textContent = form.dataset.confirm ?? "";
  const button = form.querySelector("button");
  byId("confirm-yes", HTMLButtonElement).textContent = button?.textContent ?? "";
  dialog.returnValue = "no";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "yes") form.submit();
    },
    { once: true },
  );
  dialog.showModal();
}
