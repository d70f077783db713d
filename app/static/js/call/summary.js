/** Some seconds of a call in numbers, and in a word. Pure. */

import { mos } from "./e_model.js";
import { share } from "./sample.js";

/** @import { Level, Sample, Summary } from "./types.js" */

/** Milliseconds that Opus itself takes: a frame, and what it looks ahead (RFC 6716). */
const CODEC_DELAY = 26.5;

/** From there it is fair, or poor. Milliseconds, percent, MOS (ITU-T G.107, Annex B). */
const FAIR = { rtt: 250, loss: 3, mos: 3.6 };
const POOR = { rtt: 600, loss: 10, mos: 3.1 };

/**
 * @param {{rtt: number, loss: number, mos: number}} measured
 * @returns {Level}
 */
export function judge(measured) {
  const beyond = (/** @type {typeof FAIR} */ { rtt, loss, mos }) =>
    measured.rtt > rtt || measured.loss > loss || measured.mos < mos;
  if (beyond(POOR)) return "poor";
  return beyond(FAIR) ? "fair" : "good";
}

/**
 * @param {Sample[]} samples a second apart, the oldest first; at least one
 * @returns {Summary}
 */
export function summary(samples) {
  const now = /** @type {Sample} */ (samples.at(-1));
  const before = /** @type {Sample} */ (samples[0]);
  const since = (/** @type {keyof Sample} */ field) =>
    Math.max(0, Number(now[field]) - Number(before[field]));
  const seconds = Math.max(0.1, (now.at - before.at) / 1000);
  const kbps = (/** @type {keyof Sample} */ field) =>
    (since(field) * 8) / 1000 / seconds;

  const rtt = now.rtt * 1000;
  const loss =
    100 * mean(samples.slice(samples.length > 1 ? 1 : 0).map(({ loss }) => loss));
  const measured = { rtt, loss, mos: mos(soundOf(now, before)) };
  return bounded({
    ...measured,
    jitter: now.jitter * 1000,
    in_kbps: kbps("bytesReceived"),
    out_kbps: kbps("bytesSent"),
    width: now.width,
    height: now.height,
    fps: now.fps,
    freezes: since("freezes"),
    concealed: (100 * since("concealed")) / (since("played") || 1),
    path: now.path,
    protocol: now.protocol,
    level: judge(measured),
  });
}

/**
 * What the sound that comes to us has gone through.
 * @param {Sample} now
 * @param {Sample} before
 * @returns {{delay: number, loss: number}} milliseconds from mouth to ear, percent
 */
function soundOf(now, before) {
  const emitted = now.emitted - before.emitted;
  const buffered = now.buffered - before.buffered;
  const buffer = emitted > 0 ? (1000 * buffered) / emitted : 0;
  const lost = share(now.audioReceived, now.audioLost, {
    received: before.audioReceived,
    lost: before.audioLost,
  });
  return {
    delay: (now.rtt * 1000) / 2 + Math.max(0, buffer) + CODEC_DELAY,
    loss: 100 * lost,
  };
}

/**
 * Within what the service takes, and no longer than is of use.
 * @param {Summary} told
 * @returns {Summary}
 */
function bounded(told) {
  const within = (/** @type {number} */ value, /** @type {number} */ most) =>
    Math.min(most, Math.max(0, Math.round(value * 100) / 100 || 0));
  return {
    ...told,
    rtt: within(told.rtt, 60_000),
    jitter: within(told.jitter, 60_000),
    loss: within(told.loss, 100),
    mos: Math.max(1, within(told.mos, 4.5)),
    in_kbps: within(told.in_kbps, 1_000_000),
    out_kbps: within(told.out_kbps, 1_000_000),
    width: Math.round(within(told.width, 16_384)),
    height: Math.round(within(told.height, 16_384)),
    fps: within(told.fps, 1000),
    freezes: Math.round(within(told.freezes, 1000)),
    concealed: within(told.concealed, 100),
  };
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((total, value) => total + value, 0) / (values.length || 1);
}
