import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Gone, Signal } from "../../app/static/js/call/signal.js";

/** A network that a test can hold in its hands: it keeps what is sent, and can fail. */
class Socket {
  static CONNECTING = 0;
  readyState = 0;
  /** @type {any[]} */
  sent = [];
  onopen = () => {};
  onmessage = (/** @type {{data: string}} */ _event) => {};
  onclose = (/** @type {{code: number}} */ _event) => {};

  open() {
    this.readyState = 1;
    this.onopen();
  }
  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  /** @param {object} message */
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
  /** @param {number} code */
  end(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  close() {
    this.readyState = 3;
  }
}

const WELCOME = { type: "welcome", token: "seat", heartbeat: 15 };
const INSTANCE = "instance-of-this-page";

/** @type {Socket[]} */
let sockets;
/** @type {string[]} */
let links;
/** @type {(string | Error)[]} what `renew` gives, in turn */
let tickets;
/** @type {Signal} */
let signal;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1);
  [sockets, links, tickets] = [[], [], []];
  signal = new Signal({
    url: "wss://desk.example/ws",
    ticket: "first",
    instance: INSTANCE,
    renew: async () => {
      const next = tickets.shift() ?? new Error("offline");
      if (next instanceof Error) throw next;
      return next;
    },
    onmessage: () => {},
    onlink: (link, reason) => links.push([link, reason].filter(Boolean).join(" ")),
    open: () => {
      const socket = new Socket();
      sockets.push(socket);
      return /** @type {any} */ (socket);
    },
  });
  signal.start();
});

/** The socket of now. */
function current() {
  const last = sockets.at(-1);
  assert.ok(last);
  return last;
}

function seated() {
  current().open();
  current().say(WELCOME);
  return current();
}

/** Promises that are already decided go on. */
async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

/** @param {number} milliseconds */
async function pass(milliseconds) {
  mock.timers.tick(milliseconds);
  await settle();
}

describe("a seat", () => {
  test("is taken with the ticket and the instance", () => {
    current().open();
    assert.deepEqual(current().sent, [
      { type: "join", ticket: "first", instance: INSTANCE },
    ]);
    current().say(WELCOME);
    assert.deepEqual(links, ["open"]);
  });

  test("is resumed with its token after a lost socket", async () => {
    seated().end(1006);
    await pass(300);
    current().open();
    assert.deepEqual(current().sent, [{ type: "resume", token: "seat" }]);
    assert.deepEqual(links, ["open", "lost"]);
  });

  test("is joined anew with a new ticket, as the same page, if it cannot resume", async () => {
    seated().end(1006);
    await pass(300);
    current().open();
    tickets = ["second"];
    current().say({ type: "error", code: "resume_failed", text: "", fatal: true });
    current().end(4000);
    await pass(0);
    current().open();
    assert.deepEqual(current().sent, [
      { type: "join", ticket: "second", instance: INSTANCE },
    ]);
  });

  test("is taken as another page when that is asked for", async () => {
    seated().say({ type: "moved" });
    current().end(4000);
    assert.deepEqual(links, ["open", "over moved"]);
    tickets = ["second"];
    signal.rejoin("another-instance-of-it");
    await pass(0);
    current().open();
    assert.deepEqual(current().sent, [
      { type: "join", ticket: "second", instance: "another-instance-of-it" },
    ]);
  });

  test("is given up when no ticket is good", async () => {
    tickets = ["2", "3", "4", "5"];
    for (let i = 0; i < 4; i++) {
      current().open();
      current().say({ type: "error", code: "bad_ticket", text: "", fatal: true });
      current().end(4000);
      await pass(10_000);
    }
    assert.deepEqual(links, ["lost", "over bad_ticket"]);
    assert.equal(sockets.length, 4);
  });

  test("is lost for good when the visit has lapsed", async () => {
    current().open();
    tickets = [new Gone("lapsed")];
    current().say({ type: "error", code: "expired_ticket", text: "", fatal: true });
    current().end(4000);
    await pass(0);
    assert.deepEqual(links, ["lost", "over lapsed"]);
  });
});

describe("a lost socket", () => {
  test("is tried again later each time, up to eight seconds", async () => {
    seated().end(1006);
    for (const wait of [300, 600, 1200, 2400, 4800, 8000, 8000]) {
      const before = sockets.length;
      await pass(wait - 1);
      assert.equal(sockets.length, before);
      await pass(1);
      assert.equal(sockets.length, before + 1);
      current().end(1006);
    }
  });

  test("comes back at once when the server says so, or the network does", async () => {
    seated().end(4001);
    await pass(0);
    assert.equal(sockets.length, 2);
    current().end(1006);
    signal.hurry();
    await pass(0);
    assert.equal(sockets.length, 3);
  });

  test("waits as long as a draining node asks for", async () => {
    seated().say({ type: "goodbye", after: 1.5 });
    current().end(1012);
    await pass(1499);
    assert.equal(sockets.length, 1);
    await pass(1);
    assert.equal(sockets.length, 2);
  });

  test("tries again where no ticket can be had for now", async () => {
    current().open();
    tickets = [new Error("offline"), "second"];
    current().say({ type: "error", code: "expired_ticket", text: "", fatal: true });
    current().end(4000);
    await pass(0);
    assert.equal(sockets.length, 1);
    await pass(300);
    assert.equal(sockets.length, 2);
  });

  test("takes no messages: the state is told anew later", () => {
    seated().end(1006);
    assert.equal(signal.send({ type: "end" }), false);
  });
});

describe("the end", () => {
  for (const [message, code, link] of /** @type {[object, number, string][]} */ ([
    [{ type: "ended", reason: "no_show" }, 4000, "over ended"],
    [{ type: "left" }, 4000, "over left"],
    [
      { type: "error", code: "room_full", text: "", fatal: true },
      4000,
      "over room_full",
    ],
    [{ type: "error", code: "too_fast", text: "", fatal: true }, 4002, "over too_fast"],
    [{ type: "pong" }, 4000, "over closed"],
    [{ type: "pong" }, 4002, "over refused"],
  ]))
    test(`is not followed by another socket: ${link}`, async () => {
      seated().say(message);
      current().end(code);
      await pass(60_000);
      assert.deepEqual(links, ["open", link]);
      assert.equal(sockets.length, 1);
    });
});

describe("the heartbeat", () => {
  test("is sent after a time of sending nothing", () => {
    const socket = seated();
    mock.timers.tick(14_999);
    assert.equal(socket.sent.length, 1);
    mock.timers.tick(1);
    assert.deepEqual(socket.sent.at(-1), { type: "ping" });
  });

  test("is not needed while something else is sent", () => {
    const socket = seated();
    mock.timers.tick(10_000);
    signal.send({ type: "refresh" });
    socket.say({ type: "pong" });
    mock.timers.tick(10_000);
    assert.deepEqual(
      socket.sent.map(({ type }) => type),
      ["join", "refresh"],
    );
  });

  test("is sent where nothing is heard, however much is said", async () => {
    const socket = seated();
    for (let i = 0; i < 3; i++) {
      await pass(6_000);
      signal.send({ type: "refresh" });
    }
    assert.equal(socket.sent.filter(({ type }) => type === "ping").length, 1);
  });

  test("finds a dead socket by its silence", async () => {
    const socket = seated();
    await pass(34_999);
    assert.deepEqual(links, ["open"]);
    await pass(1);
    assert.deepEqual(links, ["open", "lost"]);
    // What comes late from it is no concern of ours.
    assert.equal(socket.onmessage, null);
  });

  test("finds it sooner where there is a reason to doubt", async () => {
    seated();
    mock.method(performance, "now", () => 1e9);
    signal.hurry();
    assert.deepEqual(current().sent.at(-1), { type: "ping" });
    await pass(1_000);
    assert.deepEqual(links, ["open", "lost"]);
    mock.restoreAll();
  });

  test("a network in which nothing comes back is tried anew at once, again and again", async () => {
    seated();
    await pass(35_000);
    const before = sockets.length;
    await pass(0);
    for (let second = 0; second < 4; second++) await pass(1_000);
    const racing = sockets.slice(before);
    assert.equal(racing.length, 4);
    const winner = /** @type {Socket} */ (racing[1]);
    winner.open();
    winner.say(WELCOME);
    assert.equal(links.at(-1), "open");
    assert.deepEqual(winner.sent, [{ type: "resume", token: "seat" }]);
    const others = racing.filter((socket) => socket !== winner);
    assert.ok(others.every(({ readyState, onclose }) => readyState === 3 && !onclose));
    await pass(5_000);
    assert.equal(sockets.length - before, 4);
  });
});

test("frames are counted both ways", () => {
  seated();
  signal.send({ type: "refresh" });
  current().say({ type: "pong" });
  assert.deepEqual(signal.frames, { sent: 2, received: 2 });
});
