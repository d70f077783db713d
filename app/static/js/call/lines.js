/** The three lines of one peer connection: which track each sends, and how much of it. */

import { report } from "../lib/dom.js";

/** @import { MediaState, RemoteTracks } from "./types.js" */

/** The order of the transceivers, on both sides. */
export const LINES = /** @type {const} */ (["microphone", "camera", "screen"]);

/**
 * The camera starts at half its size: a first frame that small passes at once, where a
 * full one is dropped until the bandwidth is known (0.1 s instead of 0.25 s in Chromium).
 */
const FIRST_SCALE = 2;

/** Bits a second that a voice may take; more is not heard. */
const VOICE = 40_000;

/**
 * Where there is not enough for all: voice first, then the screen (its text must stay
 * sharp, however slow), then the face (it may lose both size and frames).
 * @type {Record<keyof MediaState, {priority: RTCPriorityType, keep?: RTCDegradationPreference}>}
 */
const IMPORTANCE = {
  microphone: { priority: "high" },
  camera: { priority: "low", keep: "balanced" },
  screen: { priority: "medium", keep: "maintain-resolution" },
};

export class Lines {
  #pc;
  #most;
  #scale = FIRST_SCALE;
  #pictures = true;
  /** Changes of parameters wait for one another: a browser takes one at a time. */
  #changing = Promise.resolve();

  /**
   * @param {RTCPeerConnection} pc
   * @param {number} mostVideo bits a second that a picture may take
   */
  constructor(pc, mostVideo) {
    this.#pc = pc;
    this.#most = mostVideo;
  }

  /** By the side that makes the first offer. */
  open() {
    // Sound and face in one stream, so that lips and voice stay together.
    const [face, screen] = [new MediaStream(), new MediaStream()];
    this.#pc.addTransceiver("audio", {
      streams: [face],
      sendEncodings: [this.#limits("microphone")],
    });
    this.#pc.addTransceiver("video", {
      streams: [face],
      sendEncodings: [this.#limits("camera")],
    });
    this.#pc.addTransceiver("video", {
      streams: [screen],
      sendEncodings: [this.#limits("screen")],
    });
  }

  /**
   * Of the first offer: what the other side has made, we use in both directions.
   * @returns {boolean} whether it was the first
   */
  adopt() {
    const transceivers = this.#pc.getTransceivers();
    if (transceivers.every(({ direction }) => direction === "sendrecv")) return false;
    const [face, screen] = [new MediaStream(), new MediaStream()];
    transceivers.forEach((transceiver, line) => {
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(LINES[line] === "screen" ? screen : face);
    });
    this.#limit();
    // For voices Chromium takes no bounds before the answer is set.
    const again = () => this.#limit();
    this.#pc.addEventListener("signalingstatechange", again, { once: true });
    return true;
  }

  /** @returns {RemoteTracks | null} what may arrive */
  get remote() {
    const [microphone, camera, screen] = this.#pc
      .getTransceivers()
      .map(({ receiver }) => receiver.track);
    return microphone && camera && screen ? { microphone, camera, screen } : null;
  }

  /** @param {Partial<Record<keyof MediaState, MediaStreamTrack | null>>} tracks to send */
  show(tracks) {
    this.#pc.getTransceivers().forEach(({ sender }, line) => {
      const kind = LINES[line];
      const track = (kind && tracks[kind]) ?? null;
      if (sender.track !== track) sender.replaceTrack(track).catch(report);
    });
  }

  /** From now on the camera's picture may have its full size. */
  enlarge() {
    if (this.#scale === 1) return;
    this.#scale = 1;
    this.#limit();
  }

  /** @param {boolean} on whether there is room for pictures beside the voice */
  allowPictures(on) {
    if (this.#pictures === on) return;
    this.#pictures = on;
    this.#limit();
  }

  /**
   * @param {keyof MediaState} kind
   * @returns {RTCRtpEncodingParameters}
   */
  #limits(kind) {
    const { priority } = IMPORTANCE[kind];
    const common = { priority, networkPriority: priority };
    if (kind === "microphone") return { ...common, maxBitrate: VOICE };
    const scaleResolutionDownBy = kind === "camera" ? this.#scale : 1;
    return {
      ...common,
      maxBitrate: this.#most,
      active: this.#pictures,
      scaleResolutionDownBy,
    };
  }

  #limit() {
    this.#pc.getTransceivers().forEach(({ sender }, line) => {
      const kind = LINES[line];
      if (kind)
        this.#changing = this.#changing
          .then(() => this.#limitOne(sender, kind))
          .catch(report);
    });
  }

  /**
   * @param {RTCRtpSender} sender
   * @param {keyof MediaState} kind
   */
  async #limitOne(sender, kind) {
    if (this.#pc.connectionState === "closed") return;
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings ?? [];
    if (!encoding) return; // Not every browser has them yet.
    Object.assign(encoding, this.#limits(kind));
    const { keep } = IMPORTANCE[kind];
    await sender.setParameters(
      keep ? { ...parameters, degradationPreference: keep } : parameters,
    );
  }
}
