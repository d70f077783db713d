/**
 * Two negotiations in one page, joined as two browsers are: what is sent arrives in
 * order, some time later, or not at all while the socket is lost. For test_negotiation.py.
 */

import { Negotiation } from "../../../app/static/js/call/negotiation.js";

/** @import { PeerSignal } from "../../../app/static/js/call/types.js" */

const LINES = ["audio", "video", "video"];

/** Chance, but the same in every run of one seed (mulberry32). */
function chance(/** @type {number} */ seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (/** @type {number} */ milliseconds) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

class Pair {
  /** Of signals that arrived, and of those that were ignored or lost on the way. */
  delivered = 0;
  lost = 0;
  gap = false;
  /** @type {unknown[]} */
  broken = [];

  /** @param {() => number} random */
  constructor(random) {
    this.random = random;
    /** @type {Negotiation} */
    this.customer = this.#make(true, (signal) => this.#carry(signal, () => this.agent));
    /** @type {Negotiation} */
    this.agent = this.#make(false, (signal) =>
      this.#carry(signal, () => this.customer),
    );
  }

  /**
   * @param {boolean} polite
   * @param {(signal: PeerSignal) => boolean} send
   */
  #make(polite, send) {
    return new Negotiation({
      polite,
      send,
      iceServers: async () => [],
      createPeer: () => {
        const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
        if (!polite) for (const kind of LINES) pc.addTransceiver(kind);
        return pc;
      },
      adopt: (pc) => {
        for (const transceiver of pc.getTransceivers())
          transceiver.direction = "sendrecv";
      },
      onbroken: (error) => this.broken.push(String(error)),
    });
  }

  #lane = { customer: Promise.resolve(), agent: Promise.resolve() };

  /**
   * @param {PeerSignal} signal
   * @param {() => Negotiation} target
   */
  #carry(signal, target) {
    if (this.gap) {
      this.lost += 1;
      return false;
    }
    const late = pause(this.random() * 30);
    const way = target() === this.agent ? "agent" : "customer";
    this.#lane[way] = this.#lane[way].then(async () => {
      await late;
      // What was under way when the socket died is gone, too.
      if (this.gap) this.lost += 1;
      else {
        this.delivered += 1;
        target().receive(structuredClone(signal));
      }
    });
    return true;
  }

  /** A socket is lost for a while; then the agent restarts, as after every resume. */
  async loseSocket() {
    this.gap = true;
    await pause(this.random() * 60);
    this.gap = false;
    this.agent.restart();
  }

  /** Both sides want something at once: an offer each. */
  collide() {
    this.agent.restart();
    this.customer.restart();
  }

  /** A wish that needs a negotiation but no new candidates. */
  turn(/** @type {Negotiation} */ side) {
    const [, , screen] = side.pc.getTransceivers();
    if (!screen) return;
    const { direction } = screen;
    screen.direction = direction === "sendrecv" ? "recvonly" : "sendrecv";
  }

  /** Connected, nothing open, and both sides mean the same connection. */
  get isSettled() {
    const [one, other] = [this.agent.pc, this.customer.pc];
    return (
      [one, other].every(
        ({ connectionState, signalingState }) =>
          connectionState === "connected" && signalingState === "stable",
      ) &&
      fragment(one.localDescription) === fragment(other.remoteDescription) &&
      fragment(other.localDescription) === fragment(one.remoteDescription)
    );
  }

  /** @param {number} [limit] milliseconds */
  async settle(limit = 20_000) {
    const end = performance.now() + limit;
    while (!this.isSettled) {
      if (performance.now() > end) throw new Error(`not settled: ${this.describe()}`);
      await pause(20);
    }
  }

  describe() {
    return JSON.stringify(
      [this.agent.pc, this.customer.pc].map((pc) => [
        pc.connectionState,
        pc.signalingState,
        fragment(pc.localDescription),
        fragment(pc.remoteDescription),
      ]),
    );
  }

  /** Frames that the customer decodes of what the agent sends, within a while. */
  async framesSeen() {
    const canvas = document.createElement("canvas");
    const paint = canvas.getContext("2d");
    const [track] = canvas.captureStream(30).getVideoTracks();
    const drawing = setInterval(() => {
      if (paint) paint.fillStyle = `hsl(${performance.now() % 360} 50% 50%)`;
      paint?.fillRect(0, 0, canvas.width, canvas.height);
    }, 20);
    await this.agent.pc.getSenders()[1]?.replaceTrack(track ?? null);
    const end = performance.now() + 10_000;
    let decoded = 0;
    while (decoded < 10 && performance.now() < end) {
      await pause(50);
      for (const entry of (await this.customer.pc.getStats()).values())
        if (entry.type === "inbound-rtp") decoded += entry.framesDecoded ?? 0;
    }
    clearInterval(drawing);
    return decoded;
  }

  close() {
    this.agent.close();
    this.customer.close();
  }
}

/** @param {RTCSessionDescription | null} description */
function fragment(description) {
  return /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? "")?.[1];
}

const scenarios = {
  /** From nothing to a connection on all lines in both directions. */
  async begin() {
    const pair = new Pair(() => 0);
    await pair.settle();
    const directions = [pair.agent, pair.customer].map(({ pc }) =>
      pc.getTransceivers().map(({ currentDirection }) => currentDirection),
    );
    return { directions, signals: pair.delivered, frames: await pair.framesSeen() };
  },

  /** @param {number} seed */
  async storm(seed) {
    const pair = new Pair(chance(seed));
    await pair.settle();
    for (let i = 0; i < 20; i++) {
      pair.collide();
      await pause(pair.random() * 40);
    }
    await pair.settle();
    return { broken: pair.broken, frames: await pair.framesSeen() };
  },

  /** @param {number} seed */
  async rounds(seed) {
    const random = chance(seed);
    const pair = new Pair(random);
    const steps = [
      () => pair.agent.restart(),
      () => pair.customer.restart(),
      () => pair.collide(),
      () => pair.turn(pair.agent),
      () => pair.turn(pair.customer),
      () => pair.loseSocket(),
    ];
    for (let round = 0; round < 50; round++) {
      const count = 1 + Math.floor(random() * 3);
      for (let i = 0; i < count; i++) {
        await steps[Math.floor(random() * steps.length)]?.();
        await pause(random() * 50);
      }
      // Mostly it is not even allowed to come to rest.
      if (random() < 0.3) await pair.settle();
    }
    pair.agent.restart();
    await pair.settle();
    return { broken: pair.broken, lost: pair.lost, frames: await pair.framesSeen() };
  },

  /** The first offer and all that follows is lost; the polite side asks for another. */
  async deaf() {
    const pair = new Pair(() => 0);
    pair.gap = true;
    await pause(1_000);
    pair.gap = false;
    pair.customer.restart();
    await pair.settle();
    return { lost: pair.lost, frames: await pair.framesSeen() };
  },

  /** An answer that comes after its offer was made anew is not taken for the new one's. */
  async lateAnswer() {
    /** @type {PeerSignal[]} */
    const offers = [];
    const agent = new Negotiation({
      polite: false,
      send: (signal) => !!offers.push(signal),
      iceServers: async () => [],
      createPeer: () => {
        const pc = new RTCPeerConnection();
        pc.addTransceiver("audio");
        return pc;
      },
    });
    const sentOffers = () => offers.filter(({ type }) => type === "description");
    while (sentOffers().length < 1) await pause(10);
    agent.restart();
    while (sentOffers().length < 2) await pause(10);
    const states = [];
    for (const offer of sentOffers()) {
      const answerer = new Negotiation({
        polite: true,
        send: (answer) => {
          agent.receive(answer);
          return true;
        },
        iceServers: async () => [],
        createPeer: () => new RTCPeerConnection(),
      });
      answerer.receive(offer);
      await pause(300);
      states.push(agent.pc.signalingState);
      answerer.close();
    }
    agent.close();
    return states;
  },
};

Object.assign(window, { scenarios });
