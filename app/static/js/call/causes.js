/** What is wrong, in words, for who has it and for who talks with them. */

import { t } from "../lib/text.js";

/** @import { Cause } from "./types.js" */

/**
 * What it is, what is done about it, what to do.
 * @param {Cause} cause of our own
 * @param {string} name of the other side
 * @param {boolean} connected
 * @returns {string} empty for nothing
 */
export function own(cause, name, connected) {
  return ofOurs(cause, connected).replaceAll("{name}", name);
}

/**
 * For us, who can tell them what to do.
 * @param {Cause} cause of the other side
 * @param {string} name of the other side
 * @param {boolean} connected
 * @returns {string} empty for nothing
 */
export function theirs(cause, name, connected) {
  return ofTheirs(cause, connected).replaceAll("{name}", name);
}

/**
 * The one thing to say of what is known of both sides.
 * @param {{own: Cause, theirs: Cause}} troubles
 * @param {string} name of the other side
 * @param {boolean} connected
 * @param {boolean} agent we are; who helps is told what to ask the other for
 * @returns {string} empty for nothing
 */
export function said(troubles, name, connected, agent) {
  const here = own(troubles.own, name, connected);
  const there = theirs(troubles.theirs, name, connected);
  // That no way is found says less than what the other side has found in its way.
  const yields = troubles.own === "no_path" && (agent || troubles.theirs !== "no_path");
  return (yields && there) || here || there;
}

/**
 * Worth a word only while it does not work: then it is for the records.
 * @param {Cause} cause
 */
function isRoundabout(cause) {
  return cause === "udp_blocked" || cause === "only_443";
}

/**
 * @param {Cause} cause
 * @param {boolean} connected
 */
function ofOurs(cause, connected) {
  if (!connected && isRoundabout(cause))
    return cause === "only_443"
      ? t("Your network blocks video. Trying through port 443…")
      : t("Your network blocks video over UDP. Trying over TCP…");
  switch (cause) {
    case "offline":
      return t("This device is offline. Check Wi-Fi or mobile data; the call goes on.");
    case "relay_unreachable":
      return t(
        "Your network blocks video on every port. Turn off a VPN, or use another network, for instance mobile data.",
      );
    case "relay_refused":
      return t(
        "The relay refuses the call. Reload the page; if it stays, call support.",
      );
    case "name_not_found":
      return t(
        "Your network does not find the video relay. Use another network or VPN.",
      );
    case "no_path":
      return t("No way to {name} is found yet. Try mobile data, or turn off a VPN.");
    case "microphone_silent":
      return t(
        "Your microphone is silent: another program may hold it, or it is switched off at the headset. Choose another under More.",
      );
    case "camera_stopped":
      return t(
        "Your camera has stopped: another program may hold it. Close that, then switch the camera off and on.",
      );
    case "camera_dark":
      return t("Your picture is black. Is there a cover on the camera?");
    case "no_sound_arrives":
      return t("No sound arrives from {name}. Connecting anew…");
    case "no_picture_arrives":
      return t("No picture arrives from {name}. Connecting anew…");
    case "slow_network":
      return t("The network is too slow for pictures: sound only, until it is better.");
    case "high_loss":
      return t("The network loses much of the call. Move closer to the Wi-Fi.");
    case "high_delay":
      return t("The network is slow: {name} hears you late. Leave pauses.");
    case "slow_device":
      return t("This device is busy, so its picture is coarse. Close other programs.");
    default:
      return "";
  }
}

/**
 * @param {Cause} cause
 * @param {boolean} connected
 */
function ofTheirs(cause, connected) {
  if (connected && isRoundabout(cause)) return "";
  switch (cause) {
    case "udp_blocked":
      return t("{name}'s network blocks UDP, so the call goes over TCP.");
    case "only_443":
      return t(
        "{name}'s network lets only port 443 through, so the call goes that way.",
      );
    case "relay_unreachable":
      return t(
        "{name}'s network blocks video on every port. Ask them to turn off a VPN or to use mobile data.",
      );
    case "relay_refused":
      return t("The relay refuses {name}'s call. Ask them to reload the page.");
    case "name_not_found":
      return t(
        "{name}'s network does not find the relay. Ask them for another network.",
      );
    case "no_path":
      return t("No way to {name} is found yet. Ask them to try mobile data.");
    case "microphone_silent":
      return t("{name}'s microphone is silent. Another program may hold it.");
    case "camera_stopped":
      return t("{name}'s camera has stopped. Another program may hold it.");
    case "camera_dark":
      return t("{name}'s picture is black. There may be a cover on the camera.");
    case "no_sound_arrives":
      return t("{name} does not hear you. Connecting anew…");
    case "no_picture_arrives":
      return t("{name} does not see you. Connecting anew…");
    case "slow_network":
      return t("{name}'s network is too slow for pictures: sound only for now.");
    case "high_loss":
      return t("{name}'s network loses much of the call.");
    case "high_delay":
      return t("{name}'s network is slow: they hear you late. Leave pauses.");
    case "slow_device":
      return t("{name}'s device is busy, so pictures are coarse.");
    default:
      return "";
  }
}
