/** What is to be said in words: who is awaited, states, time, and one status line. */

import { byId, setAttribute, setIcon, setText } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { own, said } from "./causes.js";

/** @import { Call } from "./call.js" */
/** @import { Peer } from "./types.js" */

/** Milliseconds that a notice stands. */
const NOTICE = 10_000;

/**
 * @param {Call} call
 * @returns {{draw: () => void, tell: (text: string) => void}}
 */
export function statusLine(call) {
  const line = byId("status", HTMLElement);
  let notice = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let forgetting;
  /** @type {Peer | null} */
  let before = null;

  /** @param {string} text */
  function tell(text) {
    notice = text;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => {
      notice = "";
      draw();
    }, NOTICE);
    draw();
  }

  function draw() {
    const wrong = trouble(call);
    const text = wrong || notice || sharing(call);
    setAttribute(line, "data-trouble", String(!!wrong));
    setText(line, text);
  }

  setInterval(() => drawTimer(call), 500);

  return {
    tell,
    draw: () => {
      const change = whatChanged(before, call.peer);
      before = call.peer;
      if (change && call.view === "talk") tell(change);
      draw();
      drawPeer(call);
      drawWaiting(call);
      drawTimer(call);
    },
  };
}

/** @param {Call} call */
function trouble(call) {
  const { view, link, peer, peerName: name, connection, going, troubles, data } = call;
  if (going && link === "lost")
    return t("The call ends as soon as the connection is back.");
  if (link === "lost")
    return troubles.own === "offline"
      ? own("offline", name, false)
      : t("Reconnecting… you need not do anything.");
  if (view !== "talk") return "";
  if (!peer?.connected)
    return connection === "connected"
      ? t("{name} reconnects. The call goes on.", { name })
      : t("The connection to {name} was lost. They are coming back…", { name });
  const connected = connection === "connected";
  const cause = said(troubles, name, connected, data.role === "agent");
  if (cause || (connected && !call.recovering)) return cause;
  if (call.wasConnected) return t("Reconnecting… you need not do anything.");
  return t("Connecting with {name}…", { name });
}

/** @param {Call} call */
function sharing({ view, media, peerName: name }) {
  const seen = view === "talk" && media.tracks.screen;
  return seen ? t("{name} sees your screen.", { name }) : "";
}

/**
 * News that a person who looks away should hear.
 * @param {Peer | null} before
 * @param {Peer | null} now
 */
function whatChanged(before, now) {
  if (!now || now.stage !== "present") return "";
  const { name } = now;
  if (before?.stage !== "present") return t("{name} is here.", { name });
  if (before.media.screen === now.media.screen) return "";
  return now.media.screen
    ? t("{name} shares the screen.", { name })
    : t("{name} no longer shares the screen.", { name });
}

/** @param {Call} call */
function drawPeer({ view, peer, peerName, data }) {
  if (view === "talk" || view === "waiting")
    setText(byId("peer-name", HTMLElement), peerName || data.title);
  const list = byId("peer-states", HTMLElement);
  list.hidden = view !== "talk";
  if (!peer) return;
  setAttribute(list, "aria-label", t("What {name} sends", { name: peer.name }));
  const { microphone, camera, screen } = peer.media;
  state("microphone", microphone, "mic", t("Microphone on"), t("Microphone off"));
  state("camera", camera, "video", t("Camera on"), t("Camera off"));
  state("screen", screen, "monitor", t("Screen shared"), t("Screen not shared"));
}

/**
 * @param {string} kind
 * @param {boolean} on
 * @param {string} sign
 * @param {...string} words on, off
 */
function state(kind, on, sign, ...words) {
  const item = byId(`peer-${kind}`, HTMLElement);
  setAttribute(item, "data-on", String(on));
  setIcon(item, on ? sign.replace("monitor", "monitor-up") : `${sign}-off`);
  const text = item.lastElementChild;
  if (text) setText(text, words[on ? 0 : 1] ?? "");
}

/** @param {Call} call */
function drawWaiting({ view, peer, peerName, data, startedAt }) {
  if (view !== "waiting") return;
  const name = peerName || t("the customer");
  setText(byId("waiting-title", HTMLElement), t("Waiting for {name}", { name }));
  setText(byId("waiting-text", HTMLElement), waitingText());

  function waitingText() {
    if (peer) return t("{name} is here and checks camera and microphone.", { name });
    if (startedAt)
      return t(
        "Their connection was lost. Stay here: the call goes on when they are back.",
      );
    if (data.role === "agent")
      return t("They have the link. The call begins by itself when they come in.");
    return t("They know that you are here. The call begins by itself.");
  }
}

/** @param {Call} call */
function drawTimer({ view, startedAt }) {
  const timer = byId("timer", HTMLElement);
  timer.hidden = view !== "talk" || !startedAt;
  if (!startedAt) return;
  const text = clock((Date.now() - startedAt) / 1000);
  // As it is laid out alone (call.css), its text makes no room for itself.
  if (text.length !== timer.textContent.length)
    timer.style.inlineSize = `${text.length}ch`;
  setText(timer, text);
}

/**
 * A length as a timer shows it: 4:07, 1:02:33.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
