/** The socket: joins, stays alive, comes back and resumes. Knows no page and no media. */

/** @import { BrowserMessage, Link, ServerMessage, SignalOptions } from "./types.js" */

const SUBPROTOCOL = "deskside.v1";

/** Close codes of the protocol. */
const DONE = 4000;
const AT_ONCE = 4001;
const REFUSED = 4002;
/** Ours: nothing came. */
const SILENT = 0;

/** Milliseconds. Silence that long means a dead socket, whatever the browser says. */
const DEAF = 35_000;
const OPENING = 10_000;
const PROBE = 1_000;
/**
 * After silence, another socket is tried so often while the ones before still open: the
 * network may be back any moment, but TCP would ask it only after 1, 3 and 7 seconds.
 */
const RACE = 1_000;
const MOST_RACING = 8;
const FIRST_WAIT = 300;
const LONGEST_WAIT = 8_000;

/** Refusals that a new ticket cures. */
const STALE = new Set(["resume_failed", "expired_ticket", "bad_ticket", "not_seated"]);
const MOST_STALE = 3;

/** There is no way back to the room: thrown by `renew` to say so, and why. */
export class Gone extends Error {
  /** @param {string} reason `lapsed`, `room_ended`… */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class Signal {
  /** Frames on the wire, both ways, since the page was opened; without `quality`. */
  frames = { sent: 0, received: 0 };
  /** @type {Link} */
  link = "connecting";

  #options;
  #ticket = "";
  #token = "";
  #instance = "";
  #heartbeat = 15_000;
  /** @type {WebSocket | null} the one that has opened */
  #socket = null;
  /** @type {Set<WebSocket>} those that may yet */
  #racing = new Set();
  /** Why the server closes, in its own words before the close itself. */
  #reason = "";
  #heardAt = 0;
  #tries = 0;
  /** Times in a row in which nothing came. */
  #silences = 0;
  #stale = 0;
  /** @type {number | null} */
  #comeback = null;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};

  /** @param {SignalOptions} options */
  constructor(options) {
    this.#options = options;
    this.#ticket = options.ticket;
    this.#instance = options.instance;
  }

  start() {
    this.#connect();
  }

  /**
   * Send if the seat is ours, else say so: the caller tells the whole state again at
   * the next `welcome`, so nothing has to be kept here.
   * @param {BrowserMessage} message
   * @returns {boolean}
   */
  send(message) {
    if (this.link !== "open") return false;
    this.#write(message);
    return true;
  }

  /** The network may have changed: find out now rather than by silence. */
  hurry() {
    if (this.#timers.retry) this.#retry(0);
    if (this.link !== "open" || performance.now() - this.#heardAt < PROBE) return;
    this.#write({ type: "ping" });
    this.#listen(PROBE);
  }

  /**
   * Take the seat anew, as another page: with a fresh ticket and instance.
   * @param {string} instance
   */
  rejoin(instance) {
    this.#forget();
    this.#instance = instance;
    this.#token = this.#ticket = "";
    this.#stale = 0;
    this.#turn("connecting");
    this.#retry(0);
  }

  // Coming and going

  #connect() {
    const { url, open = (to, protocol) => new WebSocket(to, protocol) } = this.#options;
    const socket = open(url, SUBPROTOCOL);
    this.#racing.add(socket);
    if (this.#racing.size === 1) this.#listen(OPENING);
    if (this.#silences && this.#racing.size < MOST_RACING)
      this.#after("race", RACE, () => this.#connect());
    socket.onopen = () => this.#opened(socket);
    socket.onclose = ({ code }) => this.#failedToOpen(socket, code);
  }

  /** @param {WebSocket} socket the first of all */
  #opened(socket) {
    this.#racing.delete(socket);
    this.#abandon();
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#write(this.#opening());
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #failedToOpen(socket, code) {
    this.#racing.delete(socket);
    if (!this.#racing.size) this.#closed(code);
  }

  /** Those that have not opened in time. */
  #abandon() {
    clearTimeout(this.#timers.race);
    for (const socket of this.#racing) close(socket);
    this.#racing.clear();
  }

  /** @returns {BrowserMessage} */
  #opening() {
    if (this.#token) return { type: "resume", token: this.#token };
    return { type: "join", ticket: this.#ticket, instance: this.#instance };
  }

  /** @param {number} code */
  #closed(code) {
    this.#forget();
    const reason = this.#reason;
    this.#reason = "";
    if (STALE.has(reason)) return this.#refused(reason);
    if (reason || code === DONE) return this.#turn("over", reason || "closed");
    if (code === REFUSED) return this.#turn("over", "refused");
    this.#turn("lost");
    this.#retry(this.#pause(code));
    this.#comeback = null;
  }

  /**
   * A network that is dead costs nobody anything, and may be back any moment.
   * @param {number} code
   */
  #pause(code) {
    if (code === SILENT) this.#silences += 1;
    const now = code === AT_ONCE || code === SILENT;
    return now ? 0 : (this.#comeback ?? this.#backoff());
  }

  /** @param {string} reason */
  #refused(reason) {
    this.#token = this.#ticket = "";
    this.#stale += 1;
    if (this.#stale > MOST_STALE) return this.#turn("over", reason);
    this.#turn("lost");
    this.#retry(this.#stale === 1 ? 0 : this.#backoff());
  }

  /** @param {number} wait milliseconds */
  #retry(wait) {
    this.#after("retry", wait, () => {
      this.#attempt().catch((error) => this.#failed(error));
    });
  }

  async #attempt() {
    if (!this.#token && !this.#ticket) this.#ticket = await this.#options.renew();
    if (!this.#socket && this.link !== "over") this.#connect();
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof Gone) this.#turn("over", error.reason);
    else this.#retry(this.#backoff());
  }

  /** @returns {number} milliseconds, longer each time, never twice the same */
  #backoff() {
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries);
    this.#tries += 1;
    return longest * (0.5 + Math.random() / 2);
  }

  /** Let go of the socket at once; a close handshake may take a minute. */
  #forget() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    this.#abandon();
    if (this.#socket) close(this.#socket);
    this.#socket = null;
  }

  /**
   * @param {Link} link
   * @param {string} [reason]
   */
  #turn(link, reason = "") {
    if (link === this.link) return;
    this.link = link;
    this.#options.onlink(link, reason);
  }

  // Frames

  /** @param {BrowserMessage} message */
  #write(message) {
    if (this.#socket?.readyState !== 1) return;
    this.#socket.send(JSON.stringify(message));
    // That one comes by the clock, however little is signaled.
    if (message.type !== "quality") this.frames.sent += 1;
    this.#after("ping", this.#heartbeat, () => this.#write({ type: "ping" }));
  }

  /** What we send is not always answered: also who hears nothing asks. */
  #awaitNext() {
    this.#listen(DEAF);
    this.#after("quiet", this.#heartbeat, () => this.#write({ type: "ping" }));
  }

  /** @param {string} text */
  #receive(text) {
    this.frames.received += 1;
    this.#heardAt = performance.now();
    this.#awaitNext();
    /** @type {ServerMessage} */
    const message = JSON.parse(text);
    this.#note(message);
    if (message.type !== "pong") this.#options.onmessage(message);
  }

  /**
   * Remember what concerns the socket itself.
   * @param {ServerMessage} message
   */
  #note(message) {
    if (message.type === "welcome") {
      this.#token = message.token;
      this.#heartbeat = message.heartbeat * 1000;
      this.#tries = this.#stale = this.#silences = 0;
      this.#turn("open");
    } else if (message.type === "goodbye") this.#comeback = message.after * 1000;
    else if (message.type === "error" && message.fatal) this.#reason = message.code;
    else if (["moved", "left", "ended"].includes(message.type))
      this.#reason = message.type;
  }

  /** @param {number} patience milliseconds of silence before the socket counts as dead */
  #listen(patience) {
    this.#after("deaf", patience, () => this.#closed(SILENT));
  }

  /**
   * @param {"retry" | "race" | "ping" | "quiet" | "deaf"} name
   * @param {number} wait
   * @param {() => void} step
   */
  #after(name, wait, step) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      step();
    }, wait);
  }
}

/**
 * Whatever comes from it is no concern of ours any more.
 * @param {WebSocket} socket
 */
function close(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}
