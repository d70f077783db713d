/** A room's page: copy, end, and what happens there, live. */

import { copyButtons } from "../lib/copy.js";
import { byId, report } from "../lib/dom.js";
import { localise, tick } from "../lib/time.js";

const TICK = 10_000;

const dialog = byId("end-dialog", HTMLDialogElement);

localise(document);
setInterval(() => tick(document), TICK);
const copied = document.getElementById("copied");
if (copied) copyButtons(document, copied);
prepareEnd();
if (document.getElementById("end")) listen();

/** The button is drawn anew with the state, so the page itself listens. */
function prepareEnd() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("#end"))
      dialog.showModal();
  });
  byId("end-cancel", HTMLButtonElement).addEventListener("click", () => dialog.close());
}

function listen() {
  const events = new EventSource(`${location.pathname}/events`);
  for (const name of ["open", "changed"]) {
    events.addEventListener(name, () => {
      refresh().catch(report);
    });
  }
}

/** Draw the state anew; a room that ended has another page. */
async function refresh() {
  const answer = await fetch(location.pathname);
  if (answer.status === 401) location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const state = page.getElementById("state");
  if (!state || !page.getElementById("end")) return location.reload();
  const focused = document.activeElement?.id;
  byId("state", HTMLDivElement).replaceWith(state);
  localise(state);
  if (focused) document.getElementById(focused)?.focus();
}
