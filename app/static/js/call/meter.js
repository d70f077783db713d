/** How loud the microphone is, and a chime to hear the speaker by. */

import { report } from "../lib/dom.js";
import { CAN_CHOOSE_SPEAKER } from "./media.js";

/** Decibels of full scale: silence of a quiet room, and a raised voice. */
const QUIET = -60;
const LOUD = -10;
/** Milliseconds between two values told to a screen reader. */
const TOLD = 500;

/**
 * How loud, from 0 to 1, as the ear has it.
 * @param {Float32Array} samples from -1 to 1
 * @returns {number}
 */
export function loudness(samples) {
  const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  const decibels = 10 * Math.log10(power + 1e-12);
  return Math.min(1, Math.max(0, (decibels - QUIET) / (LOUD - QUIET)));
}

export class Meter {
  #element;
  #bar;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  #toldAt = 0;

  /**
   * @param {HTMLElement} element `role="meter"` from 0 to 100
   * @param {HTMLElement} bar the part of it that moves
   */
  constructor(element, bar) {
    this.#element = element;
    this.#bar = bar;
  }

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#source?.disconnect();
    this.#source = null;
    if (!track) return this.#show(0);
    this.#context ??= startedContext();
    const analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(analyser);
    return this.#follow(analyser, track, new Float32Array(analyser.fftSize), 0);
  }

  close() {
    this.listen(null);
    this.#context?.close().catch(report);
    this.#context = null;
  }

  /**
   * @param {AnalyserNode} analyser
   * @param {MediaStreamTrack} track
   * @param {Float32Array<ArrayBuffer>} samples
   * @param {number} before
   */
  #follow(analyser, track, samples, before) {
    if (track !== this.#track) return;
    analyser.getFloatTimeDomainData(samples);
    // It rises at once and falls slowly, so that the eye can follow.
    const level = Math.max(loudness(samples), before * 0.9);
    this.#show(level);
    requestAnimationFrame(() => this.#follow(analyser, track, samples, level));
  }

  /** @param {number} level */
  #show(level) {
    this.#bar.style.transform = `scaleX(${level.toFixed(3)})`;
    const now = performance.now();
    if (level && now - this.#toldAt < TOLD) return;
    this.#toldAt = now;
    this.#element.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }
}

/** A context may only sound after a click; until then it tries at every one. */
function startedContext() {
  const context = new AudioContext();
  const resume = () => {
    if (context.state === "suspended") context.resume().catch(report);
  };
  resume();
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, resume);
  return context;
}

/** Two notes, a fourth apart. Hertz, and seconds from the start. */
const NOTES = [
  { pitch: 587.33, at: 0 },
  { pitch: 783.99, at: 0.22 },
];
const RINGING = 0.9;

/**
 * Play a short chime.
 * @param {string} speaker device id, empty for the system's choice
 */
export async function chime(speaker) {
  const context = new AudioContext();
  const exit = context.createMediaStreamDestination();
  for (const { pitch, at } of NOTES)
    ring(context, exit, pitch, context.currentTime + at);
  const player = new Audio();
  player.srcObject = exit.stream;
  try {
    if (CAN_CHOOSE_SPEAKER && speaker) await player.setSinkId(speaker);
    await player.play();
    await new Promise((done) => setTimeout(done, (RINGING + 0.5) * 1000));
  } finally {
    player.srcObject = null;
    await context.close();
  }
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} exit
 * @param {number} pitch
 * @param {number} at
 */
function ring(context, exit, pitch, at) {
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + RINGING);
  tone.connect(volume).connect(exit);
  tone.start(at);
  tone.stop(at + RINGING);
}
