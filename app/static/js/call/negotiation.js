/**
 * Perfect negotiation for one RTCPeerConnection (W3C WebRTC, section 10.7). Knows neither
 * page nor socket: it is given a way to send, and is told what was received, in order.
 *
 * What differs from the specification's example, and why:
 * - Steps wait their turn in one queue, so the signaling state alone tells a collision.
 * - Messages keep their order, but some are lost when a socket dies. So an offer may be
 *   made anew over an unanswered one, and an answer says which offer it answers.
 * - A description waits 30 ms for its first candidates: fewer messages, no time lost,
 *   for nothing can be checked without them.
 * - The polite side asks for a restart instead of offering one: where two offers meet,
 *   one is taken back, and in Chromium the picture then stands still for good.
 * - Voices pause (DTX) and repair themselves (FEC), RFC 7587.
 */

/** @import { NegotiationOptions, PeerSignal } from "./types.js" */

/** Milliseconds: candidates are collected so long, and longer when nobody needs them. */
const SOON = 30;
const LATER = 1_000;
/** Of one message. */
const MOST_CANDIDATES = 64;

export class Negotiation {
  /** @type {RTCPeerConnection} */
  pc;

  #options;
  #closed = false;
  /** The last offer was ignored, so its candidates are, too. */
  #ignoring = false;
  #queue = Promise.resolve();

  /** @type {RTCIceCandidateInit[]} */
  #candidates = [];
  #gatheredAll = false;
  /** Candidates that came before the first description. @type {RTCIceCandidateInit[]} */
  #early = [];
  /** @type {(() => void) | null} ends the wait of a description for its candidates */
  #release = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #flushing;

  /** Whether only relays may be used. */
  #relayOnly = false;
  /** The other page has taken part since the last restart: signals pass. */
  answered = false;

  /** @param {NegotiationOptions} options */
  constructor(options) {
    this.#options = options;
    this.pc = options.createPeer();
    // New ICE servers alone make Chromium ask for an offer.
    if (!options.polite)
      this.pc.onnegotiationneeded = () => this.#enqueue(() => this.#offerIfStable());
    this.pc.onicecandidate = ({ candidate }) => this.#collect(candidate);
    this.pc.onicecandidateerror = (event) => options.oncandidateerror?.(event);
    this.pc.onconnectionstatechange = () =>
      this.#options.onstate?.(this.pc.connectionState);
    this.#enqueue(() => this.#configure());
  }

  /**
   * What the other side has sent, in the order in which it was sent.
   * @param {PeerSignal} signal
   */
  receive(signal) {
    if (signal.type === "restart") this.restart({ relayOnly: this.#relayOnly });
    else if (signal.type === "candidates")
      this.#enqueue(() => this.#addCandidates(signal.candidates, signal.end));
    else this.#enqueue(() => this.#accept(signal.description));
  }

  /**
   * Gather and connect anew; also makes good an offer or answer that was lost.
   * @param {{relayOnly?: boolean}} [how]
   */
  restart({ relayOnly = false } = {}) {
    this.#relayOnly = relayOnly;
    this.answered = false;
    if (this.#options.polite) this.#options.send({ type: "restart" });
    this.#enqueue(async () => {
      await this.#configure();
      if (this.#options.polite) return;
      this.pc.restartIce();
      await this.#offer();
    });
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#flushing);
    this.pc.onnegotiationneeded = this.pc.onicecandidate = null;
    this.pc.onconnectionstatechange = this.pc.onicecandidateerror = null;
    this.pc.close();
  }

  // Descriptions

  /** @param {() => Promise<void>} step */
  #enqueue(step) {
    this.#queue = this.#queue
      .then(() => (this.#closed ? undefined : step()))
      .catch((error) => this.#report(error));
  }

  async #configure() {
    const iceServers = await this.#options.iceServers();
    if (this.#closed || !iceServers.length) return;
    /** @type {RTCIceTransportPolicy} */
    const iceTransportPolicy = this.#relayOnly ? "relay" : "all";
    const changes = { iceServers, iceTransportPolicy };
    this.pc.setConfiguration?.({ ...this.pc.getConfiguration(), ...changes });
  }

  async #offerIfStable() {
    if (this.pc.signalingState === "stable") await this.#offer();
  }

  async #offer() {
    await this.pc.setLocalDescription();
    await this.#sendDescription();
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #accept(description) {
    if (description.type === "offer") await this.#answer(description);
    else if (this.#isAwaited(description)) {
      this.#ignoring = false;
      await this.#setRemote(description);
    }
  }

  /** @param {RTCSessionDescriptionInit} offer */
  async #answer(offer) {
    const collision = this.pc.signalingState !== "stable";
    this.#ignoring = collision && !this.#options.polite;
    if (this.#ignoring) return;
    if (collision) this.#dropCandidates();
    try {
      // Where ours is open, this takes it back first: the polite side yields.
      await this.#setRemote(offer);
    } catch (error) {
      this.#options.onbroken?.(error);
      throw error;
    }
    this.#options.adopt?.(this.pc);
    await this.pc.setLocalDescription();
    await this.#sendDescription(`a=x-answers:${origin(offer.sdp)}\r\n`);
  }

  /**
   * An answer to an offer that was since made anew would set the two sides at odds.
   * Whoever does not say what is answered is believed.
   * @param {RTCSessionDescriptionInit} answer
   */
  #isAwaited(answer) {
    if (this.pc.signalingState !== "have-local-offer") return false;
    const answered = /^a=x-answers:(\S+)/m.exec(answer.sdp ?? "")?.[1];
    return !answered || answered === origin(this.pc.localDescription?.sdp);
  }

  /** @param {string} [note] further lines; who does not know them must skip them (RFC 8866) */
  async #sendDescription(note = "") {
    await this.#firstCandidates();
    if (this.#closed || !this.pc.localDescription) return;
    const { type, sdp } = this.pc.localDescription;
    if (this.#gatheredAll) note += "a=end-of-candidates\r\n"; // RFC 8840, section 4.4
    this.#dropCandidates(); // They are in the description.
    const noted = sdp.replace(/^t=.*\r\n/m, (line) => line + note);
    const description = { type, sdp: askForPauses(noted) };
    this.#options.send({ type: "description", description });
  }

  // Candidates

  /** Until all candidates are there, or the time to wait for them is over. */
  #firstCandidates() {
    return new Promise((resolve) => {
      const done = () => {
        this.#release = null;
        resolve(undefined);
      };
      this.#release = done;
      setTimeout(done, SOON);
    });
  }

  /** @param {RTCIceCandidate | null} candidate */
  #collect(candidate) {
    // An empty one ends a generation in some browsers, null ends them all.
    if (candidate?.candidate) {
      this.#options.oncandidate?.(candidate);
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      this.#gatheredAll = false;
      this.#candidates.push({
        candidate: candidate.candidate,
        sdpMid,
        sdpMLineIndex,
        usernameFragment,
      });
    } else if (!candidate) this.#gatheredAll = true;
    if (!this.#release) {
      const urgent = this.#candidates.length && !this.#isConnected();
      this.#flushing ??= setTimeout(() => this.#flush(), urgent ? SOON : LATER);
    } else if (this.#gatheredAll) this.#release();
  }

  #flush() {
    this.#flushing = undefined;
    const end = this.#gatheredAll;
    // Of a connection that stands, nobody needs to know that there is nothing more.
    if (!this.#candidates.length && (!end || this.#isConnected())) return;
    do {
      const candidates = this.#candidates.splice(0, MOST_CANDIDATES);
      const last = !this.#candidates.length;
      this.#options.send({ type: "candidates", candidates, end: end && last });
    } while (this.#candidates.length);
  }

  #dropCandidates() {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#candidates = [];
    this.#gatheredAll = false;
  }

  /**
   * @param {RTCIceCandidateInit[]} candidates
   * @param {boolean} end
   */
  async #addCandidates(candidates, end) {
    const sdp = this.pc.remoteDescription?.sdp;
    if (!sdp) this.#early = [...this.#early, ...candidates].slice(-MOST_CANDIDATES);
    if (!sdp || this.#ignoring) return;
    for (const candidate of candidates)
      if (isOfGeneration(candidate, sdp)) await this.pc.addIceCandidate(candidate);
    if (end) await this.pc.addIceCandidate(undefined);
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #setRemote(description) {
    await this.pc.setRemoteDescription(description);
    this.answered = true;
    await this.#addCandidates(this.#early.splice(0), false);
  }

  #isConnected() {
    return this.pc.connectionState === "connected";
  }

  /** @param {unknown} error */
  #report(error) {
    if (!this.#closed) console.error("negotiation", error);
  }
}

/**
 * Which description this is: session id and version (RFC 8866, section 5.2).
 * @param {string} [sdp]
 */
function origin(sdp = "") {
  return /^o=\S+ (\S+) (\S+)/m.exec(sdp)?.slice(1).join(".");
}

/**
 * What we want to receive (RFC 7587, section 6.1): no packets while nobody speaks, and
 * in each the last one again, for when that is lost.
 * @param {string} sdp
 */
function askForPauses(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  return sdp.replace(new RegExp(`^a=fmtp:${opus} .*`, "m"), (line) => {
    const wanted = ["useinbandfec=1", "usedtx=1"].filter((one) => !line.includes(one));
    return [line, ...wanted].join(";");
  });
}

/**
 * A candidate of an offer that was taken back or replaced is of no use any more.
 * @param {RTCIceCandidateInit} candidate
 * @param {string} sdp
 */
function isOfGeneration({ usernameFragment }, sdp) {
  return !usernameFragment || sdp.includes(`a=ice-ufrag:${usernameFragment}\r\n`);
}
