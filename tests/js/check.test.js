import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "./page.js";

const { browserName, platformName } =
  await import("../../app/static/js/check/browser.js");
const { rulesAsText, rulesOf } = await import("../../app/static/js/check/rules.js");
const { rowsOf } = await import("../../app/static/js/check/rows.js");
const { kindOf, parts, stunUrls, transportsOf } =
  await import("../../app/static/js/check/transports.js");
const { judge, judgePair } = await import("../../app/static/js/check/verdict.js");
const { pairWords, verdictWords } = await import("../../app/static/js/check/words.js");

/** @import { Findings, IceError, Transport, TransportKind } from "../../app/static/js/check/types.js" */

const HOST = "turn.example.org";
/** @type {Record<TransportKind, string>} */
const URLS = {
  "relay-udp": `turn:${HOST}:3478?transport=udp`,
  "relay-tcp": `turn:${HOST}:3478?transport=tcp`,
  "relay-tls": `turns:${HOST}:5349?transport=tcp`,
  "relay-443": `turns:${HOST}:443?transport=tcp`,
};
const KINDS = /** @type {TransportKind[]} */ (Object.keys(URLS));

// As Chromium words them.
const TIMED_OUT = { code: 701, text: "TURN allocate request timed out.", url: "" };
const NO_TCP = { code: 701, text: "Failed to establish connection", url: "" };
const NO_NAME = { code: 701, text: "TURN host lookup received error.", url: "" };
const UNAUTHORIZED = { code: 401, text: "Unauthorized", url: "" };
const QUOTA = { code: 486, text: "Allocation Quota Reached", url: "" };

/**
 * Transports, of which these kinds work; the others fail with this.
 * @param {TransportKind[]} working
 * @param {IceError} [error]
 * @param {TransportKind[]} tried
 * @returns {Transport[]}
 */
function transports(working, error = TIMED_OUT, tried = KINDS) {
  return tried.map((kind) => {
    const ok = working.includes(kind);
    const url = URLS[kind];
    const found = { kind, url, ok, relayed: ok, rtt: 20, took: 300 };
    return { ...found, echoed: ok ? 5000 : 0, errors: ok ? [] : [error] };
  });
}

/** @type {Findings} */
const WELL = {
  version: 1,
  at: "2026-11-20T18:00:00.000Z",
  host: "help.example.org",
  browser: {
    name: "Chrome 140",
    platform: "Windows",
    agent: "",
    language: "en",
    secure: true,
    missing: [],
  },
  devices: {
    camera: { state: "ok", error: "" },
    microphone: { state: "ok", error: "" },
    speaker: { state: "untried", error: "" },
  },
  service: { reached: true, socket: true, relay: "up", took: 10, error: "" },
  direct: { candidates: ["host", "srflx"], asked: true, took: 90, errors: [] },
  transports: transports(KINDS),
  bandwidth: { kind: "relay-udp", kbps: 6000, bytes: 2_000_000 },
  online: true,
};
const NO_SRFLX = { ...WELL.direct, candidates: ["host"] };

/**
 * The findings with some of them changed.
 * @param {Partial<Findings>} changes
 */
function verdictOf(changes) {
  return judge({ ...WELL, ...changes });
}

/** @type {[string, Partial<Findings>, string, string][]} network, findings, verdict */
const NETWORKS = [
  ["open", {}, "open", "good"],
  [
    "udp blocked",
    {
      direct: NO_SRFLX,
      transports: transports(["relay-tcp", "relay-tls", "relay-443"]),
    },
    "udp_blocked",
    "fair",
  ],
  [
    "only 443",
    { direct: NO_SRFLX, transports: transports(["relay-443"], NO_TCP) },
    "only_443",
    "fair",
  ],
  [
    "a proxy only",
    { direct: NO_SRFLX, transports: transports(["relay-443"], NO_TCP) },
    "only_443",
    "fair",
  ],
  [
    "a proxy only, which alone finds names",
    {
      direct: { ...NO_SRFLX, errors: [NO_NAME] },
      transports: transports(["relay-443"], NO_TCP),
    },
    "proxy_only",
    "fair",
  ],
  [
    "relay not reached, UDP passes",
    { transports: transports([]) },
    "relay_unreachable",
    "poor",
  ],
  [
    "relay not reached, nothing passes",
    { direct: NO_SRFLX, transports: transports([]) },
    "no_path",
    "failed",
  ],
  [
    "relay knows no such name",
    { transports: transports([], UNAUTHORIZED) },
    "relay_refused",
    "poor",
  ],
  [
    "relay down",
    { transports: transports([]), service: { ...WELL.service, relay: "down" } },
    "relay_down",
    "poor",
  ],
  ["relay is full", { transports: transports([], QUOTA) }, "relay_refused", "poor"],
  [
    "relay gives an address and carries nothing",
    {
      transports: transports([]).map((one) => ({ ...one, relayed: true, errors: [] })),
    },
    "relay_refused",
    "poor",
  ],
  [
    "name of the relay not found",
    {
      direct: { ...NO_SRFLX, errors: [NO_NAME] },
      transports: transports([], NO_TCP),
    },
    "name_not_found",
    "poor",
  ],
  ["no relay", { transports: [] }, "no_relay", "fair"],
  [
    "no WebSockets",
    { service: { ...WELL.service, socket: false } },
    "no_socket",
    "failed",
  ],
  ["no service", { service: { ...WELL.service, reached: false } }, "offline", "failed"],
  ["offline", { online: false }, "offline", "failed"],
  [
    "old browser",
    { browser: { ...WELL.browser, missing: ["transceivers"] } },
    "old_browser",
    "failed",
  ],
  [
    "insecure page",
    { browser: { ...WELL.browser, secure: false, missing: ["media-devices"] } },
    "insecure",
    "failed",
  ],
];

describe("the verdict about a network", () => {
  for (const [name, changes, network, level] of NETWORKS)
    test(`${name}: ${network}, ${level}`, () => {
      const verdict = verdictOf(changes);
      assert.deepEqual([verdict.network, verdict.level], [network, level]);
    });

  test("goes by the ways that were tried: what is not offered is not blocked", () => {
    const tried = transports(["relay-443"], TIMED_OUT, ["relay-443"]);
    assert.equal(verdictOf({ transports: tried }).network, "open");
  });

  test("says in words what it is and, unless all is well, what to do", () => {
    for (const [name, changes] of NETWORKS) {
      const verdict = verdictOf(changes);
      const { title, texts, steps } = verdictWords(verdict);
      assert.ok(title, name);
      if (verdict.network !== "open") assert.ok(texts.length + steps.length, name);
    }
    const titles = new Set(
      NETWORKS.map(([, changes]) => verdictWords(verdictOf(changes)).title),
    );
    assert.equal(titles.size, new Set(NETWORKS.map(([, , code]) => code)).size);
  });
});

describe("the verdict about devices", () => {
  /** @type {[string, keyof Findings["devices"]][]} */
  const lacking = [
    ["denied", "camera"],
    ["denied", "microphone"],
    ["missing", "camera"],
    ["missing", "microphone"],
    ["busy", "camera"],
    ["silent", "microphone"],
    ["dark", "camera"],
    ["not_heard", "speaker"],
    ["failed", "microphone"],
  ];
  for (const [state, kind] of lacking)
    test(`${kind} ${state} is said, with something to do`, () => {
      const devices = { ...WELL.devices, [kind]: { state, error: "" } };
      const verdict = verdictOf({ devices });
      assert.deepEqual(verdict.devices, [`${kind}_${state}`]);
      assert.deepEqual([verdict.level, verdict.network], ["fair", "open"]);
      const { title, texts, steps } = verdictWords(verdict);
      assert.match(title, /a device needs you/);
      assert.equal(texts.length, 2);
      assert.ok(steps.length);
    });

  test("what was not tried is no trouble", () => {
    const untried = { state: "untried", error: "" };
    const devices = { camera: untried, microphone: untried, speaker: untried };
    assert.equal(verdictOf({ devices }).level, "good");
  });
});

test("a weak network is told from a good one", () => {
  const slow = verdictOf({ bandwidth: { kind: "relay-udp", kbps: 150, bytes: 1 } });
  assert.deepEqual([slow.level, slow.causes], ["fair", ["slow_network"]]);
  const late = transports(KINDS).map((one) => ({ ...one, rtt: 700 }));
  assert.deepEqual(verdictOf({ transports: late }).causes, ["high_delay"]);
  assert.match(verdictWords(slow).title, /weak/);
});

test("two pages are what both ways say", () => {
  const way = { path: "", protocol: "", echoed: 0, rtt: 0, took: 0 };
  const [yes, no] = [
    { ...way, ok: true },
    { ...way, ok: false },
  ];
  assert.equal(judgePair({ direct: yes, relay: yes }), "direct");
  assert.equal(judgePair({ direct: no, relay: yes }), "relay");
  assert.equal(judgePair({ direct: yes, relay: no }), "direct_only");
  assert.equal(judgePair({ direct: no, relay: no }), "none");
  const said = ["direct", "relay", "direct_only", "none"].map((one) => pairWords(one));
  assert.equal(new Set(said.map(([title]) => title)).size, 4);
});

describe("ways to the relay", () => {
  test("are told by scheme, port and transport", () => {
    for (const kind of KINDS) assert.equal(kindOf(URLS[kind]), kind);
    assert.equal(kindOf("turn:a"), "relay-udp");
    assert.equal(kindOf("turns:a"), "relay-tls");
    assert.equal(kindOf("turn:a:443?transport=tcp"), "relay-443");
    const address = { secure: false, host: "[2001:db8::1]", protocol: "UDP" };
    assert.deepEqual(parts("turn:[2001:db8::1]"), { ...address, port: 3478 });
    assert.deepEqual(parts("turn:[2001:db8::1]:99"), { ...address, port: 99 });
  });

  test("are one each, the best first, with the credentials of their server", () => {
    const servers = [
      { urls: ["stun:s.example.org"] },
      { urls: [...KINDS].reverse().map((kind) => URLS[kind]), username: "u" },
      { urls: "turn:other.example.org", username: "v" },
    ];
    const found = transportsOf(servers);
    const kinds = found.map(({ kind }) => kind);
    assert.deepEqual(kinds, ["relay-udp", ...KINDS]);
    assert.deepEqual(
      found.map(({ server }) => server.username),
      ["u", "v", "u", "u", "u"],
    );
    assert.deepEqual(stunUrls(servers), ["stun:s.example.org"]);
    const many = Array.from({ length: 20 }, (_, n) => ({ urls: `turn:h${n}` }));
    assert.equal(transportsOf(many).length, 8);
  });
});

describe("rules for a firewall", () => {
  /** @param {Partial<Findings>} changes */
  const rules = (changes) => {
    const findings = { ...WELL, ...changes };
    return rulesOf({ ...findings, verdict: judge(findings) });
  };

  test("name every host, port and protocol once, and what was found", () => {
    const found = rules({
      direct: NO_SRFLX,
      transports: transports(["relay-443"], NO_TCP),
    });
    assert.deepEqual(
      found.map(({ host, protocol, port, state }) => [host, protocol, port, state]),
      [
        ["help.example.org", "TCP", "443", "open"],
        [HOST, "UDP", "3478", "blocked"],
        [HOST, "TCP", "3478", "blocked"],
        [HOST, "TCP", "5349", "blocked"],
        [HOST, "TCP", "443", "open"],
        ["any", "UDP", "1024–65535", "blocked"],
      ],
    );
  });

  test("are copied as lines with tabs", () => {
    const lines = rulesAsText(rules({})).split("\n");
    assert.equal(lines.length, 7);
    assert.deepEqual(lines[2]?.split("\t").slice(0, 4), [
      "outgoing",
      "UDP",
      "3478",
      HOST,
    ]);
  });

  test("do not call direct UDP blocked where a public address leaves STUN mute", () => {
    assert.equal(rules({ direct: NO_SRFLX }).at(-1)?.state, "open");
  });
});

describe("the lines", () => {
  test("say of each what was found, and what to do where something is wrong", () => {
    const failed = {
      ...WELL,
      direct: NO_SRFLX,
      transports: transports([]),
      bandwidth: null,
    };
    const rows = rowsOf(failed);
    assert.equal(rows.length, 11);
    for (const { name, text, state, steps } of rows) {
      assert.ok(name && text);
      if (state === "bad") assert.ok(steps?.length, name);
    }
    assert.equal(rows.filter(({ state }) => state === "bad").length, 1);
  });

  test("come one after the other while the check runs", () => {
    const rows = rowsOf(WELL, (id) => (id === "camera" ? "running" : "waiting"));
    assert.deepEqual(
      new Set(rows.map(({ state }) => state)),
      new Set(["waiting", "running"]),
    );
  });
});

test("browsers and systems are called by their names", () => {
  const edge = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0 Safari/537.36 Edg/141.0";
  assert.deepEqual([browserName(edge), platformName(edge)], ["Edge 141", "Windows"]);
  const phone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) Version/18.2 Safari/604.1";
  assert.deepEqual(
    [browserName(phone), platformName(phone)],
    ["Safari 18", "iOS 18.2"],
  );
  assert.deepEqual([browserName("Lynx/2.9"), platformName("Lynx/2.9")], ["?", "?"]);
});
