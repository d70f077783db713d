/** The menus of devices. They stand in the check first, and in "More" during the call. */

import { byId, make, report } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { CAN_CHOOSE_SPEAKER } from "./media.js";
import { chime } from "./meter.js";

/** @import { Media } from "./media.js" */
/** @import { DeviceKind } from "./types.js" */

const KINDS = /** @type {const} */ (["camera", "microphone", "speaker"]);

/**
 * @param {Media} media
 * @returns {() => Promise<void>} fills the menus anew
 */
export function deviceMenus(media) {
  byId("speaker-row", HTMLElement).hidden = !CAN_CHOOSE_SPEAKER;
  for (const kind of KINDS) {
    const menu = menuOf(kind);
    menu.addEventListener("change", () => {
      media.choose(kind, menu.value).catch(report);
    });
  }
  const button = byId("chime", HTMLButtonElement);
  button.addEventListener("click", () => {
    button.disabled = true;
    chime(media.speaker)
      .catch(report)
      .finally(() => (button.disabled = false));
  });
  return async () => {
    const devices = await media.devices();
    for (const kind of KINDS) fill(kind, devices[kind], media.current(kind));
  };
}

/**
 * @param {DeviceKind} kind
 * @param {MediaDeviceInfo[]} devices
 * @param {string} current device id
 */
function fill(kind, devices, current) {
  const menu = menuOf(kind);
  menu.disabled = !devices.length;
  menu.replaceChildren(
    ...devices.map(({ deviceId, label }, index) =>
      make("option", { value: deviceId }, label || t("Device {n}", { n: index + 1 })),
    ),
  );
  if (!devices.length) menu.append(make("option", {}, nothing(kind)));
  if (devices.some(({ deviceId }) => deviceId === current)) menu.value = current;
}

/** @param {DeviceKind} kind */
function nothing(kind) {
  return kind === "speaker" ? t("The system's choice") : t("None found");
}

/** @param {DeviceKind} kind */
function menuOf(kind) {
  return byId(`${kind}-device`, HTMLSelectElement);
}
