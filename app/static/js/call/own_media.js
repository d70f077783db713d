/** Whether what we send is there at all: microphones and cameras may give nothing. */

import { isDark } from "./brightness.js";

/** @import { Media } from "./media.js" */
/** @import { OwnState, Sample } from "./types.js" */

/** Milliseconds between two looks at the own picture. */
const LOOK = 5_000;
/** Milliseconds without a new picture of a camera that is on. */
const STOPPED = 3_000;

export class OwnMedia {
  #media;
  #video;
  /** Energy of our sound so far, as the browser counts it, and when it last grew. */
  #energy = -1;
  #heardAt = 0;
  /** Pictures of our camera so far, and when there was a new one; 0 for not yet. */
  #frames = 0;
  #seenAt = 0;
  #dark = false;
  #lookedAt = 0;

  /**
   * @param {Media} media
   * @param {() => HTMLVideoElement | null} video that shows the own picture
   */
  constructor(media, video) {
    this.#media = media;
    this.#video = video;
  }

  /**
   * @param {number | null} energy of our sound so far (webrtc-stats, totalAudioEnergy)
   * @param {number} now milliseconds
   */
  heard(energy, now) {
    const { microphone } = this.#media.state;
    if (energy === null || energy !== this.#energy || !microphone) this.#heardAt = now;
    this.#energy = energy ?? -1;
  }

  /**
   * Browsers do not say that a camera has stopped: it just gives no pictures any more.
   * @param {Sample["ownFrames"]} frames of each of our tracks; none while none is sent
   * @param {number} now milliseconds
   */
  seen(frames, now) {
    const { camera } = this.#media.tracks;
    const count = camera ? frames[camera.id] : undefined;
    if (count === undefined) this.#seenAt = 0;
    else if (count > this.#frames) this.#seenAt = now;
    // A new connection counts from nothing.
    this.#frames = count ?? 0;
  }

  /**
   * While there is no connection nothing is measured: that time makes no microphone
   * silent, and stops no camera that had not stopped before.
   * @param {number} now milliseconds
   */
  hold(now) {
    this.#heardAt &&= now;
    if (!this.#isStill(now)) this.#seenAt &&= now;
  }

  /**
   * @param {number} now milliseconds
   * @returns {OwnState}
   */
  look(now) {
    const { tracks, state } = this.#media;
    if (now - this.#lookedAt > LOOK) {
      const video = this.#video();
      this.#dark = state.camera && !!video && isDark(video);
      this.#lookedAt = now;
    }
    return {
      silentFor: state.microphone && this.#heardAt ? (now - this.#heardAt) / 1000 : 0,
      microphoneMuted: state.microphone && !!tracks.microphone?.muted,
      cameraStopped: state.camera && (!!tracks.camera?.muted || this.#isStill(now)),
      cameraDark: state.camera && this.#dark,
    };
  }

  /** @param {number} now */
  #isStill(now) {
    return this.#seenAt > 0 && now - this.#seenAt > STOPPED;
  }
}
