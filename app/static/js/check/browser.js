/** Which browser this is, and what it lacks for a call. */

/** @import { Browser } from "./types.js" */

/** The first that fits; most of them also carry the names of the others. */
const NAMES = /** @type {[string, RegExp][]} */ ([
  ["Edge", /Edg\w*\/(\d+)/],
  ["Samsung Internet", /SamsungBrowser\/(\d+)/],
  ["Opera", /OPR\/(\d+)/],
  ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /(?:Chrome|CriOS)\/(\d+)/],
  ["Safari", /Version\/(\d+).*Safari/],
]);

const PLATFORMS = /** @type {[string, RegExp][]} */ ([
  ["Android", /Android ?([\d.]*)/],
  ["iOS", /(?:iPhone|iPad).*? OS ([\d_]*)/],
  ["ChromeOS", / CrO[S] ()/],
  ["Windows", /Windows()/],
  ["macOS", /Mac OS X()/],
  ["Linux", /Linux()/],
]);

/**
 * @param {string} userAgent
 * @returns {string} such as "Chrome 140"
 */
export function browserName(userAgent) {
  return named(NAMES, userAgent) || "?";
}

/**
 * @param {string} userAgent
 * @returns {string} such as "Android 15"
 */
export function platformName(userAgent) {
  return named(PLATFORMS, userAgent).replaceAll("_", ".") || "?";
}

/** @returns {Browser} */
export function thisBrowser() {
  return {
    name: browserName(navigator.userAgent),
    platform: platformName(navigator.userAgent),
    agent: navigator.userAgent.slice(0, 400),
    language: navigator.language,
    secure: window.isSecureContext,
    missing: missing(),
  };
}

/** What a call cannot do without. */
function missing() {
  const rtc = "RTCPeerConnection" in window ? RTCPeerConnection.prototype : {};
  const sender = "RTCRtpSender" in window ? RTCRtpSender.prototype : {};
  const needed = {
    "peer-connection": "RTCPeerConnection" in window,
    transceivers: "addTransceiver" in rtc,
    "replace-track": "replaceTrack" in sender,
    "data-channel": "createDataChannel" in rtc,
    websocket: "WebSocket" in window,
    "media-devices": !!navigator.mediaDevices?.getUserMedia,
  };
  return Object.entries(needed).flatMap(([name, there]) => (there ? [] : [name]));
}

/**
 * @param {[string, RegExp][]} known
 * @param {string} userAgent
 */
function named(known, userAgent) {
  for (const [name, pattern] of known) {
    const found = pattern.exec(userAgent);
    if (found) return `${name} ${found[1]}`.trim();
  }
  return "";
}
