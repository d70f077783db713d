/** A call: signaling, negotiation and own media put together. Draws nothing. */

import { report } from "../lib/dom.js";
import { Media } from "./media.js";
import { Negotiation } from "./negotiation.js";
import { Outcome } from "./outcome.js";
import { Quality } from "./quality.js";
import { Gone, Signal } from "./signal.js";

/** @import { Level, Link, MediaState, PageData, Peer, PeerSignal } from "./types.js" */
/** @import { RemoteTracks, Sample, ServerMessage, View, Welcome } from "./types.js" */

/** Milliseconds: ICE servers that end sooner are asked for anew, and for how long. */
const FRESH = 60_000;
const REFRESH = 3_000;
/**
 * The camera starts at half its size: a first frame that small passes at once, where a
 * full one is dropped until the bandwidth is known (0.1 s instead of 0.25 s in Chromium).
 */
const FIRST_SCALE = 2;
/** Milliseconds of talk after which it is sent in full. */
const FULL_SIZE_AFTER = 2_000;
/** At most so often does a connection beyond repair make us join anew. */
const REBUILD = 15_000;

/** The order of the transceivers, on both sides. */
const LINES = /** @type {const} */ (["microphone", "camera", "screen"]);

export class Call {
  /** @type {Peer | null} */
  peer = null;
  /** We went from the check to the call. */
  entered = false;
  /** @type {number | null} milliseconds of this device's clock */
  startedAt = null;
  /** @type {RTCPeerConnectionState} */
  connection = "new";
  /** Of the connection that is there now: it has been connected once. */
  wasConnected = false;
  /** @type {Level | null} */
  level = null;
  relayed = false;
  /** Why it is over, else empty: `moved`, `ended`, `left`, `room_full`, `lapsed`… */
  over = "";
  /** Why it has ended, in the server's word. */
  endReason = "";

  /** @type {"end" | "leave" | null} asked for, and not yet answered */
  going = null;

  /** Something above has changed. */
  onchange = () => {};
  /** There are new tracks of the other side, or none any more. @type {(tracks: RemoteTracks | null) => void} */
  onremote = () => {};

  /** @type {Negotiation | null} */
  #negotiation = null;
  #signal;
  #quality;
  #outcome;
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  #iceUntil = 0;
  /** @type {(() => void) | null} an answer to `refresh` is awaited */
  #refreshed = null;
  #polite = true;
  /** Milliseconds by which our clock is ahead of the server's. */
  #ahead = 0;
  /** @type {MediaState | null} what the other side was last told */
  #told = null;
  #rebuiltAt = 0;

  /**
   * @param {PageData} data
   * @param {Media} media
   */
  constructor(data, media) {
    this.data = data;
    this.media = media;
    this.#signal = new Signal({
      url: socketUrl(data.socketUrl),
      ticket: data.ticket,
      instance: newInstance(),
      renew: () => renewTicket(data.ticketUrl),
      onmessage: (message) => this.#receive(message),
      onlink: (link, reason) => this.#linked(link, reason),
    });
    this.#quality = new Quality({
      pc: () => (this.view === "talk" ? this.pc : null),
      expects: () => !!this.peer?.connected && isSending(this.peer.media),
      onlevel: (level, sample) => this.#measured(level, sample),
      onstall: () => this.#negotiation?.restart(),
    });
    // One of the two tells, so that each call counts once.
    this.#outcome = new Outcome({
      send: (message) => this.data.role === "agent" && this.#signal.send(message),
    });
  }

  /** @returns {View} */
  get view() {
    if (this.over) return "over";
    if (!this.entered) return "check";
    return this.peer?.stage === "present" ? "talk" : "waiting";
  }

  get link() {
    return this.#signal.link;
  }

  get frames() {
    return this.#signal.frames;
  }

  get pc() {
    return this.#negotiation?.pc ?? null;
  }

  /** The other side's name, or who is awaited, or empty. */
  get peerName() {
    return this.peer?.name ?? this.data.awaitedName ?? "";
  }

  start() {
    this.#signal.start();
    this.#quality.start();
  }

  /** From the check to the call: all is prepared, so this waits for nothing. */
  enter() {
    this.entered = true;
    this.#told = this.media.state;
    this.#signal.send({ type: "enter", media: this.#told });
    this.#showTracks();
    this.onchange();
  }

  /** Own tracks have changed. */
  mediaChanged() {
    this.#showTracks();
    const state = this.media.state;
    if (this.entered && !isSame(state, this.#told)) {
      this.#told = state;
      this.#signal.send({ type: "media", media: state });
    }
    this.onchange();
  }

  /** @param {"end" | "leave"} how for both sides, or only to go away */
  go(how) {
    this.going = how;
    this.#signal.send({ type: how });
    this.onchange();
  }

  /** The seat went to another tab or device: take it here again, with the same media. */
  bringBack() {
    this.media.resume().catch(report);
    this.#rejoin();
  }

  #rejoin() {
    this.over = "";
    this.#drop();
    this.#set({ peer: null });
    this.#signal.rejoin(newInstance());
  }

  /** The network may be another one now. */
  hurry() {
    this.#signal.hurry();
  }

  // From the server

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "peer":
        return this.#meet(message.peer, message.started_at);
      case "description":
      case "candidates":
        return this.#negotiation?.receive(message);
      case "ice":
        return this.#refresh(message.ice_servers, message.expires_in);
      case "ended":
        this.endReason = message.reason;
        return undefined;
      case "error":
        return console.warn("signaling", message.code, message.text);
      default:
        return undefined;
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#polite = welcome.polite;
    this.#ahead = Date.now() - welcome.now * 1000;
    this.#refresh(welcome.ice_servers, welcome.ice_expires_in);
    this.#repeat(welcome);
    // Signals may have been lost: restart whether or not the other side saw a gap.
    this.#meet(welcome.peer, welcome.started_at, welcome.resumed);
  }

  /**
   * Say again what was said to a socket that was already dead.
   * @param {Welcome} welcome
   */
  #repeat(welcome) {
    if (this.going) return this.go(this.going);
    if (!this.entered) return;
    this.#told = this.media.state;
    if (!welcome.entered) this.#signal.send({ type: "enter", media: this.#told });
    else if (!isSame(this.#told, welcome.media))
      this.#signal.send({ type: "media", media: this.#told });
  }

  /**
   * @param {Peer | null} peer
   * @param {number | null} startedAt seconds of the server's clock
   * @param {boolean} [gap] our own signals may have been lost
   */
  #meet(peer, startedAt, gap = false) {
    const before = this.peer;
    this.peer = peer;
    if (startedAt) this.startedAt = startedAt * 1000 + this.#ahead;
    if (!peer) this.#drop();
    else if (!this.#negotiation || before?.instance !== peer.instance) this.#begin();
    else if (!this.#polite && (gap || before.generation !== peer.generation))
      this.#negotiation.restart();
    this.#showTracks();
    this.onchange();
  }

  /**
   * @param {Link} link
   * @param {string} reason
   */
  #linked(link, reason) {
    if (link === "over") {
      this.over = reason;
      this.#drop();
      this.media.pause();
    }
    this.onchange();
  }

  // The peer connection

  #begin() {
    this.#drop();
    this.#outcome.begin();
    this.#negotiation = new Negotiation({
      polite: this.#polite,
      createPeer: () => this.#createPeer(),
      send: (signal) => this.#sendToPeer(signal),
      iceServers: () => this.#validIceServers(),
      adopt: (pc) => this.#adopt(pc),
      onstate: (state) => this.#connectionChanged(state),
      onbroken: () => this.#rebuild(),
    });
    if (!this.#polite) this.#showRemote();
  }

  #drop() {
    if (!this.#negotiation) return;
    this.#negotiation.close();
    this.#negotiation = null;
    this.#outcome.drop();
    Object.assign(this, { connection: "new", wasConnected: false, level: null });
    this.onremote(null);
  }

  #createPeer() {
    const pc = new RTCPeerConnection({
      iceServers: this.#iceServers,
      bundlePolicy: "max-bundle",
    });
    if (!this.#polite) {
      // Sound and face in one stream, so that lips and voice stay together.
      const [face, screen] = [new MediaStream(), new MediaStream()];
      pc.addTransceiver("audio", { streams: [face] });
      pc.addTransceiver("video", {
        streams: [face],
        sendEncodings: [{ scaleResolutionDownBy: FIRST_SCALE }],
      });
      pc.addTransceiver("video", { streams: [screen] });
    }
    return pc;
  }

  /**
   * Of the agent's offer: what it has made, we use in both directions.
   * @param {RTCPeerConnection} pc
   */
  #adopt(pc) {
    const transceivers = pc.getTransceivers();
    if (transceivers.every(({ direction }) => direction === "sendrecv")) return;
    const [face, screen] = [new MediaStream(), new MediaStream()];
    transceivers.forEach((transceiver, line) => {
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(LINES[line] === "screen" ? screen : face);
    });
    this.#scaleCamera(FIRST_SCALE);
    this.#showRemote();
    this.#showTracks();
  }

  #showRemote() {
    const [microphone, camera, screen] = this.#transceivers().map(
      ({ receiver }) => receiver.track,
    );
    if (microphone && camera && screen) this.onremote({ microphone, camera, screen });
  }

  /** Send our tracks while both are present; before and after, nothing. */
  #showTracks() {
    const talking = this.view === "talk";
    if (talking) this.startedAt ??= Date.now();
    this.#outcome.expect(talking && !!this.peer?.connected);
    this.#transceivers().forEach(({ sender }, line) => {
      const kind = LINES[line];
      const track = talking && kind ? this.media.tracks[kind] : null;
      if (sender.track !== track) sender.replaceTrack(track).catch(report);
    });
  }

  /** @param {number} scale by which the camera's picture is made smaller */
  #scaleCamera(scale) {
    const sender = this.#transceivers()[LINES.indexOf("camera")]?.sender;
    const parameters = sender?.getParameters();
    const [encoding] = parameters?.encodings ?? [];
    if (!sender || !parameters || !encoding) return; // Not every browser has them yet.
    if (encoding.scaleResolutionDownBy === scale) return;
    encoding.scaleResolutionDownBy = scale;
    sender.setParameters(parameters).catch(report);
  }

  /**
   * @param {Level} level
   * @param {Sample} sample
   */
  #measured(level, sample) {
    const talked = Date.now() - (this.startedAt ?? Date.now());
    if (talked > FULL_SIZE_AFTER && level !== "poor") this.#scaleCamera(1);
    this.#outcome.measured(sample);
    this.#set({ level, relayed: sample.relayed });
  }

  #transceivers() {
    return this.pc?.getTransceivers() ?? [];
  }

  /** @param {PeerSignal} signal */
  #sendToPeer(signal) {
    return !!this.peer?.connected && this.#signal.send(signal);
  }

  /** @param {RTCPeerConnectionState} state */
  #connectionChanged(state) {
    // A dead path is often a dead network: then the socket is dead as well.
    if (state === "disconnected") this.#signal.hurry();
    if (state === "connected") this.#outcome.connected();
    this.#set({
      connection: state,
      wasConnected: this.wasConnected || state === "connected",
    });
  }

  #rebuild() {
    if (performance.now() - this.#rebuiltAt < REBUILD && this.#rebuiltAt) return;
    this.#rebuiltAt = performance.now();
    this.#rejoin();
  }

  /** @returns {Promise<RTCIceServer[]>} */
  async #validIceServers() {
    if (performance.now() < this.#iceUntil - FRESH) return this.#iceServers;
    if (this.#signal.send({ type: "refresh" }))
      await new Promise((resolve) => {
        this.#refreshed = () => resolve(undefined);
        setTimeout(resolve, REFRESH);
      });
    return this.#iceServers;
  }

  /**
   * @param {RTCIceServer[]} servers
   * @param {number} seconds
   */
  #refresh(servers, seconds) {
    this.#iceServers = servers;
    this.#iceUntil = performance.now() + seconds * 1000;
    this.#refreshed?.();
    this.#refreshed = null;
  }

  /** @param {Partial<Call>} changes */
  #set(changes) {
    Object.assign(this, changes);
    this.onchange();
  }
}

/** 22 characters of an alphabet that is safe everywhere. */
function newInstance() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/**
 * As older browsers need it: absolute, and with the scheme of sockets.
 * @param {string} path
 */
function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** @param {string} url */
async function renewTicket(url) {
  const response = await fetch(url, { method: "POST" });
  const body = await response.json();
  if (response.ok) return body.ticket;
  if (response.status === 401) throw new Gone("lapsed");
  if (response.status === 410 || response.status === 404) throw new Gone("room_ended");
  throw new Error(`${response.status} ${body.error?.code}`);
}

/**
 * @param {MediaState} one
 * @param {MediaState | null} other
 */
function isSame(one, other) {
  return !!other && LINES.every((kind) => one[kind] === other[kind]);
}

/** @param {MediaState} state */
function isSending({ microphone, camera }) {
  return microphone || camera;
}
