/** What browsers find, and what they tell of servers that did not answer. */

/** @import { IceError } from "./types.js" */

const MOST = 20;

/** Keeps what `icecandidateerror` says, each thing once. */
export class GatheringErrors {
  /** @type {IceError[]} */
  list = [];

  /** @param {...RTCPeerConnection} connections */
  constructor(...connections) {
    for (const pc of connections)
      pc.addEventListener("icecandidateerror", (event) => this.#keep(event));
  }

  /** @param {RTCPeerConnectionIceErrorEvent} event */
  #keep({ errorCode, errorText, url }) {
    const known = this.list.some((one) => one.code === errorCode && one.url === url);
    if (known || this.list.length >= MOST) return;
    const text = (errorText ?? "").slice(0, 200);
    this.list.push({ code: errorCode, text, url: (url ?? "").slice(0, 200) });
  }
}

/**
 * Wait until a connection knows all its candidates, or for so long.
 * @param {RTCPeerConnection} pc with a local description under way
 * @param {number} millis
 * @returns {Promise<void>}
 */
export function allGathered(pc, millis) {
  return new Promise((resolve) => {
    setTimeout(resolve, millis);
    const look = () => {
      if (pc.iceGatheringState === "complete") resolve();
    };
    pc.addEventListener("icegatheringstatechange", look);
    look();
  });
}
