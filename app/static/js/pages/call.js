/** The page of a call: puts the call and its views together. */

import { Call } from "../call/call.js";
import { checkView } from "../call/check.js";
import { controls } from "../call/controls.js";
import { deviceMenus } from "../call/devices.js";
import { diagnostics } from "../call/diagnostics.js";
import { shortcuts } from "../call/keyboard.js";
import { Media } from "../call/media.js";
import { morePanel, showShortcuts, toggleFullScreen } from "../call/more.js";
import { whenNetworkChanges } from "../call/network.js";
import { overView } from "../call/over.js";
import { customerPanel } from "../call/panel.js";
import { qualityBadge } from "../call/quality_badge.js";
import { movable } from "../call/self_view.js";
import { stage } from "../call/stage.js";
import { statusLine } from "../call/status.js";
import { wakeLock } from "../call/awake.js";
import { byId, pageData, report } from "../lib/dom.js";

/** @import { PageData } from "../call/types.js" */

const data = /** @type {PageData} */ (pageData());
const media = new Media();
const call = new Call(data, media);

const room = byId("room", HTMLElement);
const status = statusLine(call);
const bar = controls(call, media, status.tell);
const more = morePanel(byId("devices", HTMLFieldSetElement));
const fillDevices = deviceMenus(media);
const keepAwake = wakeLock();
movable(byId("self", HTMLElement), byId("stage", HTMLElement));

const views = [
  stage(call, media),
  status.draw,
  qualityBadge(call),
  bar.draw,
  checkView(call, media),
  overView(call),
];
if (data.customerPanelUrl) views.push(customerPanel(call, data.customerPanelUrl));

function draw() {
  if (room.dataset.view !== call.view) turn();
  for (const view of views) view();
}

/** From one view to the next. */
function turn() {
  const before = room.dataset.view;
  room.dataset.view = call.view;
  keepAwake(call.view === "waiting" || call.view === "talk");
  if (before !== "check" || call.view === "over") return;
  more.adopt();
  // The button that was pressed is gone: go on where the hands will be needed.
  byId("toggle-microphone", HTMLButtonElement).focus({ preventScroll: true });
}

/** A device came or went. */
async function lookAtDevices() {
  await fillDevices();
  const missing = Object.values(media.problems).some(
    (problem) => problem?.name === "NotFoundError",
  );
  if (missing && call.view === "check" && !media.asking.size) await media.open();
}

call.onchange = draw;
media.onchange = () => call.mediaChanged();
media.ondevices = () => lookAtDevices().catch(report);
media.onnotice = status.tell;

shortcuts(
  {
    m: bar.toggles.microphone,
    v: bar.toggles.camera,
    s: bar.toggles.screen,
    f: toggleFullScreen,
    "?": showShortcuts,
  },
  () => call.view === "talk" || call.view === "waiting",
);

// The network may have changed, or the computer has slept.
whenNetworkChanges(() => call.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") call.hurry();
});
// A page that comes back from the history has no socket any more.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

Object.defineProperty(window, "deskside", { value: diagnostics(call) });

if ("RTCPeerConnection" in window) {
  call.start();
  fillDevices().catch(report);
  media.open().catch(report);
} else location.replace(document.documentElement.dataset.tooOld ?? data.homeUrl);
