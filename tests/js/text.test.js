import assert from "node:assert/strict";
import { test } from "node:test";

// The catalog of a page in a language with the plural forms one, few, many, other.
const TEXTS = {
  locale: "pl",
  texts: {
    Rooms: "Pokoje",
    "{name} is here.": "{name} jest tutaj.",
    "{n} minute": ["{n} minuta", "{n} minuty", "{n} minut", "{n} minuty"],
  },
};
const block = { textContent: JSON.stringify(TEXTS) };
Object.assign(globalThis, {
  document: { getElementById: () => block, documentElement: { lang: "pl" } },
});
const { t, tn } = await import("../../app/static/js/lib/text.js");
const { clock } = await import("../../app/static/js/call/status.js");
const { lasting } = await import("../../app/static/js/lib/time.js");

test("a text is shown in the page's language, else as it stands", () => {
  assert.equal(t("Rooms"), "Pokoje");
  assert.equal(t("History"), "History");
});

test("a placeholder takes its value, and stays where there is none", () => {
  assert.equal(t("{name} is here.", { name: "Budi" }), "Budi jest tutaj.");
  assert.equal(t("{name} is here."), "{name} jest tutaj.");
  assert.equal(t("Hello {name}", { name: "{n}" }), "Hello {n}");
});

test("a number takes the plural form that the language has for it", () => {
  const minutes = (/** @type {number} */ n) => tn("{n} minute", "{n} minutes", n);
  assert.equal(minutes(1), "1 minuta");
  assert.equal(minutes(3), "3 minuty");
  assert.equal(minutes(5), "5 minut");
  assert.equal(minutes(22), "22 minuty");
});

test("without a translation English has its two forms", () => {
  assert.equal(tn("{n} day", "{n} days", 1), "1 day");
  assert.equal(tn("{n} day", "{n} days", 0), "0 days");
});

test("a time is said as exactly as a person would say it", () => {
  assert.equal(lasting(0), "under a minute");
  assert.equal(lasting(59.9), "under a minute");
  assert.equal(lasting(60), "1 minuta");
  assert.equal(lasting(3600), "1 hour");
  assert.equal(lasting(47 * 3600), "47 hours");
  assert.equal(lasting(72 * 3600), "3 days");
});

test("a timer shows hours only when there are some", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(67.9), "1:07");
  assert.equal(clock(3753), "1:02:33");
  assert.equal(clock(-5), "0:00");
});
