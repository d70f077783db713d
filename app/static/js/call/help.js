/** Why there is no camera or microphone, in plain words, and what to do in this browser. */

import { t } from "../lib/text.js";

/** @import { Browser, Help, Kind } from "./types.js" */

/** The first that fits; most of them also carry the names of the others. */
const BROWSERS = /** @type {[Browser, RegExp][]} */ ([
  ["in-app", /FBAN|FBAV|Instagram|Line\/|MicroMessenger|; wv\)|WhatsApp/],
  ["ios-other", /(iPhone|iPad|iPod).*(CriOS|FxiOS|EdgiOS)/],
  ["ios", /iPhone|iPad|iPod/],
  ["samsung", /SamsungBrowser/],
  ["firefox-android", /Android.*Firefox/],
  ["android", /Android.*Chrome/],
  ["edge", /Edg\//],
  ["firefox", /Firefox/],
  ["chrome", /Chrome/],
  ["safari", /Safari/],
]);

/**
 * @param {string} [userAgent]
 * @param {number} [touchPoints] an iPad says it is a Mac, but a Mac has no touch screen
 * @returns {Browser}
 */
export function browser(
  userAgent = navigator.userAgent,
  touchPoints = navigator.maxTouchPoints,
) {
  if (/Macintosh.*Safari/.test(userAgent) && !/Chrome/.test(userAgent) && touchPoints)
    return "ios";
  return BROWSERS.find(([, pattern]) => pattern.test(userAgent))?.[0] ?? "other";
}

/**
 * What to tell about an error of getUserMedia.
 * @param {Error} error
 * @param {Kind[]} kinds what is missing because of it
 * @param {Browser} [used]
 * @returns {Help}
 */
export function explain(error, kinds, used = browser()) {
  const thing = name(kinds);
  if (used === "in-app" && error.name !== "NotFoundError") return inApp();
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return /system/i.test(error.message) ? bySystem(thing) : byPage(thing, used);
    case "NotFoundError":
      return notFound(thing);
    case "NotReadableError":
    case "AbortError":
      return inUse(thing);
    case "OverconstrainedError":
      return unfit(thing);
    case "Insecure":
      return insecure();
    case "NoApi":
      return tooOld();
    default:
      return unknown(thing, error);
  }
}

/** @param {Kind[]} kinds */
function name(kinds) {
  if (kinds.length > 1) return t("camera and microphone");
  return kinds[0] === "camera" ? t("camera") : t("microphone");
}

const onlyYou = () => t("We cannot change that from here; only you can.");
const whenYouSay = () => t("We try again when you say so.");
const andBack = () => t("Come back here and press “Try again”.");

/**
 * @param {string} thing
 * @param {Browser} used
 * @returns {Help}
 */
function byPage(thing, used) {
  const what = t("The browser does not let this page use your {thing}.", { thing });
  const steps = [...stepsToAllow(used), andBack()];
  return { what, doing: onlyYou(), steps, sign: SIGNS[used] };
}

/** What to look for in the address bar. @type {Partial<Record<Browser, Help["sign"]>>} */
const SIGNS = {
  chrome: "sliders-horizontal",
  android: "sliders-horizontal",
  edge: "lock",
  samsung: "lock",
  "firefox-android": "lock",
  firefox: "video-off",
  ios: "settings",
};

/**
 * @param {Browser} used
 * @returns {string[]}
 */
function stepsToAllow(used) {
  switch (used) {
    case "chrome":
    case "edge":
      return [
        t("Press the sign at the start of the address bar, above this page."),
        t("Switch on “Camera” and “Microphone”."),
      ];
    case "firefox":
      return [
        t(
          "Press the crossed-out camera or microphone at the start of the address bar.",
        ),
        t("Remove “Blocked” with the small x beside it."),
      ];
    case "safari":
      return [
        t("Open the menu “Safari” and there “Settings for This Website…”."),
        t("Set “Camera” and “Microphone” to “Allow”."),
      ];
    case "android":
    case "samsung":
    case "firefox-android":
      return [
        t("Tap the sign at the start of the address bar, then “Permissions”."),
        t("Allow “Camera” and “Microphone”."),
      ];
    case "ios":
      return [
        t("Tap the sign beside the address, then “Website Settings”."),
        t("Set “Camera” and “Microphone” to “Allow”."),
      ];
    case "ios-other":
      return [
        t("Open the settings of your phone and there this browser."),
        t("Switch on “Camera” and “Microphone”."),
      ];
    default:
      return [
        t("Open the settings of your browser for this page, near the address."),
        t("Allow camera and microphone."),
      ];
  }
}

/** @type {(thing: string) => Help} */
const bySystem = (thing) => ({
  what: t("Your device does not let this browser use the {thing}.", { thing }),
  doing: onlyYou(),
  steps: [
    t("Open the settings of your device, then “Privacy”, then camera or microphone."),
    t("Allow this browser. You may have to close and open it again."),
    andBack(),
  ],
});

/** @type {(thing: string) => Help} */
const notFound = (thing) => ({
  what: t("This device has no {thing}, or it is switched off.", { thing }),
  doing: t("We look again as soon as you plug one in."),
  steps: [
    t("Plug it in, or slide away the cover or switch on the laptop."),
    t("Or join without it: you can still hear, and see the other side."),
  ],
});

/** @type {(thing: string) => Help} */
const inUse = (thing) => ({
  what: t("Something else is using your {thing}, or it does not answer.", { thing }),
  doing: whenYouSay(),
  steps: [
    t("Close other apps and pages that may be in a call."),
    t("If that does not help, unplug the device and plug it in, or restart it."),
    andBack(),
  ],
});

/** @type {(thing: string) => Help} */
const unfit = (thing) => ({
  what: t("The {thing} that you chose does not fit, or is not there any more.", {
    thing,
  }),
  doing: t("We take any other one that works."),
  steps: [t("Choose another device in the menu, or press “Try again”.")],
});

/** @type {() => Help} */
const insecure = () => ({
  what: t("The connection to this page is not secure, so the browser gives no camera."),
  doing: onlyYou(),
  steps: [
    t("Open the link again with https:// at its start."),
    t("If that fails, tell the person who sent you the link."),
  ],
});

/** @type {() => Help} */
const tooOld = () => ({
  what: t("This browser cannot give a page camera and microphone."),
  doing: onlyYou(),
  steps: [
    t("Update the browser, or open the link in Chrome, Edge, Firefox or Safari."),
  ],
});

/** @type {() => Help} */
const inApp = () => ({
  what: t("This page is open inside another app, which gives it no camera."),
  doing: t("In a browser it works."),
  steps: [
    t("Open the menu of the app, mostly three dots, and choose “Open in browser”."),
    t("Or copy the link and open it in Chrome or Safari."),
  ],
});

/** @type {(thing: string, error: Error) => Help} */
const unknown = (thing, error) => ({
  what: t("The {thing} could not be started.", { thing }),
  doing: whenYouSay(),
  steps: [
    t("Press “Try again”. If that does not help, restart the browser."),
    t("For support: {name}.", { name: error.name }),
  ],
});
