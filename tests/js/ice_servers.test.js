import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { IceServers } from "../../app/static/js/call/ice_servers.js";

const OLD = [{ urls: "turn:relay.example.org", username: "1" }];
const NEW = [{ urls: "turn:relay.example.org", username: "2" }];

/** How often the service was asked. */
let asked = 0;
/** Whether it can be. */
let open = true;

/** @param {RTCIceServer[] | null} answer at once, if there is any */
function servers(answer) {
  const made = new IceServers(() => {
    asked += 1;
    if (answer) setTimeout(() => made.take(answer, 600));
    return open;
  });
  made.take(OLD, 600);
  return made;
}

describe("relays", () => {
  beforeEach(() => {
    mock.timers.reset();
    asked = 0;
    open = true;
  });

  test("are taken as they are while their credentials are good", async () => {
    assert.equal(await servers(NEW).valid(), OLD);
    assert.equal(asked, 0);
  });

  test("are asked for anew by a step that no longer trusts them", async () => {
    const made = servers(NEW);
    made.distrust();
    assert.equal(await made.valid(), NEW);
    assert.equal(await made.valid(), NEW);
    assert.equal(asked, 1);
  });

  test("are asked for anew before their credentials end", async () => {
    const made = servers(NEW);
    made.take(OLD, 59);
    assert.equal(await made.valid(), NEW);
  });

  test("are the old ones where the service does not answer, or cannot be asked", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const mute = servers(null);
    mute.distrust();
    const given = mute.valid();
    mock.timers.tick(1_000);
    assert.equal(await given, OLD);
    open = false;
    assert.equal(await mute.valid(), OLD);
    assert.equal(asked, 2);
  });

  test("are known by their scheme", () => {
    assert.equal(servers(null).relay, true);
    const stun = new IceServers(() => true);
    stun.take([{ urls: ["stun:relay.example.org"] }], 600);
    assert.equal(stun.relay, false);
  });
});
