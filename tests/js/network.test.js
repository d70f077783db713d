import assert from "node:assert/strict";
import { test } from "node:test";
import { whenNetworkChanges } from "../../app/static/js/call/network.js";

/** @import { NetworkLine } from "../../app/static/js/call/types.js" */

/** @param {string} [type] */
function browser(type) {
  const page = new EventTarget();
  const line = /** @type {NetworkLine} */ (Object.assign(new EventTarget(), { type }));
  let heard = 0;
  whenNetworkChanges(() => (heard += 1), { page, line });
  const change = (/** @type {string | undefined} */ to) => {
    line.type = to;
    line.dispatchEvent(new Event("change"));
    return heard;
  };
  return { page, change, heard: () => heard };
}

test("a phone that leaves the Wi-Fi is heard at once, and when it comes back", () => {
  const { change } = browser("wifi");
  assert.equal(change("cellular"), 1);
  assert.equal(change("wifi"), 2);
});

test("a new guess of the speed is no other network", () => {
  assert.equal(browser("wifi").change("wifi"), 0);
  assert.equal(browser().change(undefined), 0);
});

test("a device that is online again is heard, whatever else the browser has", () => {
  const { page, heard } = browser();
  page.dispatchEvent(new Event("online"));
  assert.equal(heard(), 1);
});
