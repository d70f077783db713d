/** Camera and microphone: whether they can be had, and whether anything comes of them. */

import { isDark } from "../call/brightness.js";
import { loudness } from "../call/meter.js";

/** @import { Media } from "../call/media.js" */
/** @import { Kind } from "../call/types.js" */
/** @import { Device } from "./types.js" */

/** Milliseconds of listening and looking. */
const LONG_ENOUGH = 3_000;
const PAUSE = 100;

/** @type {Record<string, string>} */
const STATES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  Insecure: "unsupported",
  NoApi: "unsupported",
};

/** @type {Device} */
export const UNTRIED = { state: "untried", error: "" };

/**
 * @param {Media} media that was opened
 * @returns {Promise<Device>}
 */
export async function checkMicrophone(media) {
  const track = media.tracks.microphone;
  if (!track) return lacking(media, "microphone");
  return { state: (await isSilent(track)) ? "silent" : "ok", error: "" };
}

/**
 * @param {Media} media that was opened
 * @param {HTMLVideoElement} video that shows it
 * @returns {Promise<Device>}
 */
export async function checkCamera(media, video) {
  if (!media.tracks.camera) return lacking(media, "camera");
  const light = await within(() => video.videoWidth > 0 && !isDark(video));
  return { state: light ? "ok" : "dark", error: "" };
}

/**
 * @param {Media} media
 * @param {Kind} kind
 * @returns {Device}
 */
function lacking(media, kind) {
  const problem = media.problems[kind];
  if (!problem) return UNTRIED;
  return { state: STATES[problem.name] ?? "failed", error: problem.name };
}

/**
 * Even a quiet room has some noise: nothing at all is a switch or another program.
 * @param {MediaStreamTrack} track
 */
async function isSilent(track) {
  const context = new AudioContext();
  try {
    // Browsers let a page listen only after a click.
    if (context.state !== "running") await Promise.race([context.resume(), pause()]);
    if (context.state !== "running") return false;
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return !(await within(() => {
      analyser.getFloatTimeDomainData(samples);
      return loudness(samples) > 0;
    }));
  } finally {
    await context.close();
  }
}

/**
 * @param {() => boolean} seen
 * @returns {Promise<boolean>} whether it was seen in time
 */
async function within(seen) {
  for (let waited = 0; waited < LONG_ENOUGH; waited += PAUSE) {
    if (seen()) return true;
    await pause();
  }
  return seen();
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}
