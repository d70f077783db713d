/** Two connections in this page that may talk through a relay alone. */

import { report } from "../lib/dom.js";
import {
  echoChannel,
  floodChannel,
  measureEcho,
  measureFlood,
  opened,
  returnAll,
} from "./echo.js";
import { GatheringErrors } from "./gathering.js";

/** Milliseconds for one way: what took longer would be of no use in a call. */
const PATIENCE = 10_000;
/** Milliseconds after both ends have found all they can. */
const AFTERWARDS = 5_000;

export class Loopback {
  #near;
  #far;
  #errors;
  #echo;
  #flood;
  #into;
  #relays = 0;

  /** @param {RTCIceServer} server the one to go through */
  constructor(server) {
    /** @type {RTCConfiguration} */
    const through = { iceServers: [server], iceTransportPolicy: "relay" };
    this.#near = new RTCPeerConnection(through);
    this.#far = new RTCPeerConnection(through);
    this.#errors = new GatheringErrors(this.#near, this.#far);
    this.#echo = echoChannel(this.#near);
    returnAll(echoChannel(this.#far));
    this.#flood = floodChannel(this.#near);
    this.#into = floodChannel(this.#far);
  }

  /** Both ends were given an address by the relay. */
  get relayed() {
    return this.#relays > 1;
  }

  get errors() {
    return this.#errors.list;
  }

  /** @returns {Promise<boolean>} whether the two reached each other */
  async open() {
    const open = opened(this.#echo, PATIENCE);
    const inVain = this.#gathered().then(async (found) => {
      if (found) await new Promise((later) => setTimeout(later, AFTERWARDS));
      return this.#echo.readyState === "open";
    });
    await this.#describe();
    return Promise.race([open, inVain]);
  }

  echo() {
    return measureEcho(this.#echo);
  }

  /**
   * @param {number} millis
   * @param {number} most bytes
   */
  async flood(millis, most) {
    await opened(this.#flood, 2000);
    await opened(this.#into, 2000);
    return measureFlood(this.#flood, this.#into, millis, most);
  }

  close() {
    this.#near.close();
    this.#far.close();
  }

  async #describe() {
    const [near, far] = [this.#near, this.#far];
    /** @type {() => void} */
    let described = () => {};
    /** @type {Promise<void>} */
    const both = new Promise((resolve) => (described = resolve));
    this.#hand(near, far, both);
    this.#hand(far, near, both);
    await near.setLocalDescription();
    await far.setRemoteDescription(/** @type {any} */ (near.localDescription));
    await far.setLocalDescription();
    await near.setRemoteDescription(/** @type {any} */ (far.localDescription));
    described();
  }

  /**
   * @param {RTCPeerConnection} from
   * @param {RTCPeerConnection} to
   * @param {Promise<void>} described
   */
  #hand(from, to, described) {
    from.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate?.candidate) return;
      this.#relays += 1;
      described.then(() => to.addIceCandidate(candidate)).catch(report);
    });
  }

  /** @returns {Promise<boolean>} when both have asked the relay: whether it answered */
  async #gathered() {
    await Promise.all([this.#near, this.#far].map(gathered));
    return this.relayed;
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<void>}
 */
function gathered(pc) {
  return new Promise((resolve) => {
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState === "complete") resolve();
    });
  });
}
