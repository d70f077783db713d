/** What a verdict means, and what to do about it, in plain words. */

import { t } from "../lib/text.js";

/** @import { Half, Verdict, Words } from "./types.js" */

/**
 * @param {Verdict} verdict
 * @returns {Words}
 */
export function verdictWords(verdict) {
  const { title, texts, steps } = networkWords(verdict.network);
  const more = [...verdict.devices, ...verdict.causes].map(trouble);
  return {
    title: verdict.network === "open" ? titleOfOpen(verdict) : title,
    texts: [...texts, ...more.map(([what]) => what)].filter(Boolean),
    steps: [...new Set([...steps, ...more.map(([, step]) => step)])].filter(Boolean),
  };
}

/** @param {Verdict} verdict */
function titleOfOpen({ devices, causes }) {
  if (devices.length)
    return t("The network is ready for video, but a device needs you.");
  if (causes.length) return t("Video works, but the network is weak.");
  return t("Ready for video.");
}

/**
 * @param {string} code
 * @returns {Words}
 */
function networkWords(code) {
  switch (code) {
    case "open":
      return {
        title: "",
        texts: [t("Bytes went to the relay and came back.")],
        steps: [],
      };
    case "udp_blocked":
      return {
        title: t("Works, but not by the best way: your network blocks UDP."),
        texts: [t("Calls go over TCP. Pictures may be coarser when much is going on.")],
        steps: [askForPort(), t("Or use another network, such as mobile data.")],
      };
    case "only_443":
      return {
        title: t(
          "Works, but only through port 443: your network or its proxy blocks the rest.",
        ),
        texts: [t("Calls go over TLS. Pictures may be coarser when much is going on.")],
        steps: [askForPort(), t("Or use another network, such as mobile data.")],
      };
    case "proxy_only":
      return {
        title: t("Works, but only through the proxy of your network."),
        texts: [t("Calls go over TLS and the proxy, which may make them late.")],
        steps: [askForPort(), t("Or use another network, such as mobile data.")],
      };
    case "no_relay":
      return {
        title: t("Works in most networks: this service has no relay."),
        texts: [
          t("Calls connect only where both sides reach each other directly."),
          t("So this page cannot prove more. The witness link below can."),
        ],
        steps: [t("Whoever runs this service can set up a relay (TURN).")],
      };
    case "relay_refused":
      return {
        title: t("Video may not connect: the relay answers, but refuses."),
        texts: [t("Your network is not the reason.")],
        steps: [t("Try again in a minute. If it stays so, send the report.")],
      };
    case "relay_down":
      return {
        title: t("Video may not connect: the relay is down at the moment."),
        texts: [t("Your network is not the reason."), t("We see it ourselves, too.")],
        steps: [t("Try again in some minutes. If it stays so, send the report.")],
      };
    case "relay_unreachable":
      return {
        title: t("Video may not connect: the relay cannot be reached from here."),
        texts: [t("A direct connection may work, but that cannot be counted on.")],
        steps: [elsewhere(), askForPort()],
      };
    case "name_not_found":
      return {
        title: t("Video may not connect: your network does not find the relay's name."),
        texts: [],
        steps: [elsewhere(), t("Ask whoever keeps your network about its DNS.")],
      };
    case "no_path":
      return {
        title: t("Video cannot connect: nothing gets through to the relay from here."),
        texts: [
          t(
            "Neither UDP nor any TCP port of the relay was reached. The network blocks them, or the relay is down.",
          ),
        ],
        steps: [elsewhere(), askForPort()],
      };
    case "no_socket":
      return {
        title: t("Video cannot connect: your network breaks WebSockets."),
        texts: [t("Pages load, but the line by which calls are arranged is cut.")],
        steps: [
          elsewhere(),
          t(
            "Ask whoever keeps your network to let WebSockets through (wss, port 443).",
          ),
        ],
      };
    case "insecure":
      return {
        title: t("Video cannot connect: this page was not opened securely."),
        texts: [t("Browsers give camera and microphone to https pages only.")],
        steps: [t("Open the link again with https:// at its start.")],
      };
    case "old_browser":
      return {
        title: t("Video cannot connect: this browser cannot make video calls."),
        texts: [t("It is too old, or video calls are switched off in it.")],
        steps: [
          t("Update the browser, or open the link in Chrome, Edge, Firefox or Safari."),
        ],
      };
    default:
      return {
        title: t("Video cannot connect: the service is not reached from here."),
        texts: [t("This device may be offline.")],
        steps: [t("Look whether other pages open, then try again.")],
      };
  }
}

const askForPort = () =>
  t("Ask whoever keeps your network to open what the table of rules below names.");

const elsewhere = () =>
  t("Use another network, such as mobile data, or switch off a VPN.");

/**
 * @param {string} code of a device or of the network's speed
 * @returns {[string, string]} what it is, and what to do
 */
function trouble(code) {
  switch (code) {
    case "microphone_denied":
      return [
        t("The browser does not let this page use the microphone."),
        t("Allow camera and microphone: press the sign in the address bar."),
      ];
    case "camera_denied":
      return [
        t("The browser does not let this page use the camera."),
        t("Allow camera and microphone: press the sign in the address bar."),
      ];
    case "microphone_missing":
      return [t("No microphone was found."), t("Plug one in, or use a phone.")];
    case "camera_missing":
      return [
        t("No camera was found."),
        t("Plug one in, or call without: you still see the other side."),
      ];
    case "microphone_busy":
      return [t("The microphone does not answer."), closeOthers()];
    case "camera_busy":
      return [t("The camera does not answer."), closeOthers()];
    case "microphone_silent":
      return [
        t("The microphone gives no sound at all: nobody would hear you."),
        t("Look for a switch at the headset, or choose another microphone."),
      ];
    case "camera_dark":
      return [
        t("The picture of the camera is black."),
        t("Open the cover of the camera, or choose another one."),
      ];
    case "speaker_not_heard":
      return [
        t("You did not hear the sound."),
        t("Turn the volume up, or choose another speaker."),
      ];
    case "slow_network":
      return [
        t("The network is slow: pictures will be coarse."),
        t("Move closer to the Wi-Fi, or stop downloads."),
      ];
    case "high_delay":
      return [
        t("The network answers late: you will talk into each other."),
        t("Use a cable or another network."),
      ];
    default:
      return code.startsWith("camera")
        ? [t("The camera could not be started."), closeOthers()]
        : [t("The microphone could not be started."), closeOthers()];
  }
}

const closeOthers = () => t("Close other apps and pages that may be in a call.");

/**
 * What two networks are to each other.
 * @param {string} code
 * @returns {[string, string]} a sentence, and what it means
 */
export function pairWords(code) {
  switch (code) {
    case "direct":
      return [
        t("The two reach each other directly."),
        t("The relay works for both, too, should that way break."),
      ];
    case "relay":
      return [
        t("The two reach each other through the relay."),
        t("Not directly, which is usual between two firewalls. Video works."),
      ];
    case "direct_only":
      return [
        t("The two reach each other directly, but not through the relay."),
        t("Video works until one of them changes the network."),
      ];
    default:
      return [
        t("The two do not reach each other."),
        t("See on each side what the verdict asks for."),
      ];
  }
}

/** @param {Half} half */
export function halfTitle({ verdict }) {
  return verdictWords(verdict).title;
}
