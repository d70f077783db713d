/** Names what is wrong from what is known. Pure; the words are in causes.js. */

import { relays } from "./evidence.js";

/** @import { Cause, Known } from "./types.js" */

/** Seconds that a search for a path needs before its silence means something. */
const SEARCHING = 4;
/** Milliseconds without sound or picture that people notice. */
const NOTICED = 2_000;
/** Seconds for which a microphone gives nothing at all: no room is that quiet. */
const STONE_SILENT = 6;
/** Round trip in seconds, share lost, from which talking becomes a strain. */
const HIGH_DELAY = 0.5;
const HIGH_LOSS = 0.1;

/** What a search for a path can come to. @type {Set<Cause>} */
const OF_PATHS = new Set([
  "udp_blocked",
  "only_443",
  "relay_unreachable",
  "relay_refused",
  "name_not_found",
  "no_path",
]);

/**
 * The gravest thing that is known to be wrong at this side, or else at the connection.
 * @param {Known} known
 * @returns {Cause} empty if nothing is
 */
export function diagnose(known) {
  if (!known.online) return "offline";
  const network = known.connected ? "" : withoutPath(known);
  return (
    network ||
    ofOwnMedia(known) ||
    ofArrivals(known) ||
    ofQuality(known) ||
    roundabout(known.evidence)
  );
}

/**
 * @param {Known} known
 * @returns {Cause}
 */
function withoutPath({ seconds, hasRelays, evidence, before }) {
  // One search follows the other; until it has had its time, the last one's word stands.
  if (seconds < SEARCHING) return OF_PATHS.has(before) ? before : "";
  if (hasRelays && !relays(evidence.own)) {
    if (evidence.refused) return "relay_refused";
    // Only for UDP do browsers say that a name was not found; TCP just fails.
    return evidence.unknown ? "name_not_found" : "relay_unreachable";
  }
  return roundabout(evidence) || "no_path";
}

/**
 * A network that lets only a part through, by what the search has found.
 * @param {Known["evidence"]} evidence
 * @returns {Cause}
 */
export function roundabout({ own }) {
  const others = own.relay_tcp + own.relay_tls;
  if (own.srflx || own.relay_udp || !relays(own)) return "";
  return others ? "udp_blocked" : "only_443";
}

/**
 * @param {Known} known
 * @returns {Cause}
 */
function ofOwnMedia({ own }) {
  if (own.silentFor >= STONE_SILENT || own.microphoneMuted) return "microphone_silent";
  if (own.cameraStopped) return "camera_stopped";
  return own.cameraDark ? "camera_dark" : "";
}

/**
 * @param {Known} known
 * @returns {Cause}
 */
function ofArrivals({ connected, expected, missing, pictures }) {
  if (!connected) return "";
  if (!pictures) return "slow_network";
  if (expected.sound && missing.sound > NOTICED) return "no_sound_arrives";
  return expected.picture && missing.picture > NOTICED ? "no_picture_arrives" : "";
}

/**
 * @param {Known} known
 * @returns {Cause}
 */
function ofQuality({ connected, rtt, loss, slowDevice }) {
  if (!connected) return "";
  if (loss > HIGH_LOSS) return "high_loss";
  if (rtt > HIGH_DELAY) return "high_delay";
  return slowDevice ? "slow_device" : "";
}
