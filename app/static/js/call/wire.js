/** The messages of `deskside.v1`, as types; app/protocol/README.md explains them. Never loaded. */

/**
 * What somebody sends at the moment.
 * @typedef {{microphone: boolean, camera: boolean, screen: boolean}} MediaState
 */

/**
 * The other side. `instance` changes with the page, `generation` with every socket.
 * @typedef {Object} Peer
 * @property {"agent" | "customer"} role
 * @property {string} name
 * @property {"checking" | "present"} stage
 * @property {boolean} connected
 * @property {string} instance
 * @property {number} generation
 * @property {MediaState} media
 */

/**
 * The seat is ours. Times in seconds, moments in seconds since the epoch.
 * @typedef {Object} Welcome
 * @property {"welcome"} type
 * @property {string} room
 * @property {"agent" | "customer"} role
 * @property {string} name
 * @property {string} token
 * @property {boolean} resumed
 * @property {boolean} polite
 * @property {number} heartbeat
 * @property {number} grace
 * @property {RTCIceServer[]} ice_servers
 * @property {number} ice_expires_in
 * @property {Peer | null} peer
 * @property {MediaState} media
 * @property {boolean} entered
 * @property {number | null} started_at
 * @property {number} now
 */

/** @typedef {{type: "peer", peer: Peer | null, started_at: number | null}} PeerChanged */
/** @typedef {{type: "description", description: RTCSessionDescriptionInit}} DescriptionSignal */
/** @typedef {{type: "candidates", candidates: RTCIceCandidateInit[], end: boolean}} CandidatesSignal */
/** @typedef {DescriptionSignal | CandidatesSignal} PeerSignal what goes from browser to browser */
/** @typedef {{type: "ice", ice_servers: RTCIceServer[], expires_in: number}} Ice */
/** @typedef {{type: "pong"}} Pong */
/** @typedef {{type: "moved"} | {type: "left"}} Gone */
/** @typedef {{type: "ended", reason: string}} Ended */
/** @typedef {{type: "goodbye", after: number}} Goodbye */
/** @typedef {{type: "error", code: string, text: string, fatal: boolean}} Refused */
/** @typedef {Welcome | PeerChanged | PeerSignal | Ice | Pong | Gone | Ended | Goodbye | Refused} ServerMessage */

/** @typedef {{type: "join", ticket: string, instance: string} | {type: "resume", token: string}} Opening */
/** @typedef {{type: "enter" | "media", media: MediaState}} Showing */
/** @typedef {{type: "refresh"} | {type: "ping"} | {type: "leave"} | {type: "end"}} Plain */
/** @typedef {Opening | Showing | PeerSignal | Plain} BrowserMessage */

export {};
