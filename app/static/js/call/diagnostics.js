/** `window.deskside`: what support and tests may look at. It can change nothing. */

/** @import { Call } from "./call.js" */

/**
 * - `frames`: signaling frames `{sent, received}` since the page was opened
 * - `view`: check, waiting, talk or over; `link`: of the socket
 * - `connection`: of the RTCPeerConnection
 * - `events`: what happened to the connection: `at` in milliseconds of the page's life
 * - `stats()`: a promise of its RTCStatsReport as a list, empty without a connection
 * @param {Call} call
 */
export function diagnostics(call) {
  return Object.freeze({
    get frames() {
      return { ...call.frames };
    },
    get view() {
      return call.view;
    },
    get link() {
      return call.link;
    },
    get connection() {
      return call.connection;
    },
    get events() {
      return [...call.events];
    },
    async stats() {
      const report = await call.pc?.getStats();
      return report ? [...report.values()] : [];
    },
  });
}
