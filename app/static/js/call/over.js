/** What comes when it is over: another page, or a message with one way forward. */

import { byId } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @import { Call } from "./call.js" */
/** @import { Message } from "./types.js" */

/**
 * @param {Call} call
 * @returns {() => void} draws
 */
export function overView(call) {
  const view = byId("over", HTMLElement);
  const button = byId("over-button", HTMLButtonElement);
  let forward = () => {};
  button.addEventListener("click", () => forward());

  return () => {
    const wasHidden = view.hidden;
    view.hidden = call.view !== "over" || leads(call) !== "";
    if (call.view !== "over") return;
    const url = leads(call);
    if (url) return location.replace(url);
    const message = words(call);
    forward = message.forward;
    byId("over-title", HTMLElement).textContent = message.title;
    byId("over-text", HTMLElement).textContent = message.text;
    button.textContent = message.button;
    if (wasHidden) button.focus();
  };
}

/**
 * The page that says it, if it is not said here.
 * @param {Call} call
 */
function leads({ over, endReason, data }) {
  switch (over) {
    case "room_full":
      return data.fullUrl ?? data.endedUrl.replace(/ended$/, "full");
    case "room_ended":
      return withReason(data.endedUrl, "");
    case "ended":
      return withReason(data.endedUrl, endReason);
    case "left":
      // An agent goes on with the work, a customer is told that all is off.
      return data.role === "agent" ? data.homeUrl : withReason(data.endedUrl, "left");
    default:
      return "";
  }
}

/**
 * @param {string} path
 * @param {string} reason
 */
function withReason(path, reason) {
  const url = new URL(path, location.href);
  if (reason) url.searchParams.set("reason", reason);
  return url.href;
}

/**
 * @param {Call} call
 * @returns {Message}
 */
function words(call) {
  if (call.over === "moved")
    return {
      title: t("This call moved to another tab or device"),
      text: t("It goes on there. Here, camera and microphone are off."),
      button: t("Bring it back here"),
      forward: () => call.bringBack(),
    };
  if (call.over === "lapsed")
    return {
      title: t("You were away for too long"),
      text: t(
        "For safety this page has forgotten who you are. The room is still there.",
      ),
      button: call.data.role === "agent" ? t("Log in again") : t("Join again"),
      forward: () => location.assign(call.data.homeUrl),
    };
  return {
    title: t("This page lost its place in the call"),
    text: t("The room is still there. Load the page again to go back in."),
    button: t("Load again"),
    forward: () => location.reload(),
  };
}
