/** Copy buttons: `data-copy` names the field or output whose text is copied. */

import { all, report, setIcon, within } from "./dom.js";
import { t } from "./text.js";

const SHOWN = 2000;

/**
 * Make the copy buttons inside `root` work.
 * @param {ParentNode} root
 * @param {HTMLElement} status where a screen reader is told
 */
export function copyButtons(root, status) {
  for (const button of all(root, "[data-copy]", HTMLButtonElement)) {
    button.addEventListener("click", () => {
      copy(button, status).catch(report);
    });
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} status
 */
async function copy(button, status) {
  const source = document.getElementById(button.dataset.copy ?? "");
  const text = source instanceof HTMLInputElement ? source.value : source?.textContent;
  const copied = await toClipboard(text?.trim() ?? "");
  if (!copied && source instanceof HTMLInputElement) source.select();
  const label = within(button, "span", HTMLSpanElement);
  const before = label.textContent;
  const said = copied ? t("Copied") : t("Press Ctrl+C to copy");
  label.textContent = status.textContent = said;
  setIcon(button, copied ? "check" : "copy");
  setTimeout(() => {
    label.textContent = before;
    setIcon(button, "copy");
  }, SHOWN);
}

/**
 * The clipboard is there only in a secure context.
 * @param {string} text
 */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
