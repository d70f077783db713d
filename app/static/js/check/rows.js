/** The findings as lines: what was looked at, what came of it, what to do. */

import { locale, t } from "../lib/text.js";
import { passesUdp, SLOW } from "./verdict.js";

/** @import { Device, Findings, IceError, Row, RowState, Transport, TransportKind } from "./types.js" */

/** How far something has come, by the id of its line. @typedef {(id: string) => "waiting" | "running" | "done"} Progress */
/** A line before its name and place are known. @typedef {[RowState, string, string[]?, [string, string][]?]} Found */
/** A way to the relay that is, or will be, tried. @typedef {{kind: TransportKind, url: string}} Planned */

/**
 * @param {Findings} findings
 * @param {Progress} [progress] none where it has ended long ago
 * @param {Planned[]} [planned]
 * @returns {Row[]}
 */
export function rowsOf(findings, progress, planned = findings.transports) {
  /** @type {[string, string, string, () => Found][]} */
  const lines = [
    ["browser", "globe", t("Browser"), () => browser(findings)],
    ["camera", "video", t("Camera"), () => camera(findings.devices.camera)],
    ["microphone", "mic", t("Microphone"), () => microphone(findings.devices)],
    [
      "speaker",
      "volume-2",
      t("Speaker"),
      () => speaker(findings.devices.speaker, !progress),
    ],
    ["service", "monitor-smartphone", t("Service"), () => service(findings)],
    ["direct", "wifi", t("Direct way"), () => direct(findings)],
    ...planned.map(({ kind, url }) => transportLine(findings, kind, url)),
    ["bandwidth", "signal", t("Bandwidth"), () => bandwidth(findings)],
  ];
  return lines.map(([id, icon, name, found]) => row(id, icon, name, progress, found));
}

/**
 * @param {string} id
 * @param {string} icon
 * @param {string} name
 * @param {Progress | undefined} progress
 * @param {() => Found} found
 * @returns {Row}
 */
function row(id, icon, name, progress, found) {
  const place = progress?.(id) ?? "done";
  if (place !== "done") {
    const text = place === "running" ? t("Being tried…") : t("Not tried yet");
    return { id, icon, name, state: place, text };
  }
  const [state, text, steps = [], details = []] = found();
  return { id, icon, name, state, text, steps, details };
}

/** @param {Findings} findings @returns {Found} */
function browser({ browser: { name, platform, secure, missing, agent } }) {
  /** @type {[string, string][]} */
  const details = [
    [t("Browser"), `${name}, ${platform}`],
    [t("Calls itself"), agent],
    [t("Lacks"), missing.join(", ") || t("nothing")],
  ];
  if (!secure)
    return [
      "bad",
      t("The page is not secure."),
      [t("Open it with https://.")],
      details,
    ];
  if (missing.length)
    return ["bad", t("It cannot make video calls."), [t("Update it.")], details];
  return ["ok", t("{name} has what a call needs.", { name }), [], details];
}

/** @param {Device} device @returns {Found} */
function camera(device) {
  if (device.state === "dark")
    return ["warn", t("It works, but the picture is black."), [t("Open its cover.")]];
  return ofDevice(device, t("It gives a picture."));
}

/** @param {Findings["devices"]} devices @returns {Found} */
function microphone({ microphone: device }) {
  if (device.state === "silent")
    return ["warn", t("It gives no sound at all."), [t("Look for a switch at it.")]];
  return ofDevice(device, t("It gives sound."));
}

/**
 * @param {Device} device
 * @param {string} fine
 * @returns {Found}
 */
function ofDevice({ state, error }, fine) {
  /** @type {[string, string][]} */
  const details = error ? [[t("The browser says"), error]] : [];
  switch (state) {
    case "ok":
      return ["ok", fine];
    case "untried":
      return ["waiting", t("Not tried")];
    case "denied":
      return ["bad", t("Not allowed"), [t("Allow it beside the address.")], details];
    case "missing":
      return ["bad", t("None was found"), [t("Plug one in.")], details];
    case "busy":
      return ["bad", t("It does not answer"), [t("Close other apps.")], details];
    default:
      return ["bad", t("It could not be started"), [t("Try again.")], details];
  }
}

/**
 * @param {Device} device
 * @param {boolean} past
 * @returns {Found}
 */
function speaker({ state }, past) {
  if (state === "heard") return ["ok", t("You heard the sound.")];
  if (state === "not_heard")
    return ["warn", t("You did not hear the sound."), [t("Turn the volume up.")]];
  if (past) return ["waiting", t("Not tried")];
  return ["waiting", t("Play the sound above, and say whether you heard it.")];
}

/** @param {Findings} findings @returns {Found} */
function service({ service: { reached, socket, took, error }, host, online }) {
  /** @type {[string, string][]} */
  const details = [
    [t("Address"), host],
    [t("Took"), millis(took)],
    [t("Device online"), online ? t("yes") : t("no")],
    ...(error
      ? [/** @type {[string, string]} */ ([t("The browser says"), error])]
      : []),
  ];
  if (!reached)
    return ["bad", t("It does not answer."), [t("Look for the network.")], details];
  if (!socket)
    return ["bad", t("WebSockets do not get through."), [wsRemedy()], details];
  return ["ok", t("Pages and signaling get through."), [], details];
}

const wsRemedy = () => t("Ask whoever keeps the network to let them through.");

/** @param {Findings} findings @returns {Found} */
function direct({ direct: found, transports }) {
  const { candidates, asked, took, errors } = found;
  /** @type {[string, string][]} */
  const details = [
    [t("Candidates"), candidates.join(", ") || t("none")],
    [t("Took"), millis(took)],
    ...errorDetails(errors),
  ];
  if (passesUdp({ direct: found, transports }))
    return ["ok", t("UDP goes out and in; calls may go directly."), [], details];
  if (!asked)
    return ["waiting", t("This service has no STUN server to ask."), [], details];
  return ["warn", t("UDP is blocked; calls take the relay."), [], details];
}

/**
 * @param {Findings} findings
 * @param {TransportKind} kind
 * @param {string} url
 * @returns {[string, string, string, () => Found]}
 */
function transportLine(findings, kind, url) {
  const found = () => {
    const one = findings.transports.find((transport) => transport.url === url);
    return one ? transport(one) : /** @type {Found} */ (["waiting", t("Not tried")]);
  };
  return [url, "arrow-right", transportName(kind), found];
}

/** @param {TransportKind} kind */
export function transportName(kind) {
  switch (kind) {
    case "relay-udp":
      return t("Relay over UDP");
    case "relay-tcp":
      return t("Relay over TCP");
    case "relay-tls":
      return t("Relay over TLS");
    case "relay-443":
      return t("Relay at port 443");
  }
}

/** @param {Transport} transport @returns {Found} */
function transport({ kind, url, ok, relayed, echoed, rtt, took, errors }) {
  /** @type {[string, string][]} */
  const details = [
    [t("Address"), url],
    [t("Address at the relay"), relayed ? t("given") : t("none")],
    [t("Bytes that came back"), number(echoed)],
    [t("Took"), millis(took)],
    ...errorDetails(errors),
  ];
  if (ok)
    return [
      "ok",
      t("Bytes came back after {time}.", { time: millis(rtt) }),
      [],
      details,
    ];
  if (relayed)
    return ["bad", t("It answers, but carries nothing."), [sendReport()], details];
  return [
    kind === "relay-443" ? "bad" : "warn",
    t("It is not reached."),
    [t("The rules below say what to open.")],
    details,
  ];
}

const sendReport = () => t("Send the report to support.");

/** @param {Findings} findings @returns {Found} */
function bandwidth({ bandwidth: measured }) {
  if (!measured) return ["waiting", t("Not measured")];
  const { kbps, kind, bytes } = measured;
  /** @type {[string, string][]} */
  const details = [
    [t("Measured by"), transportName(kind)],
    [t("Bytes"), number(bytes)],
  ];
  const text = t("At least {speed} there and back", { speed: speed(kbps) });
  return [kbps < SLOW ? "warn" : "ok", text, [], details];
}

/**
 * @param {IceError[]} errors
 * @returns {[string, string][]}
 */
function errorDetails(errors) {
  return errors.map(({ code, text, url }) => [
    t("Error {code}", { code }),
    [text, url].filter(Boolean).join(" – "),
  ]);
}

/** @param {number} n */
export function millis(n) {
  return t("{n} ms", { n: number(Math.round(n)) });
}

/** @param {number} n */
function number(n) {
  return n.toLocaleString(locale);
}

/** @param {number} kbps */
function speed(kbps) {
  if (kbps < 1000) return t("{n} kbit/s", { n: number(kbps) });
  return t("{n} Mbit/s", { n: number(Math.round(kbps / 100) / 10) });
}
