/** What the findings come to. Pure: the same findings, the same verdict. */

/** @import { Findings, IceError, Level, Pair, Verdict } from "./types.js" */

/** Below, a picture is coarse: kbit/s. Above, talking is like over a satellite: ms. */
export const SLOW = 400;
export const LATE = 400;

/** @type {Record<string, Level>} */
const LEVELS = {
  open: "good",
  udp_blocked: "fair",
  only_443: "fair",
  proxy_only: "fair",
  no_relay: "fair",
  relay_refused: "poor",
  relay_down: "poor",
  relay_unreachable: "poor",
  name_not_found: "poor",
  no_path: "failed",
  no_socket: "failed",
  offline: "failed",
  insecure: "failed",
  old_browser: "failed",
};

/** From the best to the worst. @type {Level[]} */
const ORDER = ["good", "fair", "poor", "failed"];

/** States of devices with which one can be seen, heard, and hear. */
const FINE = new Set(["ok", "heard", "untried"]);

/**
 * @param {Findings} findings
 * @returns {Verdict}
 */
export function judge(findings) {
  const network = judgeNetwork(findings);
  const causes = judgeSpeed(findings);
  const devices = judgeDevices(findings);
  const level = worst(
    LEVELS[network] ?? "failed",
    causes.length || devices.length ? "fair" : "good",
  );
  return { level, network, devices, causes };
}

/** @param {Findings} findings */
function judgeNetwork({ browser, service, online, transports, direct }) {
  if (!browser.secure) return "insecure";
  if (browser.missing.length) return "old_browser";
  if (!online || !service.reached) return "offline";
  if (!service.socket) return "no_socket";
  if (!transports.length) return "no_relay";
  if (transports.some(({ ok }) => ok)) return judgeWays({ direct, transports });
  const code = withoutRelay({ direct, transports });
  // What was heard here counts more than what the service sees.
  const silent = code === "relay_unreachable" || code === "no_path";
  return silent && service.relay === "down" ? "relay_down" : code;
}

/** What was found of the network. @typedef {Pick<Findings, "direct" | "transports">} Found */

/**
 * The relay is reached in some way: in which ones not?
 * @param {Found} found
 */
function judgeWays({ direct, transports }) {
  const works = (/** @type {string} */ kind) =>
    transports.some((one) => one.kind === kind && one.ok);
  const tried = (/** @type {string} */ kind) =>
    transports.some((one) => one.kind === kind);
  if (works("relay-udp") || !tried("relay-udp")) return "open";
  // Who finds no names and still gets through has somebody else to find them.
  if (lacksNames({ direct, transports })) return "proxy_only";
  return works("relay-tcp") || works("relay-tls") ? "udp_blocked" : "only_443";
}

/** @param {Found} found */
function withoutRelay({ direct, transports }) {
  const errors = transports.flatMap((one) => one.errors);
  if (errors.some(isRefusal) || transports.some(({ relayed }) => relayed))
    return "relay_refused";
  if (lacksNames({ direct, transports })) return "name_not_found";
  return passesUdp({ direct, transports }) ? "relay_unreachable" : "no_path";
}

/**
 * Only for UDP do browsers say that a name was not found; TCP just fails.
 * @param {Found} found
 */
function lacksNames({ direct, transports }) {
  const errors = transports.flatMap((one) => one.errors);
  return [...direct.errors, ...errors].some(isUnknownName);
}

/**
 * A STUN error code (RFC 8489, section 14.8; RFC 8656, section 19): it has answered.
 * @param {IceError} error
 */
function isRefusal({ code }) {
  return code >= 300 && code < 700;
}

/**
 * Browsers have one code (701) for everything that is not an answer.
 * @param {IceError} error
 */
function isUnknownName({ code, text }) {
  return code === 701 && /lookup|resolv|address not|hostname/i.test(text);
}

/** @param {Findings} findings */
function judgeSpeed({ transports, bandwidth }) {
  const best = transports.find(({ ok }) => ok);
  return [
    ...(bandwidth && bandwidth.kbps < SLOW ? ["slow_network"] : []),
    ...(best && best.rtt > LATE ? ["high_delay"] : []),
  ];
}

/** @param {Findings} findings */
function judgeDevices({ devices }) {
  return Object.entries(devices)
    .filter(([, { state }]) => !FINE.has(state))
    .map(([kind, { state }]) => `${kind}_${state}`);
}

/**
 * @param {Level} one
 * @param {Level} other
 */
function worst(one, other) {
  return ORDER.indexOf(one) > ORDER.indexOf(other) ? one : other;
}

/**
 * Whether UDP goes out and in. A device with a public address learns nothing new from
 * STUN, and then only the relay tells.
 * @param {Found} found
 */
export function passesUdp({ direct, transports }) {
  const relayed = transports.some(({ kind, ok }) => kind === "relay-udp" && ok);
  return relayed || direct.candidates.includes("srflx");
}

/**
 * What two pages are to each other.
 * @param {Omit<Pair, "verdict">} ways
 * @returns {string} direct, relay, direct_only or none
 */
export function judgePair({ direct, relay }) {
  if (direct.ok) return relay.ok ? "direct" : "direct_only";
  return relay.ok ? "relay" : "none";
}
