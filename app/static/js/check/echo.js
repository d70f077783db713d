/** Bytes sent and echoed over data channels: proof that a way carries something. */

/** Rounds of the echo, and bytes of each. */
const ROUNDS = 5;
const BYTES = 1000;
/** Bytes written at a time; how many may wait; milliseconds until there is room. */
const CHUNK = 16_384;
const WAITING = 262_144;
const PAUSE = 10;

/** Milliseconds in which one round must come back. */
const ROUND = 5_000;

/**
 * The channel of a connection on which the other end returns what comes.
 * Both ends make it: nothing is announced, so nothing can be missed.
 * @param {RTCPeerConnection} pc
 */
export function echoChannel(pc) {
  return binary(pc.createDataChannel("echo", { negotiated: true, id: 0 }));
}

/**
 * The channel that only counts.
 * @param {RTCPeerConnection} pc
 */
export function floodChannel(pc) {
  return binary(pc.createDataChannel("flood", { negotiated: true, id: 1 }));
}

/** @param {RTCDataChannel} channel */
export function returnAll(channel) {
  channel.addEventListener("message", ({ data }) => {
    if (channel.readyState === "open") channel.send(data);
  });
}

/**
 * @param {RTCDataChannel} channel
 * @returns {Promise<{echoed: number, rtt: number}>} bytes that came back; the
 *   quickest round in milliseconds
 */
export async function measureEcho(channel) {
  let [echoed, rtt] = [0, Infinity];
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = performance.now();
    const size = await ask(channel);
    if (!size) break;
    echoed += size;
    rtt = Math.min(rtt, performance.now() - sent);
  }
  return { echoed, rtt: echoed ? rtt : 0 };
}

/**
 * @param {RTCDataChannel} channel
 * @returns {Promise<number>} bytes of the answer, 0 without one
 */
function ask(channel) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(0), ROUND);
    channel.addEventListener(
      "message",
      ({ data }) => {
        clearTimeout(timer);
        resolve(data.byteLength);
      },
      { once: true },
    );
    channel.send(new Uint8Array(BYTES));
  });
}

/**
 * Send as fast as the network takes it.
 * @param {RTCDataChannel} from
 * @param {RTCDataChannel} to
 * @param {number} millis
 * @param {number} most bytes
 * @returns {Promise<{kbps: number, bytes: number}>} what arrived
 */
export async function measureFlood(from, to, millis, most) {
  const arrived = counter(to);
  const chunk = new Uint8Array(CHUNK);
  const end = performance.now() + millis;
  for (let sent = 0; sent < most && performance.now() < end;) {
    if (from.readyState !== "open") break;
    if (from.bufferedAmount > WAITING) {
      await pause(PAUSE);
      continue;
    }
    from.send(chunk);
    sent += CHUNK;
  }
  await pause(Math.min(1000, Math.max(0, end - performance.now())));
  return arrived();
}

/**
 * Counts from the first to the last: the rise at the beginning is left out.
 * @param {RTCDataChannel} channel
 * @returns {() => {kbps: number, bytes: number}}
 */
function counter(channel) {
  let [first, last, bytes, later] = [0, 0, 0, 0];
  channel.addEventListener("message", ({ data }) => {
    last = performance.now();
    first ||= last;
    if (last > first) later += data.byteLength;
    bytes += data.byteLength;
  });
  return () => ({ bytes, kbps: last > first ? (later * 8) / (last - first) : 0 });
}

/** @param {number} millis */
function pause(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** @param {RTCDataChannel} channel */
function binary(channel) {
  channel.binaryType = "arraybuffer";
  return channel;
}

/**
 * @param {RTCDataChannel} channel
 * @param {number} millis
 * @returns {Promise<boolean>} whether it opened in time
 */
export function opened(channel, millis) {
  if (channel.readyState === "open") return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), millis);
    channel.addEventListener("open", () => {
      clearTimeout(timer);
      resolve(true);
    });
    channel.addEventListener("close", () => resolve(false));
  });
}
