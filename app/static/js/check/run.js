/** One check from its beginning to its verdict. */

import { checkCamera, checkMicrophone, UNTRIED } from "./devices.js";
import { thisBrowser } from "./browser.js";
import { checkBandwidth, checkDirect, checkTransport } from "./network.js";
import { checkSocket, post } from "./service.js";
import { transportsOf } from "./transports.js";
import { judge } from "./verdict.js";

/** @import { Media } from "../call/media.js" */
/** @import { CheckData, Device, Direct, Findings, Half, Service } from "./types.js" */
/** @import { Planned } from "./network.js" */

/** @type {Service} */
const UNREACHED = { reached: false, socket: false, relay: "", took: 0, error: "" };
/** @type {Direct} */
const NOTHING = { candidates: [], asked: true, took: 0, errors: [] };

export class Check {
  /** @type {Findings} */
  findings;
  /** What will be tried at the relay. @type {Planned[]} */
  planned = [];
  /** The servers that were given, for more checks. @type {RTCIceServer[]} */
  servers = [];
  /** The end of it, once it is reached. @type {Half | null} */
  half = null;

  /** Something above has changed. */
  onchange = () => {};

  #data;
  #media;
  #video;
  /** @type {Set<string>} */
  #running = new Set();
  /** @type {Set<string>} */
  #done = new Set(["browser"]);

  /**
   * @param {CheckData} data
   * @param {Media} media
   * @param {HTMLVideoElement} video that shows the camera
   */
  constructor(data, media, video) {
    this.#data = data;
    this.#media = media;
    this.#video = video;
    this.findings = {
      version: 1,
      at: new Date().toISOString(),
      host: location.host,
      browser: thisBrowser(),
      devices: { camera: UNTRIED, microphone: UNTRIED, speaker: UNTRIED },
      service: UNREACHED,
      direct: NOTHING,
      transports: [],
      bandwidth: null,
      online: navigator.onLine,
    };
  }

  /** How far a line has come. @param {string} id */
  progress = (id) => {
    if (this.#done.has(id) || (id === "speaker" && this.half)) return "done";
    if (this.#running.has(id)) return "running";
    return this.half ? "done" : "waiting";
  };

  /** @returns {Promise<Half>} */
  async run() {
    const { missing, secure } = this.findings.browser;
    if (secure && !missing.length)
      await Promise.all([this.#devices(), this.#network()]);
    return this.#conclude();
  }

  /** The person says whether the sound was heard. @param {boolean} heard */
  hear(heard) {
    /** @type {Device} */
    const speaker = { state: heard ? "heard" : "not_heard", error: "" };
    this.findings.devices = { ...this.findings.devices, speaker };
    this.#done.add("speaker");
    if (this.half) this.#conclude();
    this.onchange();
  }

  /** Devices may have been changed: look at them again. */
  async lookAgain() {
    await this.#devices();
    if (this.half) this.#conclude();
    this.onchange();
  }

  #conclude() {
    this.half = { ...this.findings, verdict: judge(this.findings) };
    this.onchange();
    return this.half;
  }

  async #devices() {
    await this.#step(["camera", "microphone"], async () => {
      await this.#media.open();
      const [camera, microphone] = await Promise.all([
        checkCamera(this.#media, this.#video),
        checkMicrophone(this.#media),
      ]);
      this.findings.devices = { ...this.findings.devices, camera, microphone };
    });
  }

  async #network() {
    await this.#step(["service"], () => this.#service());
    if (!this.findings.service.reached) return;
    this.planned = transportsOf(this.servers);
    await Promise.all([
      this.#step(["direct"], async () => {
        this.findings.direct = await checkDirect(this.servers);
      }),
      ...this.planned.map((one) => this.#step([one.url], () => this.#transport(one))),
    ]);
    await this.#step(["bandwidth"], () => this.#bandwidth());
  }

  async #service() {
    try {
      const { ice_servers, relay } = await post(this.#data.iceUrl);
      this.servers = ice_servers;
      this.findings.service = { ...(await checkSocket(this.#data.socketUrl)), relay };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.findings.service = { ...UNREACHED, error: text.slice(0, 200) };
    }
  }

  /** @param {Planned} planned */
  async #transport(planned) {
    const found = await checkTransport(planned);
    const all = [...this.findings.transports, found];
    const order = this.planned.map(({ url }) => url);
    all.sort((one, other) => order.indexOf(one.url) - order.indexOf(other.url));
    this.findings.transports = all;
  }

  async #bandwidth() {
    const best = this.findings.transports.find(({ ok }) => ok);
    const planned = this.planned.find(({ url }) => url === best?.url);
    if (planned) this.findings.bandwidth = await checkBandwidth(planned);
  }

  /**
   * @param {string[]} ids
   * @param {() => Promise<void>} work
   */
  async #step(ids, work) {
    for (const id of ids) this.#running.add(id);
    this.onchange();
    try {
      await work();
    } finally {
      for (const id of ids) {
        this.#running.delete(id);
        this.#done.add(id);
      }
      this.onchange();
    }
  }
}
