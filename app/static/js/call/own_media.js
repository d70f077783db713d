/** Whether what we send is there at all: microphones and cameras may give nothing. */

import { isDark } from "./brightness.js";

/** @import { Media } from "./media.js" */
/** @import { OwnState } from "./types.js" */

/** Milliseconds between two looks at the own picture. */
const LOOK = 5_000;

export class OwnMedia {
  #media;
  #video;
  /** Energy of our sound so far, as the browser counts it, and when it last grew. */
  #energy = -1;
  #heardAt = 0;
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
      cameraStopped: state.camera && !!tracks.camera?.muted,
      cameraDark: state.camera && this.#dark,
    };
  }
}
