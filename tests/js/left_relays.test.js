import assert from "node:assert/strict";
import { test } from "node:test";

import { holdsOthers } from "../../app/static/js/call/left_relays.js";

/** @param {...object} entries @returns {any} a connection with these statistics */
function connection(...entries) {
  return {
    getStats: async () => new Map(entries.map((entry, id) => [String(id), entry])),
  };
}

/** @param {string} [url] */
function relayed(url) {
  return { type: "local-candidate", candidateType: "relay", url };
}

const NEW = [
  { urls: ["turn:one.example:3478?transport=udp", "turns:one.example"] },
  { urls: "turn:[2001:db8::1]" },
];

test("a candidate of a relay that is not among the servers is held", async () => {
  const held = connection(relayed("turn:old.example:3478?transport=udp"));
  assert.equal(await holdsOthers(held, NEW), true);
});

test("those of the servers are known however their URLs are written", async () => {
  const fine = connection(
    relayed("turn:one.example:3478?transport=udp"),
    relayed("turns:one.example:5349?transport=tcp"),
    relayed("turn:2001:db8::1:3478?transport=udp"),
  );
  assert.equal(await holdsOthers(fine, NEW), false);
});

test("other candidates, and those without a URL, tell nothing", async () => {
  const others = connection(
    { ...relayed("stun:old.example:3478"), candidateType: "srflx" },
    { ...relayed("turn:old.example:3478?transport=udp"), type: "remote-candidate" },
    relayed(),
  );
  assert.equal(await holdsOthers(others, NEW), false);
});
