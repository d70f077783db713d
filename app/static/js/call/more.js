/** What is needed rarely: devices, full screen, picture in picture, the help. */

import { byId, report, setIcon, within } from "../lib/dom.js";

/** @param {HTMLElement} devices the menus of the check, which come here */
export function morePanel(devices) {
  const button = byId("more", HTMLButtonElement);
  const panel = byId("more-panel", HTMLElement);

  /** @param {boolean} open */
  function turn(open) {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) within(panel, "button:not([hidden])", HTMLButtonElement).focus();
  }
  button.addEventListener("click", () => turn(!!panel.hidden));
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    turn(false);
    button.focus();
  });
  addEventListener("pointerdown", ({ target }) => {
    if (!(target instanceof Node) || panel.hidden) return;
    if (!panel.contains(target) && !button.contains(target)) turn(false);
  });

  fullScreenButton();
  pictureInPictureButton();
  const help = byId("show-shortcuts", HTMLButtonElement);
  help.addEventListener("click", () => {
    turn(false);
    showShortcuts();
  });
  return { adopt: () => panel.prepend(devices) };
}

export function showShortcuts() {
  const dialog = byId("shortcuts", HTMLDialogElement);
  if (!dialog.open) dialog.showModal();
}

/** The whole view, so that the controls stay. */
export function toggleFullScreen() {
  const { documentElement, fullscreenElement } = document;
  const step = fullscreenElement
    ? document.exitFullscreen()
    : documentElement.requestFullscreen?.();
  step?.catch(report);
}

function fullScreenButton() {
  const button = byId("full-screen", HTMLButtonElement);
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", toggleFullScreen);
  document.addEventListener("fullscreenchange", () => {
    setIcon(button, document.fullscreenElement ? "minimize" : "maximize");
    button.setAttribute("aria-pressed", String(!!document.fullscreenElement));
  });
}

function pictureInPictureButton() {
  const button = byId("picture-in-picture", HTMLButtonElement);
  const video = byId("remote", HTMLVideoElement);
  button.hidden = !document.pictureInPictureEnabled;
  button.addEventListener("click", () => {
    const step = document.pictureInPictureElement
      ? document.exitPictureInPicture()
      : video.requestPictureInPicture();
    step.catch(report);
  });
}
