import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { IN_VAIN, Outcome } from "../../app/static/js/call/outcome.js";

/** @type {import("../../app/static/js/call/types.js").BrowserMessage[]} */
let told = [];
let open = true;

/** @typedef {import("../../app/static/js/call/types.js").Way} Way */
/** @type {Way} */
const RELAYED = { path: "relay", protocol: "tls" };
/** @type {Way} */
const DIRECT = { path: "direct", protocol: "udp" };

function begun() {
  const outcome = new Outcome({
    send: (message) => {
      if (open) told.push(message);
      return open;
    },
  });
  outcome.begin();
  return outcome;
}

describe("the outcome of a peer connection", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    told = [];
    open = true;
  });

  test("is told once, when its way is known", () => {
    const outcome = begun();
    outcome.expect(true);
    outcome.connected();
    assert.deepEqual(told, []);
    outcome.measured(RELAYED);
    outcome.measured(DIRECT);
    mock.timers.tick(2 * IN_VAIN);
    assert.equal(told.length, 1);
    const { after, ...rest } = /** @type {any} */ (told[0]);
    assert.deepEqual(rest, { type: "connected", ...RELAYED });
    assert.ok(after >= 0 && after < 1);
  });

  test("is in vain after a while in which both are present", () => {
    const outcome = begun();
    mock.timers.tick(2 * IN_VAIN);
    outcome.expect(true);
    outcome.expect(true);
    mock.timers.tick(IN_VAIN - 1);
    assert.deepEqual(told, []);
    mock.timers.tick(1);
    assert.deepEqual(told, [{ type: "not_connected" }]);
    outcome.connected();
    outcome.measured(DIRECT);
    outcome.expect(true);
    mock.timers.tick(2 * IN_VAIN);
    assert.equal(told.length, 1);
  });

  test("is none when the other one goes away", () => {
    const outcome = begun();
    outcome.expect(true);
    mock.timers.tick(IN_VAIN - 1);
    outcome.expect(false);
    outcome.drop();
    mock.timers.tick(2 * IN_VAIN);
    assert.deepEqual(told, []);
  });

  test("is told again while the service cannot be reached", () => {
    const outcome = begun();
    outcome.connected();
    open = false;
    outcome.measured(RELAYED);
    open = true;
    outcome.measured(RELAYED);
    assert.equal(told.length, 1);
  });

  test("is another one for another peer connection", () => {
    const outcome = begun();
    outcome.connected();
    outcome.measured(RELAYED);
    outcome.begin();
    outcome.expect(true);
    mock.timers.tick(IN_VAIN);
    assert.deepEqual(
      told.map(({ type }) => type),
      ["connected", "not_connected"],
    );
  });
});
