/** The check before the call: picture, meter, troubles in plain words, and three ways in. */

import { byId, icon, make, report, setIcon, setText } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { explain } from "./help.js";
import { Meter } from "./meter.js";

/** @import { Call } from "./call.js" */
/** @import { Media } from "./media.js" */
/** @import { Help, Kind } from "./types.js" */

/**
 * @param {Call} call
 * @param {Media} media
 * @returns {() => void} draws
 */
export function checkView(call, media) {
  const meter = new Meter(byId("meter", HTMLElement), byId("meter-bar", HTMLElement));
  const both = byId("join-both", HTMLButtonElement);
  const microphoneOnly = byId("join-microphone", HTMLButtonElement);
  const neither = byId("join-neither", HTMLButtonElement);
  let told = "";

  both.addEventListener("click", () => call.enter());
  microphoneOnly.addEventListener("click", () => enterWithout("camera"));
  neither.addEventListener("click", () => enterWithout("camera", "microphone"));
  neither.disabled = false; // Before, a press would have been lost.

  /** @param {...Kind} kinds */
  function enterWithout(...kinds) {
    for (const kind of kinds) media.drop(kind);
    call.enter();
  }

  function drawTroubles() {
    const helps = troubles(media);
    const text = JSON.stringify(helps);
    if (text === told) return; // An alert that is written anew is read out anew.
    told = text;
    const box = byId("trouble", HTMLElement);
    box.hidden = !helps.length;
    box.replaceChildren(...helps.map(drawHelp));
    if (helps.length) box.append(retryButton(media));
  }

  return () => {
    if (call.view !== "check") return meter.close();
    const { microphone, camera } = media.tracks;
    meter.listen(microphone);
    both.disabled = !microphone || !camera;
    microphoneOnly.disabled = !microphone;
    setText(byId("meter-text", HTMLElement), meterText(media));
    drawTroubles();
    return drawVerdict(call);
  };
}

/** @param {Media} media */
function meterText(media) {
  if (media.asking.size)
    return t("Your browser asks for camera and microphone: allow.");
  if (media.tracks.microphone) return t("Say something: the bar moves.");
  return t("No microphone: nobody would hear you.");
}

/**
 * @param {Media} media
 * @returns {Help[]}
 */
function troubles({ problems: { camera, microphone } }) {
  if (camera && microphone && camera.name === microphone.name)
    return [explain(camera, ["camera", "microphone"])];
  return [
    ...(camera ? [explain(camera, ["camera"])] : []),
    ...(microphone ? [explain(microphone, ["microphone"])] : []),
  ];
}

/** @param {Help} help */
function drawHelp({ what, doing, steps, sign }) {
  const box = make("div", { class: "notice notice-warn help" }, icon("triangle-alert"));
  const words = make("div", {}, make("h2", {}, what), make("p", {}, doing));
  if (sign) words.append(pictureOfPlace(sign));
  words.append(make("ol", {}, ...steps.map((step) => make("li", {}, step))));
  box.append(words);
  return box;
}

/**
 * The address bar, with the sign to press.
 * @param {string} sign
 */
function pictureOfPlace(sign) {
  const ring = make("span", { class: "place-sign" }, icon(sign));
  const address = make("span", { class: "place-address" }, location.host);
  return make(
    "div",
    { class: "place", "aria-hidden": "true", dir: "ltr" },
    ring,
    address,
  );
}

/** @param {Media} media */
function retryButton(media) {
  const button = make("button", { class: "button" });
  button.append(icon("rotate-cw"), t("Try again"));
  button.addEventListener("click", () => media.open().catch(report));
  return button;
}

/** @param {Call} call */
function drawVerdict(call) {
  const [sign, text] = verdict(call);
  const line = byId("verdict", HTMLElement);
  const words = /** @type {HTMLElement} */ (line.lastElementChild);
  setIcon(line, sign);
  setText(words, text);
}

/**
 * @param {Call} call
 * @returns {[string, string]} an icon and a sentence
 */
function verdict({ link, peer, connection, peerName, data }) {
  const name = peerName || t("The customer");
  if (link === "connecting") return ["hourglass", t("Reaching the service…")];
  if (link === "lost")
    return ["wifi-off", t("Reconnecting… you need not do anything.")];
  if (!peer)
    return data.role === "agent"
      ? ["hourglass", t("{name} has not come yet. You can go in and wait.", { name })]
      : ["hourglass", t("{name} is not here yet. You can go in and wait.", { name })];
  if (connection === "connected")
    return ["circle-check", t("The connection to {name} is ready.", { name })];
  if (connection === "failed" || connection === "disconnected")
    return ["signal-low", t("The network is difficult. We keep trying; you can join.")];
  return ["wifi", t("{name} is here. The connection is being prepared.", { name })];
}
