/** The shapes of what goes from hand to hand. Only types: no browser loads this file. */

// The messages of `deskside.v1`; app/protocol/README.md explains them.

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
 * @property {FarRelay[]} [measure] relays whose round trip is worth knowing
 */

/** @typedef {{relay: string, url: string}} FarRelay one whose distance is asked for */

/** @typedef {{type: "peer", peer: Peer | null, started_at: number | null}} PeerChanged */
/** @typedef {{type: "description", description: RTCSessionDescriptionInit}} DescriptionSignal */
/** @typedef {{type: "candidates", candidates: RTCIceCandidateInit[], end: boolean}} CandidatesSignal */
/**
 * @typedef {{type: "restart", anew?: boolean}} RestartSignal
 *   of the polite side: the other makes offers; `anew`: a new connection, on both sides
 */
/** @typedef {DescriptionSignal | CandidatesSignal | RestartSignal} PeerSignal what goes from browser to browser */
/**
 * @typedef {{type: "ice", ice_servers: RTCIceServer[], expires_in: number, move?: boolean}} Ice
 *   `move`: the relay in use is to be left
 */
/** @typedef {{type: "trouble", cause: Cause}} Trouble what is wrong at the sender's */
/** @typedef {{type: "pong"}} Pong */
/** @typedef {{type: "moved"} | {type: "left"}} Gone */
/** @typedef {{type: "ended", reason: string}} Ended */
/** @typedef {{type: "goodbye", after: number}} Goodbye */
/** @typedef {{type: "error", code: string, text: string, fatal: boolean}} Refused */
/** @typedef {Welcome | PeerChanged | PeerSignal | Ice | Trouble | Pong | Gone | Ended | Goodbye | Refused} ServerMessage */

/** @typedef {{type: "join", ticket: string, instance: string} | {type: "resume", token: string}} Opening */
/** @typedef {{type: "enter" | "media", media: MediaState}} Showing */
/** @typedef {{type: "refresh", round_trips?: Record<string, number>} | {type: "ping"} | {type: "leave"} | {type: "end"}} Plain */
/**
 * @typedef {"direct" | "relay"} Path
 * @typedef {"udp" | "tcp" | "tls"} Transport
 * @typedef {{type: "recovered", gap: number, step: Step, path: Path, protocol: Transport}} Recovered
 */

/**
 * The way that media takes: with a relay on either side or without, and what carries it
 * to our relay, else to the other side.
 * @typedef {{path: "direct" | "relay", protocol: "udp" | "tcp" | "tls"}} Way
 */

/** @typedef {{type: "connected", after: number} & Way} Connected */
/** @typedef {Connected | {type: "not_connected"}} OutcomeMessage */
/** @typedef {{type: "quality"} & Summary} QualityMessage */
/** @typedef {Trouble | Recovered | QualityMessage} Telling */
/** @typedef {Opening | Showing | PeerSignal | OutcomeMessage | Telling | Plain} BrowserMessage */

// The page.

/**
 * @typedef {Object} PageData
 * @property {"agent" | "customer"} role
 * @property {string} room
 * @property {string} title
 * @property {string} selfName
 * @property {string | null} awaitedName
 * @property {string} socketUrl
 * @property {string} ticket
 * @property {string} ticketUrl
 * @property {string} endedUrl
 * @property {string} homeUrl
 * @property {string} [fullUrl]
 * @property {string | null} customerPanelUrl
 * @property {string} locale
 * @property {number} mostVideoKbps that a picture may take
 */

/** @typedef {Record<keyof MediaState, () => void>} Toggles what the bar and the keys can do */
/** @typedef {{title: string, text: string, button: string, forward: () => void}} Message */
/** @typedef {{x: number, y: number}} Place */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {"check" | "waiting" | "talk" | "over"} View */
/** @typedef {Record<keyof MediaState, MediaStreamTrack>} RemoteTracks */

// The parts of a call.

/**
 * @typedef {"connecting" | "open" | "lost" | "over"} Link
 *
 * @typedef {Object} SignalOptions
 * @property {string} url
 * @property {string} ticket
 * @property {string} instance names the page's RTCPeerConnection
 * @property {() => Promise<string>} renew a new ticket, or throws Gone
 * @property {(message: ServerMessage) => void} onmessage
 * @property {(link: Link, reason: string) => void} onlink
 * @property {(url: string, protocol: string) => WebSocket} [open]
 */

/**
 * @typedef {Object} NegotiationOptions
 * @property {boolean} polite who yields when two offers meet; the impolite one begins
 * @property {() => RTCPeerConnection} createPeer
 * @property {(signal: PeerSignal) => boolean} send false when it could not be sent
 * @property {() => Promise<RTCIceServer[]>} iceServers ones that are valid for a while
 * @property {(pc: RTCPeerConnection) => void} [adopt] an offer was accepted: its
 *   transceivers can be set up before the answer is made
 * @property {(state: RTCPeerConnectionState) => void} [onstate]
 * @property {(candidate: RTCIceCandidate) => void} [oncandidate] one of ours
 * @property {(error: RTCPeerConnectionIceErrorEvent) => void} [oncandidateerror]
 * @property {(error: unknown) => void} [onbroken] this connection is beyond repair
 */

/**
 * @typedef {Object} OutcomeOptions
 * @property {(message: OutcomeMessage) => boolean} send false when it could not be sent
 */

/**
 * What is wrong with a call; empty if nothing is.
 * @typedef {"" | "udp_blocked" | "only_443" | "relay_unreachable" | "relay_refused"
 *   | "name_not_found" | "no_path" | "offline" | "microphone_silent" | "camera_stopped"
 *   | "camera_dark" | "no_sound_arrives" | "no_picture_arrives" | "slow_network"
 *   | "high_delay" | "high_loss" | "slow_device"} Cause
 *
 * What brings media back; `self`: the browser alone has done it.
 * @typedef {"self" | "restart" | "relay" | "rebuild" | "audio"} Step
 *
 * Moments or milliseconds, of each.
 * @typedef {{sound: number, picture: number}} Arrivals
 * @typedef {{sound: boolean, picture: boolean}} Expected
 *
 * @typedef {Object} Situation
 * @property {boolean} talking both are there, and there is a connection
 * @property {RTCPeerConnectionState} connection
 * @property {boolean} reachable the other page can be sent signals
 * @property {Expected} expected
 * @property {boolean} steady of what is expected, something comes without pauses
 * @property {(kind: keyof Arrivals) => number} newest when something of it came last
 *
 * @typedef {Object} RecoveryOptions
 * @property {boolean} polite
 * @property {() => Situation} situation
 * @property {(step: Step) => void} take
 * @property {() => void} onlost
 * @property {(gap: number, step: Step) => void} onrecovered seconds, the last step taken
 *
 * How many candidates of each kind; `relay_443` is TLS to port 443.
 * @typedef {Record<"host" | "srflx" | "prflx" | "relay_udp" | "relay_tcp" | "relay_tls"
 *   | "relay_443", number>} Found
 *
 * @typedef {Object} OwnState
 * @property {number} silentFor seconds
 * @property {boolean} microphoneMuted by the system or another program
 * @property {boolean} cameraStopped by the same
 * @property {boolean} cameraDark
 *
 * What a diagnosis is made from.
 * @typedef {Object} Known
 * @property {boolean} online
 * @property {boolean} connected
 * @property {number} seconds since the search for a path began
 * @property {boolean} hasRelays the deployment has some
 * @property {{own: Found, theirs: Found, refused: number, unanswered: number,
 *   unknown: number}} evidence
 * @property {Cause} before what was wrong a moment ago, if there was no path then either
 * @property {Expected} expected
 * @property {Arrivals} missing milliseconds
 * @property {OwnState} own
 * @property {boolean} pictures there is room for them
 * @property {number} rtt seconds
 * @property {number} loss 0 to 1
 * @property {boolean} slowDevice
 */

/**
 * @typedef {"good" | "fair" | "poor"} Level
 *
 * What has come and gone so far, unless it says otherwise.
 * @typedef {Object} Sample
 * @property {number} at milliseconds of `performance.now()`
 * @property {number} rtt seconds, the last one measured
 * @property {number} loss 0 to 1 since the sample before, the worse direction
 * @property {number} lossThere 0 to 1 of what we send, as the other side has told last
 * @property {boolean} relayed
 * @property {Way["path"]} path
 * @property {Way["protocol"]} protocol
 * @property {number} received packets of media so far
 * @property {number} lost of those that were sent to us so far
 * @property {number} bytesReceived
 * @property {number} bytesSent
 * @property {number} responses to checks of the selected pair
 * @property {number} audioReceived packets
 * @property {number} audioLost packets, with those that came too late
 * @property {number} audioEnergy of what came
 * @property {number} jitter seconds, of sound, now
 * @property {number} buffered seconds that all emitted samples of sound waited
 * @property {number} emitted samples of sound
 * @property {number} played samples of sound
 * @property {number} concealed samples of sound that were made up, without silence
 * @property {number} framesDecoded
 * @property {number} freezes
 * @property {number} width of the largest picture that moves, now
 * @property {number} height
 * @property {number} fps
 * @property {number | null} ownEnergy of our microphone so far, where the browser tells
 * @property {Record<string, number | undefined>} ownFrames of each track of ours so far,
 *   where the browser tells
 * @property {number | null} available bits a second that can be sent, where it tells
 * @property {boolean} slowDevice it has too little power for full pictures
 *
 * Some seconds in numbers; app/protocol/README.md has the units.
 * @typedef {Object} Measured
 * @property {number} rtt
 * @property {number} jitter
 * @property {number} loss
 * @property {number} mos
 * @property {number} in_kbps
 * @property {number} out_kbps
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} freezes
 * @property {number} concealed
 * @property {Level} level
 * @typedef {Measured & Way} Summary
 */

/**
 * @typedef {Object} QualityOptions
 * @property {() => RTCPeerConnection | null} pc the one to watch, if any
 * @property {(sample: Sample, lately: Summary) => void} onsample each second
 * @property {(message: {type: "quality"} & Summary) => void} send
 */

/**
 * The Network Information API, as far as a browser has it.
 * @typedef {EventTarget & {type?: string}} NetworkLine
 * @typedef {{page?: EventTarget, line?: NetworkLine}} NetworkOptions
 */

/**
 * @typedef {"microphone" | "camera"} Kind
 * @typedef {Kind | "speaker"} DeviceKind
 */

/**
 * @typedef {"chrome" | "edge" | "firefox" | "safari" | "android" | "samsung"
 *   | "firefox-android" | "ios" | "ios-other" | "in-app" | "other"} Browser
 *
 * What happened, what we do about it, what you can do.
 * @typedef {Object} Help
 * @property {string} what
 * @property {string} doing
 * @property {string[]} steps
 * @property {"sliders-horizontal" | "lock" | "video-off" | "settings"} [sign] what to
 *   look for in the address bar
 */

export {};
