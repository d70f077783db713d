import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "./page.js";
import { diagnose } from "../../app/static/js/call/diagnosis.js";
import { Evidence } from "../../app/static/js/call/evidence.js";

const { own, said, theirs } = await import("../../app/static/js/call/causes.js");

/** @import { Cause, Known } from "../../app/static/js/call/types.js" */

/**
 * A good call, but for these.
 * @param {Partial<Known>} changes
 * @returns {Known}
 */
function known(changes) {
  return {
    online: true,
    connected: true,
    seconds: 20,
    hasRelays: true,
    evidence: evidence(["host", "srflx", "relay udp 3478", "relay tls 443"]),
    before: "",
    expected: { sound: true, picture: true },
    missing: { sound: 0, picture: 0 },
    own: {
      silentFor: 0,
      microphoneMuted: false,
      cameraStopped: false,
      cameraDark: false,
    },
    pictures: true,
    rtt: 0.05,
    loss: 0,
    slowDevice: false,
    ...changes,
  };
}

/**
 * @param {string[]} candidates
 * @param {[number, string][]} errors
 */
function evidence(candidates, errors = []) {
  const found = new Evidence();
  for (const text of candidates) {
    const [type, relayProtocol, port] = text.split(" ");
    const url = port && `turns:relay.example.org:${port}?transport=tcp`;
    found.found(/** @type {any} */ ({ type, relayProtocol, url }));
  }
  for (const [errorCode, errorText] of errors)
    found.failed(/** @type {any} */ ({ errorCode, errorText }));
  return found;
}

const UNANSWERED = /** @type {[number, string]} */ ([701, "TURN allocate timed out."]);
const UNKNOWN = /** @type {[number, string]} */ ([
  701,
  "TURN server address could not be resolved: host lookup",
]);
const QUOTA = /** @type {[number, string]} */ ([486, "Allocation Quota Reached"]);

/**
 * What browsers found in each of the laboratory's networks while they had no path.
 * @type {Record<string, [string[], [number, string][], Cause]>}
 */
const SEARCHES = {
  "nothing blocked, and yet no pair works": [
    ["host", "srflx", "relay udp 3478", "relay tls 5349"],
    [],
    "no_path",
  ],
  "udp blocked": [
    ["host", "relay tcp 3478", "relay tls 443"],
    [UNANSWERED],
    "udp_blocked",
  ],
  "443 alone": [["host", "relay tls 443"], [UNANSWERED, UNANSWERED], "only_443"],
  "all ports blocked": [["host"], [UNANSWERED, UNANSWERED], "relay_unreachable"],
  "credentials refused": [["host", "srflx"], [[401, "Unauthorized"]], "relay_refused"],
  "quota reached": [["host", "srflx"], [QUOTA, UNANSWERED], "relay_refused"],
  "no name service": [["host"], [UNKNOWN, UNANSWERED, UNANSWERED], "name_not_found"],
};

/** @type {[string[], [number, string][]]} */
const SEARCH_443 = [["host", "relay tls 443"], [UNANSWERED]];

describe("a search for a path", () => {
  for (const [name, [candidates, errors, cause]] of Object.entries(SEARCHES))
    test(`names its cause: ${name}`, () => {
      const found = evidence(candidates, errors);
      assert.equal(diagnose(known({ connected: false, evidence: found })), cause);
    });

  test("says nothing before it had its time", () => {
    const found = evidence(["host"], [UNANSWERED]);
    const early = known({ connected: false, seconds: 2, evidence: found });
    assert.equal(diagnose(early), "");
  });

  test("leaves the word of the one before it, until then", () => {
    const early = known({ connected: false, seconds: 2, before: "only_443" });
    assert.equal(diagnose(early), "only_443");
    assert.equal(diagnose({ ...early, before: "high_loss" }), "");
    assert.equal(diagnose({ ...early, connected: true }), "");
  });

  test("expects no relay where there is none", () => {
    const found = evidence(["host", "srflx"]);
    const none = known({ connected: false, hasRelays: false, evidence: found });
    assert.equal(diagnose(none), "no_path");
  });

  test("hears from the other side what it has found", () => {
    const found = new Evidence();
    found.told("candidate:1 1 udp 1 10.0.0.2 9 typ host");
    found.told("candidate:2 1 udp 1 203.0.113.9 9 typ relay raddr 0.0.0.0 rport 0");
    assert.deepEqual([found.theirs.host, found.theirs.relay_udp], [1, 1]);
  });
});

describe("a call that stands", () => {
  /** @type {[string, Partial<Known>, Cause][]} */
  const calls = [
    ["all is well", {}, ""],
    ["offline", { online: false }, "offline"],
    ["no sound", { missing: { sound: 4_000, picture: 0 } }, "no_sound_arrives"],
    ["no picture", { missing: { sound: 0, picture: 4_000 } }, "no_picture_arrives"],
    ["a glitch", { missing: { sound: 900, picture: 1_900 } }, ""],
    ["no room for pictures", { pictures: false }, "slow_network"],
    ["loss", { loss: 0.2 }, "high_loss"],
    ["delay", { rtt: 0.8 }, "high_delay"],
    ["a busy device", { slowDevice: true }, "slow_device"],
  ];
  for (const [name, changes, cause] of calls)
    test(name, () => assert.equal(diagnose(known(changes)), cause));

  test("a camera that is off is not missed", () => {
    const off = { expected: { sound: true, picture: false } };
    assert.equal(
      diagnose(known({ ...off, missing: { sound: 0, picture: 60_000 } })),
      "",
    );
  });

  /** @type {[Partial<Known["own"]>, Cause][]} */
  const devices = [
    [{ silentFor: 7 }, "microphone_silent"],
    [{ silentFor: 3 }, ""],
    [{ microphoneMuted: true }, "microphone_silent"],
    [{ cameraStopped: true }, "camera_stopped"],
    [{ cameraDark: true }, "camera_dark"],
  ];
  for (const [state, cause] of devices)
    test(`own media: ${JSON.stringify(state)}`, () => {
      const { own: good } = known({});
      assert.equal(diagnose(known({ own: { ...good, ...state } })), cause);
    });
});

describe("of two sides, it is said", () => {
  /** @type {[string, Cause, Cause, boolean, RegExp][]} */
  const both = [
    ["what is wrong here", "high_loss", "camera_dark", true, /^The network loses/],
    ["what is wrong there", "", "camera_dark", true, /^Budi's picture is black/],
    [
      "what stands in the way",
      "no_path",
      "only_443",
      true,
      /^Budi's network lets only/,
    ],
    ["to who helps, what to ask for", "no_path", "no_path", true, /Ask them to try/],
    ["to who is helped, what to try", "no_path", "no_path", false, /Try mobile data/],
  ];
  for (const [name, ours, others, agent, text] of both)
    test(name, () => {
      const connected = ours !== "no_path";
      const found = said({ own: ours, theirs: others }, "Budi", connected, agent);
      assert.match(found, text);
    });
});

describe("every cause", () => {
  /** @type {Cause[]} */
  const causes = [
    ...new Set(Object.values(SEARCHES).map(([, , cause]) => cause)),
    ...["microphone_silent", "camera_stopped", "camera_dark", "no_sound_arrives"],
    ...["no_picture_arrives", "slow_network", "high_loss", "high_delay", "slow_device"],
  ].map((cause) => /** @type {Cause} */ (cause));
  for (const cause of causes)
    test(`is said to both: ${cause}`, () => {
      assert.notEqual(own(cause, "Budi", true) || own(cause, "Budi", false), "");
      assert.match(theirs(cause, "Budi", false), /Budi/);
      assert.doesNotMatch(own(cause, "Budi", false), /\{/);
    });

  test("no cause, no words", () => {
    assert.equal(own("", "Budi", true), "");
    assert.equal(theirs("", "Budi", true), "");
  });

  test("a way round is only for the records, once it works", () => {
    const found = evidence(...SEARCH_443);
    const cause = diagnose(known({ evidence: found }));
    assert.equal(cause, "only_443");
    assert.equal(own(cause, "Budi", true) + theirs(cause, "Budi", true), "");
  });
});
