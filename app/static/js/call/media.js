/** The own camera, microphone and screen: which, whether on, and what stands in the way. */

import { report } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @import { DeviceKind, Kind, MediaState } from "./types.js" */

const MEMORY = "deskside.devices";

/** @type {Record<Kind, MediaTrackConstraints>} */
const WISHES = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  camera: {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  },
};

/** @type {Record<MediaDeviceKind, DeviceKind>} */
const KINDS = {
  audioinput: "microphone",
  audiooutput: "speaker",
  videoinput: "camera",
};

/** Whether this browser can share a screen; phones cannot. */
export const CAN_SHARE = !!navigator.mediaDevices?.getDisplayMedia;
/** Whether this browser can send sound to another speaker than the system's. */
export const CAN_CHOOSE_SPEAKER = "setSinkId" in HTMLMediaElement.prototype;

export class Media {
  /** @type {Record<Kind | "screen", MediaStreamTrack | null>} */
  tracks = { microphone: null, camera: null, screen: null };
  /** @type {Record<Kind, Error | null>} why there is none */
  problems = { microphone: null, camera: null };
  /** @type {Set<Kind>} the browser is being asked for these */
  asking = new Set();

  /** Something above has changed. */
  onchange = () => {};
  /** The list of devices may have changed. */
  ondevices = () => {};
  /** Something to tell the person. @type {(text: string) => void} */
  onnotice = () => {};

  /** @type {Partial<Record<DeviceKind, string>>} */
  #chosen = remembered();
  /** @type {Set<Kind>} */
  #unwanted = new Set();
  #paused = this.state;

  constructor() {
    navigator.mediaDevices?.addEventListener("devicechange", () => this.ondevices());
  }

  /** @returns {MediaState} */
  get state() {
    const { microphone, camera, screen } = this.tracks;
    return { microphone: !!microphone?.enabled, camera: !!camera, screen: !!screen };
  }

  get speaker() {
    return this.#chosen.speaker ?? "";
  }

  /** Ask for camera and microphone together; what one lacks, the other may have. */
  async open() {
    const missing = kinds().filter((kind) => !this.tracks[kind]);
    try {
      await this.#acquire(missing);
    } catch (error) {
      for (const kind of missing) await this.#openAlone(kind, asError(error));
    }
  }

  /** @param {boolean} on */
  async setMicrophone(on) {
    const track = this.tracks.microphone;
    if (!track) return on ? this.#acquireSafely("microphone") : undefined;
    track.enabled = on;
    this.onchange();
  }

  /**
   * Off means off: the camera's light goes out.
   * @param {boolean} on
   */
  async setCamera(on) {
    if (on && !this.tracks.camera) return this.#acquireSafely("camera");
    if (!on) this.drop("camera");
  }

  /** @param {Kind | "screen"} kind */
  drop(kind) {
    // The browser may still be asking: what it then brings is not wanted any more.
    if (kind !== "screen") {
      this.#unwanted.add(kind);
      this.asking.delete(kind);
    }
    this.tracks[kind]?.stop();
    this.tracks[kind] = null;
    this.onchange();
  }

  /** Call it right in the click: browsers ask for that. */
  async share() {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
      });
      const [track] = stream.getVideoTracks();
      if (!track) return;
      // Text must stay sharp: let frames go first where the network is slow.
      track.contentHint = "detail";
      track.addEventListener("ended", () => {
        if (this.tracks.screen === track) this.drop("screen");
      });
      this.tracks.screen = track;
      this.onchange();
    } catch (error) {
      if (asError(error).name === "NotAllowedError") return; // They chose not to.
      report(error);
      this.onnotice(t("The screen could not be shared. Try again."));
    }
  }

  /** @returns {Promise<Record<DeviceKind, MediaDeviceInfo[]>>} */
  async devices() {
    /** @type {Record<DeviceKind, MediaDeviceInfo[]>} */
    const found = { microphone: [], camera: [], speaker: [] };
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    for (const device of all)
      // Windows lists its default for calls once more.
      if (device.deviceId && device.deviceId !== "communications")
        found[KINDS[device.kind]].push(device);
    return found;
  }

  /**
   * The device in use, or else the one that would be.
   * @param {DeviceKind} kind
   */
  current(kind) {
    const track = kind === "speaker" ? null : this.tracks[kind];
    return track?.getSettings().deviceId ?? this.#chosen[kind] ?? "";
  }

  /**
   * Use this device from now on, also the next time.
   * @param {DeviceKind} kind
   * @param {string} id
   */
  async choose(kind, id) {
    this.#chosen[kind] = id;
    remember(this.#chosen);
    if (kind === "speaker") return this.onchange();
    const old = this.tracks[kind];
    if (!old && !this.problems[kind]) return undefined;
    // Phones give no second camera while the first one runs.
    old?.stop();
    this.tracks[kind] = null;
    await this.#acquireSafely(kind);
    return this.#enable(kind, old?.enabled ?? true);
  }

  /** Everything off, to be taken up again by {@link resume}. */
  pause() {
    this.#paused = this.state;
    for (const track of Object.values(this.tracks)) track?.stop();
    this.tracks = { microphone: null, camera: null, screen: null };
    this.onchange();
  }

  async resume() {
    const { microphone, camera } = this.#paused;
    if (microphone) await this.#acquireSafely("microphone");
    if (camera) await this.#acquireSafely("camera");
  }

  /**
   * @param {Kind} kind
   * @param {Error} together what came of asking for both
   */
  async #openAlone(kind, together) {
    const denied = together.name === "NotAllowedError" && !(await mayAskFor(kind));
    if (denied || !navigator.mediaDevices) this.#fail(kind, together);
    else await this.#acquireSafely(kind);
  }

  /** @param {Kind} kind */
  async #acquireSafely(kind) {
    try {
      await this.#acquire([kind]);
    } catch (error) {
      const { name } = asError(error);
      const gone = name === "OverconstrainedError" || name === "NotFoundError";
      if (!gone || !this.#chosen[kind]) return this.#fail(kind, asError(error));
      // The remembered device is not there: take another; the menu shows which.
      delete this.#chosen[kind];
      await this.#acquireSafely(kind);
    }
  }

  /** @param {Kind[]} wanted */
  async #acquire(wanted) {
    if (!wanted.length) return;
    if (!navigator.mediaDevices?.getUserMedia)
      throw new DOMException("", window.isSecureContext ? "NoApi" : "Insecure");
    for (const kind of wanted) {
      this.asking.add(kind);
      this.#unwanted.delete(kind);
    }
    this.onchange();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: wanted.includes("microphone") && this.#constraints("microphone"),
        video: wanted.includes("camera") && this.#constraints("camera"),
      });
      for (const kind of wanted) this.#take(kind, stream);
    } finally {
      for (const kind of wanted) this.asking.delete(kind);
      this.onchange();
    }
    this.ondevices(); // Names of devices are told only after the consent.
  }

  /**
   * @param {Kind} kind
   * @param {MediaStream} stream
   */
  #take(kind, stream) {
    const [track] =
      kind === "camera" ? stream.getVideoTracks() : stream.getAudioTracks();
    if (!track) return;
    if (this.#unwanted.has(kind)) return track.stop();
    track.addEventListener("ended", () => {
      if (this.tracks[kind] === track) this.#unplugged(kind).catch(report);
    });
    this.tracks[kind]?.stop();
    this.tracks[kind] = track;
    this.problems[kind] = null;
  }

  /** @param {Kind} kind */
  async #unplugged(kind) {
    const enabled = this.tracks[kind]?.enabled ?? true;
    this.tracks[kind] = null;
    delete this.#chosen[kind];
    await this.#acquireSafely(kind);
    this.#enable(kind, enabled);
    this.#tellOther(kind);
  }

  /**
   * Another track goes on as the one before was.
   * @param {Kind} kind
   * @param {boolean} enabled
   */
  #enable(kind, enabled) {
    const track = this.tracks[kind];
    if (track) track.enabled = enabled;
    this.onchange();
  }

  /** @param {Kind} kind */
  #tellOther(kind) {
    const name = this.tracks[kind]?.label;
    if (kind === "camera")
      this.onnotice(
        name
          ? t("The camera went away. “{name}” is used now.", { name })
          : t("The camera went away, so your picture is off. Plug it in again."),
      );
    else
      this.onnotice(
        name
          ? t("The microphone went away. “{name}” is used now.", { name })
          : t("The microphone went away: nobody hears you. Plug it in again."),
      );
  }

  /**
   * @param {Kind} kind
   * @param {Error} error
   */
  #fail(kind, error) {
    this.problems[kind] = error;
    this.onchange();
  }

  /** @param {Kind} kind */
  #constraints(kind) {
    const id = this.#chosen[kind];
    if (id) return { ...WISHES[kind], deviceId: { exact: id } };
    return kind === "camera"
      ? { ...WISHES.camera, facingMode: "user" }
      : WISHES.microphone;
  }
}

/** @returns {Kind[]} */
function kinds() {
  return ["microphone", "camera"];
}

/**
 * Whether asking for one alone can succeed after asking for both was denied. Where
 * both are open to the question, the person has just closed it: not again.
 * @param {Kind} kind
 */
async function mayAskFor(kind) {
  const [own, other] = await Promise.all([
    permission(kind),
    permission(kind === "camera" ? "microphone" : "camera"),
  ]);
  return own === "granted" || (own === "prompt" && other === "denied");
}

/** @param {Kind} kind */
async function permission(kind) {
  try {
    const name = /** @type {PermissionName} */ (kind);
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return "unknown"; // Not every browser tells.
  }
}

/** @returns {Partial<Record<DeviceKind, string>>} */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
  } catch {
    return {}; // Private windows may refuse.
  }
}

/** @param {Partial<Record<DeviceKind, string>>} chosen */
function remember(chosen) {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(chosen));
  } catch {
    // Then it holds for this page only.
  }
}

/** @param {unknown} error */
function asError(error) {
  return error instanceof Error ? error : new Error(String(error));
}
