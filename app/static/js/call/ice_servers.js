/** The relays that the service gives us, with credentials that end. */

/** Milliseconds: those that end sooner are asked for anew, and for how long. */
const FRESH = 60_000;
const ANSWER = 1_000;

export class IceServers {
  /** @type {RTCIceServer[]} */
  list = [];

  #ask;
  #until = 0;
  /** @type {(() => void) | null} an answer is awaited */
  #answered = null;

  /** @param {() => boolean} ask the service for others; false where it cannot be asked */
  constructor(ask) {
    this.#ask = ask;
  }

  /** Whether there is a relay among them, and not only STUN. */
  get relay() {
    return this.list.some(({ urls }) => [urls].flat().some(isRelay));
  }

  /**
   * What the service says.
   * @param {RTCIceServer[]} servers
   * @param {number} seconds for which their credentials are good
   */
  take(servers, seconds) {
    this.list = servers;
    this.#until = performance.now() + seconds * 1000;
    this.#answered?.();
    this.#answered = null;
  }

  /** These may be what is wrong: the next connection asks for others. */
  distrust() {
    this.#until = 0;
  }

  /** @returns {Promise<RTCIceServer[]>} good for a while, as far as the service answers */
  async valid() {
    if (performance.now() < this.#until - FRESH) return this.list;
    if (this.#ask())
      await new Promise((resolve) => {
        this.#answered = () => resolve(undefined);
        setTimeout(resolve, ANSWER);
      });
    return this.list;
  }
}

/** @param {string} url */
function isRelay(url) {
  return url.startsWith("turn");
}
