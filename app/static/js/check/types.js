/** What a check finds. Only types: no browser loads this file. */

// The report, as app/web/pages/check_shapes.py takes it. Times in milliseconds.

/** @typedef {{code: number, text: string, url: string}} IceError */

/**
 * What a browser is; `missing` names what it lacks for a call.
 * @typedef {{name: string, platform: string, agent: string, language: string,
 *   secure: boolean, missing: string[]}} Browser
 */

/**
 * - camera and microphone: ok, denied, missing, busy, unsupported, failed, untried;
 *   a microphone may be silent, a camera dark
 * - speaker: heard, not_heard or untried, as the person says
 * @typedef {{state: string, error: string}} Device
 * @typedef {{camera: Device, microphone: Device, speaker: Device}} Devices
 */

/**
 * `relay` is what the service itself sees of its relays: up, down, or "".
 * @typedef {{reached: boolean, socket: boolean, relay: string, took: number,
 *   error: string}} Service
 */

/**
 * Kinds of candidates found without a relay: "srflx" means that UDP goes out and in.
 * `asked` is false where the service has no STUN server.
 * @typedef {{candidates: string[], asked: boolean, took: number, errors: IceError[]}} Direct
 */

/** @typedef {"relay-udp" | "relay-tcp" | "relay-tls" | "relay-443"} TransportKind */

/**
 * A way to the relay. `relayed`: the relay gave an address; `echoed`: bytes that came
 * back through it; `rtt`: to the relay and back.
 * @typedef {Object} Transport
 * @property {TransportKind} kind
 * @property {string} url
 * @property {boolean} ok
 * @property {boolean} relayed
 * @property {number} echoed
 * @property {number} rtt
 * @property {number} took
 * @property {IceError[]} errors
 */

/** @typedef {{kind: TransportKind, kbps: number, bytes: number}} Bandwidth */

/**
 * @typedef {"good" | "fair" | "poor" | "failed"} Level
 * @typedef {{level: Level, network: string, devices: string[], causes: string[]}} Verdict
 */

/** What a check has found so far. @typedef {Omit<Half, "verdict">} Findings */

/**
 * @typedef {Object} Half
 * @property {1} version
 * @property {string} at
 * @property {string} host the service
 * @property {Browser} browser
 * @property {Devices} devices
 * @property {Service} service
 * @property {Direct} direct
 * @property {Transport[]} transports
 * @property {Bandwidth | null} bandwidth
 * @property {boolean} online
 * @property {Verdict} verdict
 */

/**
 * What came of connecting two pages in one way.
 * @typedef {{ok: boolean, path: string, protocol: string, echoed: number, rtt: number,
 *   took: number}} Way
 * @typedef {{direct: Way, relay: Way, verdict: string}} Pair
 * @typedef {Half & {other: Half | null, pair: Pair | null}} Report
 */

// The page.

/**
 * @typedef {Object} CheckData
 * @property {string} iceUrl
 * @property {string} reportsUrl
 * @property {string} pairsUrl
 * @property {string} linkPath
 * @property {string} socketUrl
 * @property {string} pair the pair whose link was opened, if any
 */

/**
 * One line of the list: what was looked at, what was found, what to do, and more.
 * @typedef {"waiting" | "running" | "ok" | "warn" | "bad"} RowState
 * @typedef {Object} Row
 * @property {string} id
 * @property {string} icon
 * @property {string} name
 * @property {RowState} state
 * @property {string} text
 * @property {string[]} [steps]
 * @property {[string, string][]} [details]
 */

/** @typedef {{title: string, texts: string[], steps: string[]}} Words */

/**
 * What a network must let through.
 * @typedef {{purpose: string, host: string, protocol: "TCP" | "UDP", port: string,
 *   state: "open" | "blocked" | "unknown", needed: boolean}} Rule
 */

/** @typedef {{number: number, kind: string, data: string}} Letter */

export {};
