/** The check page: runs the check, shows what it finds, and hands it on. */

import { deviceMenus } from "../call/devices.js";
import { Media } from "../call/media.js";
import { Meter } from "../call/meter.js";
import { drawPair, drawRows, drawRules, drawVerdict } from "../check/draw.js";
import { follow, lead, Mailbox, Silence } from "../check/pair.js";
import { save, send } from "../check/report.js";
import { rowsOf } from "../check/rows.js";
import { rulesAsText, rulesOf } from "../check/rules.js";
import { Check } from "../check/run.js";
import { post, Refused } from "../check/service.js";
import { copyButtons } from "../lib/copy.js";
import { byId, pageData, report } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @import { CheckData, Half, Pair, Report } from "../check/types.js" */

const data = /** @type {CheckData} */ (pageData());
const media = new Media();
const own = byId("own", HTMLVideoElement);
const meter = new Meter(byId("meter", HTMLElement), byId("meter-bar", HTMLElement));
const start = byId("start", HTMLButtonElement);
const status = byId("status", HTMLElement);
const fillMenus = deviceMenus(media);

let check = new Check(data, media, own);
/** @type {{other: Half | null, pair: Pair | null}} */
let witness = { other: null, pair: null };
/** @type {Mailbox | null} */
let mailbox = null;

media.onchange = showDevices;
media.ondevices = () => fillMenus().catch(report);
start.addEventListener("click", () => begin().catch(report));
start.disabled = false; // Before, a press would have been lost.
for (const kind of ["camera", "microphone"])
  byId(`${kind}-device`, HTMLSelectElement).addEventListener("change", lookAgain);
byId("heard", HTMLButtonElement).addEventListener("click", () => hear(true));
byId("not-heard", HTMLButtonElement).addEventListener("click", () => hear(false));
byId("save", HTMLButtonElement).addEventListener("click", () => {
  if (check.half) save(whole(check.half));
});
byId("send", HTMLButtonElement).addEventListener("click", () => {
  sendReport().catch(report);
});
byId("make-link", HTMLButtonElement).addEventListener("click", () => {
  makeLink().catch(report);
});
addEventListener("pagehide", () => media.pause());
copyButtons(document, byId("copied", HTMLElement));
fillMenus().catch(report);
draw();

async function begin() {
  start.disabled = true;
  mailbox?.close();
  witness = { other: null, pair: null };
  byId("result", HTMLElement).hidden = true;
  byId("devices", HTMLElement).hidden = false;
  status.textContent = t("The check is running. It takes up to half a minute.");
  check = new Check(data, media, own);
  check.onchange = draw;
  try {
    finish(await check.run());
  } finally {
    start.disabled = false;
    byId("start-text", HTMLElement).textContent = t("Check again");
  }
  if (data.pair && check.half) await meet(check.half);
}

/** @param {Half} half */
function finish(half) {
  status.textContent = "";
  for (const id of ["result", "network"]) byId(id, HTMLElement).hidden = false;
  byId("make-link", HTMLButtonElement).disabled = false;
  drawResult(half);
  byId("verdict", HTMLElement).focus();
}

function draw() {
  drawRows(
    byId("rows", HTMLUListElement),
    rowsOf(check.findings, check.progress, check.planned),
  );
  if (check.half && !byId("result", HTMLElement).hidden) drawResult(check.half);
}

/** @param {Half} half */
function drawResult(half) {
  drawVerdict(byId("verdict", HTMLElement), half.verdict);
  drawRules(byId("rules", HTMLTableSectionElement), half);
  byId("rules-text", HTMLElement).textContent = rulesAsText(rulesOf(half));
}

// Devices.

function showDevices() {
  const { camera, microphone } = media.tracks;
  own.srcObject = camera ? new MediaStream([camera]) : null;
  meter.listen(microphone);
}

function lookAgain() {
  if (check.half) check.lookAgain().catch(report);
}

/** @param {boolean} heard */
function hear(heard) {
  check.hear(heard);
  status.textContent = heard ? t("Good.") : t("Turn the volume up and play it again.");
}

// The report.

/**
 * @param {Half} half
 * @returns {Report}
 */
function whole(half) {
  return { ...half, ...witness };
}

async function sendReport() {
  const button = byId("send", HTMLButtonElement);
  if (!check.half) return;
  button.disabled = true;
  try {
    const { code, days } = await send(data, whole(check.half));
    byId("code", HTMLElement).textContent = code;
    byId("kept", HTMLElement).textContent = t("It is kept for {days} days.", { days });
    byId("sent", HTMLElement).hidden = false;
  } catch (error) {
    say("send-problem", error);
  } finally {
    button.disabled = false;
  }
}

// The witness.

async function makeLink() {
  const button = byId("make-link", HTMLButtonElement);
  if (!check.half) return;
  button.disabled = true;
  try {
    const { pair, key } = await post(data.pairsUrl);
    byId("link", HTMLInputElement).value = location.origin + data.linkPath + pair;
    byId("link-made", HTMLElement).hidden = false;
    tell(t("Waiting for the other side. Leave this page open."));
    await together(pair, key, lead, check.half);
  } catch (error) {
    tell(problem(error));
  } finally {
    button.disabled = false;
  }
}

/**
 * The link of somebody else was opened.
 * @param {Half} half
 */
async function meet(half) {
  const pair = data.pair;
  try {
    const { key } = await post(`${data.pairsUrl}/${pair}/join`);
    data.pair = ""; // It lets nobody in twice.
    tell(t("Trying to reach the other side…"));
    await together(pair, key, follow, half);
  } catch (error) {
    tell(problem(error));
  }
}

/**
 * @param {string} pair
 * @param {string} key
 * @param {typeof lead} play
 * @param {Half} half
 */
async function together(pair, key, play, half) {
  // Those from the beginning may have lapsed while somebody was looking for a phone.
  const refresh = async () => (await post(data.iceUrl)).ice_servers;
  mailbox = new Mailbox(`${data.pairsUrl}/${pair}`, key);
  const found = await play(mailbox, half, refresh, (other) => {
    witness.other = other;
    tell(t("The other side is there. Trying to reach it…"));
    drawOther(other);
  });
  witness.pair = found;
  drawPair(byId("pair", HTMLElement), found);
  tell(t("Done: both halves are in the report now."));
}

/** @param {Half} other */
function drawOther(other) {
  byId("other", HTMLElement).hidden = false;
  drawVerdict(byId("other-verdict", HTMLElement), other.verdict);
  drawRows(byId("other-rows", HTMLUListElement), rowsOf(other));
}

/** @param {string} text */
function tell(text) {
  byId("witness-status", HTMLElement).textContent = text;
}

/**
 * @param {string} id
 * @param {unknown} error
 */
function say(id, error) {
  const place = byId(id, HTMLElement);
  place.hidden = false;
  place.textContent = problem(error);
}

/** @param {unknown} error */
function problem(error) {
  if (error instanceof Refused) return error.message;
  if (error instanceof Silence)
    return t("The other side does not answer. Make a new link.");
  report(error);
  return t("The service was not reached. Try again.");
}
