/** Two pages on two networks: their letters, and the connections they try. */

import { echoChannel, measureEcho, opened, returnAll } from "./echo.js";
import { allGathered } from "./gathering.js";
import { answer, post } from "./service.js";
import { stunUrls } from "./transports.js";
import { judgePair } from "./verdict.js";

/** @import { Half, Letter, Pair, Way } from "./types.js" */

/** Milliseconds between two looks, while nobody has come and then. */
const SELDOM = 2_000;
const OFTEN = 400;
/** Milliseconds: the pair's own life; one answer; one connection. */
const LIFE = 29 * 60_000;
const ANSWERING = 25_000;
const CONNECTING = 14_000;
const GATHERING = 5_000;

/** @type {Way} */
const FAILED = { ok: false, path: "", protocol: "", echoed: 0, rtt: 0, took: 0 };

const MODES = /** @type {const} */ (["direct", "relay"]);

/** The other page did not come, or did not answer. */
export class Silence extends Error {}

/** Letters to and from the other page. */
export class Mailbox {
  #url;
  #key;
  #after = 0;
  #closed = false;

  /**
   * @param {string} url of the pair
   * @param {string} key of this side
   */
  constructor(url, key) {
    this.#url = `${url}/letters`;
    this.#key = key;
  }

  close() {
    this.#closed = true;
  }

  /**
   * @param {string} kind
   * @param {unknown} data
   */
  async send(kind, data) {
    const letter = { kind, data: JSON.stringify(data) };
    await post(this.#url, letter, { "X-Check-Key": this.#key });
  }

  /**
   * The next letter of the other side.
   * @param {number} patience milliseconds
   * @param {number} pause milliseconds
   * @returns {Promise<{kind: string, data: any}>}
   */
  async next(patience, pause = OFTEN) {
    const end = performance.now() + patience;
    while (performance.now() < end && !this.#closed) {
      const letter = await this.#look();
      if (letter) return letter;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    throw new Silence();
  }

  /**
   * The next letter of one kind; others before it are old.
   * @param {string} kind
   * @param {number} patience
   * @param {number} [pause]
   */
  async nextOf(kind, patience, pause) {
    for (;;) {
      const letter = await this.next(patience, pause);
      if (letter.kind === kind) return letter.data;
    }
  }

  async #look() {
    const headers = { "X-Check-Key": this.#key };
    const response = await fetch(`${this.#url}?after=${this.#after}`, { headers });
    /** @type {{letters: Letter[]}} */
    const { letters } = await answer(response);
    const [first] = letters;
    if (!first) return null;
    this.#after = first.number;
    return { kind: first.kind, data: JSON.parse(first.data) };
  }
}

/**
 * The side that made the link: waits for the other, then tries both ways.
 * @param {Mailbox} mailbox
 * @param {Half} half
 * @param {() => Promise<RTCIceServer[]>} refresh servers that are good for now
 * @param {(other: Half) => void} onhalf
 * @returns {Promise<Pair>}
 */
export async function lead(mailbox, half, refresh, onhalf) {
  onhalf(await mailbox.nextOf("hello", LIFE, SELDOM));
  await mailbox.send("hello", half);
  const servers = await refresh();
  const direct = await offer(mailbox, "direct", servers);
  const relay = await offer(mailbox, "relay", servers);
  const pair = { direct, relay, verdict: judgePair({ direct, relay }) };
  await mailbox.send("result", pair);
  return pair;
}

/**
 * The side that opened the link.
 * @param {Mailbox} mailbox
 * @param {Half} half
 * @param {() => Promise<RTCIceServer[]>} refresh servers that are good for now
 * @param {(other: Half) => void} onhalf
 * @returns {Promise<Pair>}
 */
export async function follow(mailbox, half, refresh, onhalf) {
  const servers = await refresh();
  await mailbox.send("hello", half);
  /** @type {RTCPeerConnection | null} */
  let pc = null;
  try {
    for (;;) {
      const { kind, data } = await mailbox.next(2 * ANSWERING + CONNECTING);
      if (kind === "result") return data;
      if (kind === "hello") onhalf(data);
      if (kind !== "offer") continue;
      pc?.close();
      pc = await accept(mailbox, data, servers);
    }
  } finally {
    pc?.close();
  }
}

/**
 * @param {Mailbox} mailbox
 * @param {"direct" | "relay"} mode
 * @param {RTCIceServer[]} servers
 * @returns {Promise<Way>}
 */
async function offer(mailbox, mode, servers) {
  const pc = connection(mode, servers);
  try {
    const channel = echoChannel(pc);
    await pc.setLocalDescription();
    await allGathered(pc, GATHERING);
    await mailbox.send("offer", { mode, description: pc.localDescription });
    const description = await mailbox.nextOf("answer", ANSWERING);
    const began = performance.now();
    await pc.setRemoteDescription(description);
    if (!(await opened(channel, CONNECTING))) return FAILED;
    const took = Math.round(performance.now() - began);
    const { echoed, rtt } = await measureEcho(channel);
    const way = await selected(pc);
    return { ok: echoed > 0, ...way, echoed, rtt: Math.round(rtt), took };
  } finally {
    pc.close();
  }
}

/**
 * @param {Mailbox} mailbox
 * @param {{mode: string, description: RTCSessionDescriptionInit}} offered
 * @param {RTCIceServer[]} servers
 */
async function accept(mailbox, { mode, description }, servers) {
  const known = MODES.find((one) => one === mode) ?? "direct";
  const pc = connection(known, servers);
  returnAll(echoChannel(pc));
  await pc.setRemoteDescription(description);
  await pc.setLocalDescription();
  await allGathered(pc, GATHERING);
  await mailbox.send("answer", pc.localDescription);
  return pc;
}

/**
 * @param {"direct" | "relay"} mode
 * @param {RTCIceServer[]} servers
 */
function connection(mode, servers) {
  if (mode === "relay")
    return new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: "relay" });
  const urls = stunUrls(servers);
  return new RTCPeerConnection({ iceServers: urls.length ? [{ urls }] : [] });
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<{path: string, protocol: string}>} what carries the bytes
 */
async function selected(pc) {
  const stats = [...(await pc.getStats()).values()];
  const byId = new Map(stats.map((entry) => [entry.id, entry]));
  const transport = stats.find((entry) => entry.selectedCandidatePairId);
  const pair = transport
    ? byId.get(transport.selectedCandidatePairId)
    : stats.find((entry) => entry.type === "candidate-pair" && entry.selected);
  const local = byId.get(pair?.localCandidateId);
  const relayed = [pair?.localCandidateId, pair?.remoteCandidateId].some(
    (id) => byId.get(id)?.candidateType === "relay",
  );
  const protocol = local?.relayProtocol ?? local?.protocol ?? "udp";
  return { path: relayed ? "relay" : "direct", protocol };
}
