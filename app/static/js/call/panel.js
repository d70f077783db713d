/** The agent's side panel: who the customer is. A sheet where the window is narrow. */

import { byId, make, report } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @import { Call } from "./call.js" */

/** From this width on there is room for it beside the picture. */
const WIDE = matchMedia("(min-width: 900px)");

/**
 * @param {Call} call
 * @param {string} url of the fragment
 * @returns {() => void} draws
 */
export function customerPanel(call, url) {
  const panel = byId("panel", HTMLElement);
  const button = byId("toggle-panel", HTMLButtonElement);
  const content = byId("panel-content", HTMLElement);
  /** @type {string | undefined} whose details are shown */
  let shown;

  /** @param {boolean} open */
  function turn(open) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  }
  button.addEventListener("click", () => turn(!!panel.hidden));
  byId("panel-close", HTMLButtonElement).addEventListener("click", () => {
    turn(false);
    button.focus();
  });
  WIDE.addEventListener("change", () => turn(WIDE.matches));
  turn(WIDE.matches);

  async function load() {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(String(response.status));
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      content.replaceChildren(template.content);
    } catch (error) {
      report(error);
      content.replaceChildren(failure());
    }
  }

  function failure() {
    const again = make("button", { class: "button" }, t("Try again"));
    again.addEventListener("click", () => void load().catch(report));
    const text = t("The details could not be loaded. The call goes on.");
    return make("div", { class: "stack stack-small" }, make("p", {}, text), again);
  }

  return () => {
    const whose = call.peer?.name ?? "";
    if (call.view === "check" || whose === shown) return;
    shown = whose;
    load().catch(report);
  };
}
