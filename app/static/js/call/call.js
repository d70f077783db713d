/** A call: signaling, negotiation and own media put together. Draws nothing. */

import { report } from "../lib/dom.js";
import { newest } from "./arrivals.js";
import { Bandwidth } from "./bandwidth.js";
import { diagnose } from "./diagnosis.js";
import { Evidence } from "./evidence.js";
import { IceServers } from "./ice_servers.js";
import { holdsOthers } from "./left_relays.js";
import { LINES, Lines } from "./lines.js";
import { Media } from "./media.js";
import { Negotiation } from "./negotiation.js";
import { Outcome } from "./outcome.js";
import { OwnMedia } from "./own_media.js";
import { Quality } from "./quality.js";
import { Recovery } from "./recovery.js";
import { roundTrips } from "./round_trips.js";
import { newInstance, renewTicket, socketUrl } from "./seat.js";
import { Signal } from "./signal.js";
import { Troubles } from "./troubles.js";

/** @import { Cause, FarRelay, Known, Link, MediaState, PageData, Peer, PeerSignal } from "./types.js" */
/** @import { RemoteTracks, Sample, ServerMessage, Situation, Step, Summary, View, Welcome } from "./types.js" */

/** Milliseconds of talk after which the camera is sent in full. */
const FULL_SIZE_AFTER = 2_000;
/** At most so often does a connection beyond repair make us join anew. */
const REBUILD = 10_000;
/** Milliseconds without an answer of the other page after which we come anew. */
const UNANSWERED = 8_000;
/** Milliseconds: a search for a path that has just begun is given its time. */
const GIVEN = 1_000;
/** Milliseconds after which a browser has let go of a relay that was to be left, if it
 * does; the polite side waits longer, since one new connection is enough for both. */
const LEFT = 90_000;
const LEFT_POLITE = 100_000;
/** Milliseconds between two diagnoses. */
const DIAGNOSE = 1_000;
const MOST_EVENTS = 200;

/** @type {MediaState} */
const NOTHING = { microphone: false, camera: false, screen: false };

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
  /** @type {Summary | null} of the last seconds */
  quality = null;
  /** What is wrong, here and at the other side. */
  troubles;
  /** Why it is over, else empty: `moved`, `ended`, `left`, `room_full`, `lapsed`… */
  over = "";
  /** Why it has ended, in the server's word. */
  endReason = "";

  /** @type {"end" | "leave" | null} asked for, and not yet answered */
  going = null;

  /** What happened to the connection, the last of it. @type {{at: number, what: string}[]} */
  events = [];
  /** Shows our own picture. @type {HTMLVideoElement | null} */
  ownVideo = null;

  /** Something above has changed. */
  onchange = () => {};
  /** There are new tracks of the other side, or none any more. @type {(tracks: RemoteTracks | null) => void} */
  onremote = () => {};

  /** @type {Negotiation | null} */
  #negotiation = null;
  /** @type {Lines | null} of the same connection */
  #lines = null;
  #evidence = new Evidence();
  #bandwidth = new Bandwidth();
  #own;
  /** @type {Recovery | null} while somebody is there */
  #recovery = null;
  #searchingSince = 0;
  /** What was wrong when we last looked and had no path. @type {Cause} */
  #wrong = "";
  #begunAt = 0;
  #signal;
  #quality;
  #outcome;
  #iceServers;
  #polite = true;
  /** Milliseconds by which our clock is ahead of the server's. */
  #ahead = 0;
  /** @type {Sample | null} the last one */
  #sample = null;
  /** @type {MediaState | null} what the other side was last told */
  #told = null;
  #rebuiltAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} a relay was to be left */
  #leaving;

  /**
   * @param {PageData} data
   * @param {Media} media
   */
  constructor(data, media) {
    this.data = data;
    this.media = media;
    this.#own = new OwnMedia(media, () => this.ownVideo);
    this.#signal = new Signal({
      url: socketUrl(data.socketUrl),
      ticket: data.ticket,
      instance: newInstance(),
      renew: () => renewTicket(data.ticketUrl),
      onmessage: (message) => this.#receive(message),
      onlink: (link, reason) => this.#linked(link, reason),
    });
    this.#iceServers = new IceServers(() => this.#signal.send({ type: "refresh" }));
    this.troubles = new Troubles(
      // Of a device that is offline, a socket may not know it yet.
      (cause) => navigator.onLine && this.#signal.send({ type: "trouble", cause }),
    );
    this.#quality = new Quality({
      pc: () => (this.view === "talk" ? this.pc : null),
      onsample: (sample, lately) => this.#measured(sample, lately),
      send: (message) => this.#signal.send(message),
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

  /** Media has stopped, and is being brought back. */
  get recovering() {
    return !!this.#recovery?.climbing;
  }

  /** The other side's name, or who is awaited, or empty. */
  get peerName() {
    return this.peer?.name ?? this.data.awaitedName ?? "";
  }

  start() {
    this.#signal.start();
    this.#quality.start();
    setInterval(() => this.#diagnose(performance.now()), DIAGNOSE);
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
    this.#recovery?.suspect();
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
        this.#evidence.told(JSON.stringify(message));
        return this.#negotiation?.receive(message);
      case "restart":
        return this.#asked(!!message.anew);
      case "trouble":
        this.troubles.theirs = message.cause;
        return this.onchange();
      case "ice":
        this.#iceServers.take(message.ice_servers, message.expires_in);
        return message.move ? this.#leaveRelay() : undefined;
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
    this.#iceServers.take(welcome.ice_servers, welcome.ice_expires_in);
    this.#repeat(welcome);
    // Signals may have been lost: restart whether or not the other side saw a gap.
    this.#meet(welcome.peer, welcome.started_at, welcome.resumed);
    if (welcome.measure?.length) this.#measureRelays(welcome.measure).catch(report);
  }

  /**
   * While the devices are checked there is time for it.
   * @param {FarRelay[]} relays
   */
  async #measureRelays(relays) {
    const found = await roundTrips(relays);
    if (Object.keys(found).length)
      this.#signal.send({ type: "refresh", round_trips: found });
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
    if (!peer) this.#forgetPeer();
    else if (!this.#negotiation || before?.instance !== peer.instance) this.#begin();
    else if (!this.#polite && (gap || before.generation !== peer.generation))
      if (this.recovering) this.#beginAnew();
      else this.#restart();
    this.#showTracks();
    this.onchange();
  }

  /**
   * @param {Link} link
   * @param {string} reason
   */
  #linked(link, reason) {
    this.#note(`socket ${link}`);
    if (link === "over") {
      this.over = reason;
      this.#forgetPeer();
      this.media.pause();
    }
    this.onchange();
  }

  // The peer connection

  #begin() {
    this.#drop();
    this.#outcome.begin();
    this.troubles.forget();
    this.#search();
    this.#begunAt = this.#searchingSince;
    this.#recovery ??= this.#newRecovery();
    this.#negotiation = new Negotiation({
      polite: this.#polite,
      createPeer: () => this.#createPeer(),
      send: (signal) => this.#sendToPeer(signal),
      iceServers: () => this.#iceServers.valid(),
      adopt: () => this.#adopt(),
      onstate: (state) => this.#connectionChanged(state),
      oncandidate: (candidate) => this.#evidence.found(candidate),
      oncandidateerror: (error) => this.#evidence.failed(error),
      onbroken: () => this.#joinAnew(),
    });
    this.#recovery.begin();
    if (!this.#polite) this.#showRemote();
    this.#showTracks();
  }

  /** A search for a path begins; what an earlier one found may be no longer so. */
  #search() {
    this.#evidence = new Evidence();
    this.#searchingSince = performance.now();
  }

  /** @param {{relayOnly?: boolean}} [how] */
  #restart(how) {
    this.#search();
    this.#negotiation?.restart(how);
  }

  /** The relay that we use is to be left. */
  #leaveRelay() {
    this.#restart();
    clearTimeout(this.#leaving);
    const patience = this.#polite ? LEFT_POLITE : LEFT;
    this.#leaving = setTimeout(() => this.#letGo().catch(report), patience);
  }

  /** A relay that is still held would never become empty: a new connection leaves it. */
  async #letGo() {
    if (!this.pc || !(await holdsOthers(this.pc, this.#iceServers.list))) return;
    if (!this.#situation().reachable) return;
    this.#note("relay still held");
    this.#beginAnew();
  }

  /**
   * The other side sees nothing. Where it begins anew it has dropped its connection.
   * @param {boolean} anew
   */
  #asked(anew) {
    if (anew)
      return this.#polite || !isRecent(this.#begunAt) ? this.#begin() : undefined;
    return isRecent(this.#searchingSince) ? undefined : this.#restart();
  }

  /** They are gone, and nothing is to be brought back. */
  #forgetPeer() {
    this.#drop();
    this.#recovery?.end();
    this.#recovery = null;
    this.troubles.forget();
  }

  #drop() {
    if (!this.#negotiation) return;
    this.#negotiation.close();
    this.#negotiation = this.#lines = null;
    this.#outcome.drop();
    Object.assign(this, { connection: "new", wasConnected: false, quality: null });
    this.onremote(null);
  }

  #createPeer() {
    const pc = new RTCPeerConnection({
      iceServers: this.#iceServers.list,
      bundlePolicy: "max-bundle",
    });
    this.#lines = new Lines(pc, this.data.mostVideoKbps * 1000);
    this.#lines.allowPictures(this.#bandwidth.pictures);
    if (!this.#polite) this.#lines.open();
    return pc;
  }

  #adopt() {
    if (!this.#lines?.adopt()) return;
    this.#showRemote();
    this.#showTracks();
  }

  #showRemote() {
    const tracks = this.#lines?.remote;
    if (tracks) this.onremote(tracks);
  }

  /** Send our tracks while both are present; before and after, nothing. */
  #showTracks() {
    const talking = this.view === "talk";
    if (talking) this.startedAt ??= Date.now();
    this.#outcome.expect(talking && !!this.peer?.connected);
    this.#lines?.show(talking ? this.media.tracks : {});
  }

  /**
   * @param {Sample} sample
   * @param {Summary} quality
   */
  #measured(sample, quality) {
    const talked = Date.now() - (this.startedAt ?? Date.now());
    if (talked > FULL_SIZE_AFTER && quality.level !== "poor") this.#lines?.enlarge();
    this.#lines?.allowPictures(this.#bandwidth.look(sample, performance.now()));
    this.#own.heard(sample.ownEnergy, performance.now());
    this.#own.seen(this.#bandwidth.pictures ? sample.ownFrames : {}, performance.now());
    this.#outcome.measured(sample);
    this.#sample = sample;
    this.#set({ quality });
  }

  /** @param {PeerSignal} signal */
  #sendToPeer(signal) {
    return !!this.peer?.connected && this.#signal.send(signal);
  }

  /** @param {RTCPeerConnectionState} state */
  #connectionChanged(state) {
    this.#note(`connection ${state}`);
    if (state === "connected") this.#outcome.connected();
    this.#set({
      connection: state,
      wasConnected: this.wasConnected || state === "connected",
    });
  }

  // When nothing arrives

  #newRecovery() {
    return new Recovery({
      polite: this.#polite,
      situation: () => this.#situation(),
      take: (step) => this.#take(step),
      // A dead path is often a dead network: then the socket is dead as well.
      onlost: () => {
        this.#note("media lost");
        this.#signal.hurry();
        this.onchange();
      },
      onrecovered: (gap, step) => this.#recovered(gap, step),
    });
  }

  /** @returns {Situation} */
  #situation() {
    const { microphone, camera, screen } = this.peer?.media ?? NOTHING;
    const { theirs } = this.troubles;
    const moving = (camera && theirs !== "camera_stopped") || screen;
    const shown = theirs !== "slow_network" && !document.hidden;
    return {
      talking: this.view === "talk" && !!this.pc,
      connection: this.connection,
      reachable: this.link === "open" && !!this.peer?.connected,
      expected: { sound: microphone, picture: moving && shown },
      steady: microphone || camera,
      newest: (kind) => (this.pc ? newest(this.pc, kind) : 0),
    };
  }

  /** @param {Step} step */
  #take(step) {
    // A search is given its time; a new connection does not wait for those of the old one.
    if (isRecent(step === "rebuild" ? this.#begunAt : this.#searchingSince)) return;
    this.#note(`step ${step}`);
    // What was wrong may have been the credentials.
    this.#iceServers.distrust();
    if (step === "audio") this.#withholdPictures();
    if (step === "rebuild") this.#rebuild();
    else this.#restart({ relayOnly: step === "relay" && this.#iceServers.relay });
  }

  /** Where signals pass, a new connection is enough; else, in the end, we come anew. */
  #rebuild() {
    if (this.#negotiation?.answered) this.#beginAnew();
    else if ((this.#recovery?.lasting ?? 0) > UNANSWERED) this.#joinAnew();
    else this.#restart();
  }

  /** On both sides. */
  #beginAnew() {
    this.#signal.send({ type: "restart", anew: true });
    this.#begin();
  }

  #withholdPictures() {
    this.#bandwidth.withhold(performance.now());
    this.#lines?.allowPictures(false);
  }

  /**
   * @param {number} gap seconds
   * @param {Step} step by which it came back
   */
  #recovered(gap, step) {
    this.#note(`media back after ${gap.toFixed(1)} s`);
    this.#bandwidth.restart(performance.now());
    this.#lines?.allowPictures(this.#bandwidth.pictures);
    const { path = "direct", protocol = "udp" } = this.#sample ?? {};
    this.#signal.send({ type: "recovered", gap, step, path, protocol });
    this.onchange();
  }

  /** @param {number} now milliseconds */
  #diagnose(now) {
    if (this.connection !== "connected") this.#own.hold(now);
    const cause = this.view === "talk" ? diagnose(this.#known(now)) : "";
    this.#wrong = this.connection === "connected" ? "" : cause;
    if (this.troubles.look(cause, now)) this.onchange();
  }

  /**
   * @param {number} now
   * @returns {Known}
   */
  #known(now) {
    return {
      online: navigator.onLine,
      connected: this.connection === "connected",
      seconds: (now - this.#searchingSince) / 1000,
      hasRelays: this.#iceServers.relay,
      evidence: this.#evidence,
      before: this.#wrong,
      expected: this.#situation().expected,
      missing: this.#recovery?.missing ?? { sound: 0, picture: 0 },
      own: this.#own.look(now),
      pictures: this.#bandwidth.pictures,
      rtt: this.#sample?.rtt ?? 0,
      loss: this.#sample?.loss ?? 0,
      slowDevice: this.#sample?.slowDevice ?? false,
    };
  }

  #joinAnew() {
    if (performance.now() - this.#rebuiltAt < REBUILD && this.#rebuiltAt) return;
    this.#rebuiltAt = performance.now();
    this.#rejoin();
  }

  /** @param {string} what */
  #note(what) {
    this.events.push({ at: Math.round(performance.now()), what });
    if (this.events.length > MOST_EVENTS) this.events.shift();
  }

  /** @param {Partial<Call>} changes */
  #set(changes) {
    Object.assign(this, changes);
    this.onchange();
  }
}

/**
 * @param {MediaState} one
 * @param {MediaState | null} other
 */
function isSame(one, other) {
  return !!other && LINES.every((kind) => one[kind] === other[kind]);
}

/** @param {number} moment in milliseconds, at which a search has begun */
function isRecent(moment) {
  return performance.now() - moment < GIVEN;
}
