/** Asks before something is taken away: forms with `data-confirm`, a dialog `#confirm`. */

import { all, byId } from "./dom.js";

export function confirmForms() {
  for (const form of all(document, "form[data-confirm]", HTMLFormElement)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      confirm(form);
    });
  }
}

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
