/** Keeps the screen of a phone on during the call. */

import { report } from "../lib/dom.js";

/** @returns {(wanted: boolean) => void} */
export function wakeLock() {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let wanted = false;
  let asking = false;

  async function settle() {
    if (!("wakeLock" in navigator) || asking) return;
    asking = true;
    try {
      const held = lock && !lock.released;
      if (wanted && !held && document.visibilityState === "visible")
        lock = await navigator.wakeLock.request("screen");
      if (!wanted && held) await lock?.release();
    } catch (error) {
      // A nearly empty battery is a reason to say no.
      if (!(error instanceof DOMException)) report(error);
    } finally {
      asking = false;
    }
  }

  // The browser takes it back whenever the page is hidden.
  document.addEventListener("visibilitychange", () => settle().catch(report));
  return (now) => {
    if (now === wanted) return;
    wanted = now;
    settle().catch(report);
  };
}
