/** The relays: how it stands with each, kept up to date. */

import { byId } from "../lib/dom.js";
import { keepFresh } from "../lib/fresh.js";
import { localise } from "../lib/time.js";

const part = byId("relays", HTMLDivElement);

localise(document);
keepFresh({
  part,
  url: "/relays/list",
  events: "/relays/events",
  offline: byId("offline", HTMLParagraphElement),
  onfresh: () => localise(part),
});
