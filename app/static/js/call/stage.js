/** The pictures: the other side's face or screen, and what stands where there is none. */

import { byId, report, setAttribute, setText } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @import { Call } from "./call.js" */
/** @import { Media } from "./media.js" */
/** @import { Peer, RemoteTracks } from "./types.js" */

/**
 * @param {Call} call
 * @param {Media} media
 * @returns {() => void} draws
 */
export function stage(call, media) {
  const frame = byId("stage", HTMLElement);
  const main = byId("remote", HTMLVideoElement);
  const face = byId("remote-camera", HTMLVideoElement);
  const sound = byId("remote-sound", HTMLAudioElement);
  const own = byId("own", HTMLVideoElement);
  const unmute = byId("sound", HTMLButtonElement);
  /** @type {RemoteTracks | null} */
  let remote = null;
  call.ownVideo = own;

  // What stands for the picture goes with its first frame, and not before.
  for (const event of ["loadeddata", "emptied"])
    main.addEventListener(event, () => {
      frame.dataset.picture = event === "loadeddata" ? "on" : "off";
      drawNobody(call, frame);
    });
  own.addEventListener("loadeddata", () => (frame.dataset.own = "on"));
  own.addEventListener("emptied", () => (frame.dataset.own = "off"));
  unmute.addEventListener("click", hear);

  call.onremote = (tracks) => {
    remote = tracks;
    show(sound, tracks?.microphone);
    draw();
  };

  /** Browsers may want a tap first; then say so. */
  function hear() {
    sound.play().then(
      () => (unmute.hidden = true),
      (error) => (unmute.hidden = error.name !== "NotAllowedError"),
    );
  }

  function draw() {
    const peer = call.view === "talk" ? call.peer : null;
    const sharing = !!peer?.media.screen;
    // Before the other side is present its camera is attached already: nothing to do then.
    const seen = !peer || peer.media.camera;
    const camera = seen ? remote?.camera : null;
    show(main, sharing ? remote?.screen : camera);
    show(face, sharing ? camera : null);
    face.hidden = !face.srcObject;
    show(own, media.tracks.camera);
    if (peer && sound.paused) hear();
    setSpeaker(sound, media);
    drawNobody(call, frame);
    drawSelf(call, media);
  }
  return draw;
}

/**
 * @param {HTMLMediaElement} element
 * @param {MediaStreamTrack | null | undefined} track
 */
function show(element, track) {
  const { srcObject } = element;
  const shown = srcObject instanceof MediaStream ? srcObject.getTracks()[0] : null;
  if (shown != track) element.srcObject = track ? new MediaStream([track]) : null;
}

/**
 * @param {HTMLAudioElement} sound
 * @param {Media} media
 */
function setSpeaker(sound, media) {
  if (!("setSinkId" in sound) || sound.sinkId === media.speaker) return;
  // It may be gone since: then the system's choice.
  sound.setSinkId(media.speaker).catch(() => media.choose("speaker", "").catch(report));
}

/**
 * @param {Call} call
 * @param {HTMLElement} frame
 */
function drawNobody({ view, peer, peerName }, frame) {
  const nobody = byId("nobody", HTMLElement);
  nobody.hidden = view !== "talk" || frame.dataset.picture === "on";
  setText(byId("initial", HTMLElement), [...peerName.trim()][0] ?? "");
  const text = nobody.hidden ? "" : nobodyText(peer, peerName);
  setText(byId("nobody-text", HTMLElement), text);
}

/**
 * @param {Peer | null} peer
 * @param {string} name
 */
function nobodyText(peer, name) {
  if (!peer) return "";
  if (peer.media.screen) return t("{name} shares the screen. It comes soon.", { name });
  if (peer.media.camera) return t("The picture of {name} comes soon.", { name });
  return t("The camera of {name} is off.", { name });
}

/**
 * @param {Call} call
 * @param {Media} media
 */
function drawSelf(call, media) {
  const text = byId("self-off", HTMLElement).lastElementChild;
  if (!text) return;
  const starting = media.asking.has("camera");
  setText(text, starting ? t("Your camera starts…") : t("Your camera is off"));
  setAttribute(
    byId("self", HTMLElement),
    "tabindex",
    call.view === "check" ? "-1" : "0",
  );
}
