/** What a network must let through for video: for whoever keeps its firewall. */

import { t } from "../lib/text.js";
import { parts } from "./transports.js";
import { passesUdp } from "./verdict.js";

/** @import { Half, Rule, Transport } from "./types.js" */

/**
 * The best first; one row of each host, port and protocol.
 * @param {Half} half
 * @returns {Rule[]}
 */
export function rulesOf({ host, service, transports, direct }) {
  const rules = [pagesRule(host, service.reached && service.socket)];
  for (const transport of transports) add(rules, relayRule(transport));
  rules.push(directRule(passesUdp({ direct, transports }), direct.asked));
  return rules;
}

/**
 * @param {Rule[]} rules
 * @returns {string} for a letter or a spreadsheet
 */
export function rulesAsText(rules) {
  const head = [
    t("Direction"),
    t("Protocol"),
    t("Port"),
    t("Destination"),
    t("Purpose"),
    t("Here"),
  ];
  const lines = rules.map(({ protocol, port, host, purpose, state }) =>
    [t("outgoing"), protocol, port, host, purpose, stateWord(state)].join("\t"),
  );
  return [head.join("\t"), ...lines].join("\n");
}

/** @param {Rule["state"]} state */
export function stateWord(state) {
  if (state === "open") return t("open");
  return state === "blocked" ? t("blocked") : t("not tested");
}

/**
 * @param {string} host
 * @param {boolean} open
 * @returns {Rule}
 */
function pagesRule(host, open) {
  const [name = host, port = "443"] = host.split(/:(?=\d+$)/);
  const purpose = t("Pages and signaling (HTTPS and WebSocket)");
  const state = open ? "open" : "blocked";
  return { purpose, host: name, protocol: "TCP", port, state, needed: true };
}

/**
 * @param {Transport} transport
 * @returns {Rule}
 */
function relayRule({ url, ok }) {
  const { host, port, protocol, secure } = parts(url);
  return {
    purpose: purposeOf(protocol, secure),
    host,
    protocol,
    port: String(port),
    state: ok ? "open" : "blocked",
    needed: port === 443 || protocol === "UDP",
  };
}

/**
 * @param {"TCP" | "UDP"} protocol
 * @param {boolean} secure
 */
function purposeOf(protocol, secure) {
  if (protocol === "UDP") return t("Picture and sound, best quality (TURN)");
  return secure
    ? t("Picture and sound where UDP is blocked (TURN over TLS)")
    : t("Picture and sound where UDP is blocked (TURN over TCP)");
}

/**
 * @param {boolean} open
 * @param {boolean} tested
 * @returns {Rule}
 */
function directRule(open, tested) {
  return {
    purpose: t("Optional: directly to the other side"),
    host: t("any"),
    protocol: "UDP",
    port: "1024–65535",
    state: open ? "open" : tested ? "blocked" : "unknown",
    needed: false,
  };
}

/**
 * @param {Rule[]} rules
 * @param {Rule} rule
 */
function add(rules, rule) {
  const same = rules.find(
    ({ host, port, protocol }) =>
      host === rule.host && port === rule.port && protocol === rule.protocol,
  );
  if (!same) rules.push(rule);
  // Pages may pass at a port where the relay does not: then it is not open.
  else if (rule.state === "blocked") rules.push(rule);
}
