/** What the search for a path has brought so far: candidates of both sides, and errors. */

/** @import { Found } from "./types.js" */

/** TURN errors that name a relay which answers, and refuses (RFC 8656, section 19). */
const REFUSALS = new Set([400, 401, 403, 437, 441, 442, 486, 508]);
/** What browsers report when a relay does not answer at all. */
const UNANSWERED = 701;

export class Evidence {
  /** @type {Found} */
  own = nothing();
  /** @type {Found} */
  theirs = nothing();
  /** Relays have answered, and refused. */
  refused = 0;
  /** Relays have not answered. */
  unanswered = 0;
  /** Names of relays are not known to the network. */
  unknown = 0;

  /** @param {RTCIceCandidate} candidate of ours */
  found(candidate) {
    const { type } = candidate;
    if (type) this.own[type === "relay" ? relay(candidate) : type]++;
  }

  /** @param {string} text an SDP, or one candidate, of theirs */
  told(text) {
    for (const [, type] of text.matchAll(/ typ (host|srflx|prflx|relay)/g))
      this.theirs[type === "relay" ? "relay_udp" : /** @type {"host"} */ (type)]++;
  }

  /** @param {RTCPeerConnectionIceErrorEvent} event */
  failed({ errorCode, errorText }) {
    if (/lookup|resolve/i.test(errorText)) this.unknown++;
    else if (errorCode === UNANSWERED) this.unanswered++;
    else if (REFUSALS.has(errorCode)) this.refused++;
  }
}

/**
 * @param {RTCIceCandidate & {relayProtocol?: string | null, url?: string | null}} candidate
 * @returns {keyof Found}
 */
function relay({ relayProtocol, url }) {
  if (relayProtocol === "tls")
    return /:443\b/.test(url ?? "") ? "relay_443" : "relay_tls";
  return relayProtocol === "tcp" ? "relay_tcp" : "relay_udp";
}

/** @param {Found} found */
export function relays(found) {
  return found.relay_udp + found.relay_tcp + found.relay_tls + found.relay_443;
}

/** @returns {Found} */
function nothing() {
  return {
    host: 0,
    srflx: 0,
    prflx: 0,
    relay_udp: 0,
    relay_tcp: 0,
    relay_tls: 0,
    relay_443: 0,
  };
}
