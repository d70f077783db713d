/** The bar under the picture: microphone, camera, screen, more, end. */

import { byId, report, setAttribute, setIcon } from "../lib/dom.js";
import { explain } from "./help.js";
import { CAN_SHARE } from "./media.js";

/** @import { Call } from "./call.js" */
/** @import { Media } from "./media.js" */
/** @import { Toggles } from "./types.js" */

/** Icons of each toggle: on, off. */
const ICONS = {
  microphone: ["mic", "mic-off"],
  camera: ["video", "video-off"],
  screen: ["monitor-up", "monitor-up"],
};

/**
 * @param {Call} call
 * @param {Media} media
 * @param {(text: string) => void} tell
 * @returns {{draw: () => void, toggles: Toggles}}
 */
export function controls(call, media, tell) {
  /** @param {"microphone" | "camera"} kind */
  async function turn(kind) {
    const on = !media.state[kind];
    await (kind === "camera" ? media.setCamera(on) : media.setMicrophone(on));
    const problem = media.problems[kind];
    if (!on || !problem) return;
    const { what, steps } = explain(problem, [kind]);
    tell([what, ...steps.slice(0, 2)].join(" "));
  }

  const toggles = {
    microphone: () => turn("microphone").catch(report),
    camera: () => turn("camera").catch(report),
    screen: () => {
      if (media.tracks.screen) media.drop("screen");
      else if (CAN_SHARE && call.view === "talk") media.share().catch(report);
    },
  };
  const buttons = {
    microphone: byId("toggle-microphone", HTMLButtonElement),
    camera: byId("toggle-camera", HTMLButtonElement),
    screen: byId("toggle-screen", HTMLButtonElement),
  };
  const end = byId("end", HTMLButtonElement);
  const leave = byId("leave", HTMLButtonElement);

  const kinds = /** @type {(keyof Toggles)[]} */ (Object.keys(buttons));
  for (const kind of kinds)
    buttons[kind].addEventListener("click", () => {
      if (kind === "screen" || !media.asking.has(kind)) toggles[kind]();
    });
  end.addEventListener("click", () => call.go("end"));
  leave.addEventListener("click", () => call.go("leave"));

  function draw() {
    const talking = call.view === "talk";
    for (const kind of kinds) {
      const on = media.state[kind];
      setAttribute(buttons[kind], "aria-pressed", String(on));
      setIcon(buttons[kind], ICONS[kind][on ? 0 : 1] ?? "");
      const busy = kind !== "screen" && media.asking.has(kind);
      setAttribute(buttons[kind], "aria-busy", String(busy));
    }
    buttons.screen.hidden = !CAN_SHARE || !talking;
    end.hidden = !talking;
    end.disabled = leave.disabled = !!call.going;
  }
  return { draw, toggles };
}
