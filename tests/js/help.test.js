import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "./page.js";

const { browser, explain } = await import("../../app/static/js/call/help.js");

/** @type {[ReturnType<typeof browser>, string, number][]} */
const BROWSERS = [
  [
    "chrome",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    0,
  ],
  [
    "edge",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    0,
  ],
  [
    "firefox",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    0,
  ],
  [
    "safari",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    0,
  ],
  [
    "ios",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    5,
  ],
  [
    "ios",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    5,
  ],
  [
    "ios-other",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
    5,
  ],
  [
    "android",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    5,
  ],
  [
    "samsung",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    5,
  ],
  [
    "firefox-android",
    "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
    5,
  ],
  [
    "in-app",
    "Mozilla/5.0 (Linux; Android 14; SM-A546B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 300.0",
    5,
  ],
  ["other", "Lynx/2.9", 0],
];

describe("the browser", () => {
  for (const [name, userAgent, touch] of BROWSERS)
    test(`is told by its name: ${name}, ${touch} fingers`, () => {
      assert.equal(browser(userAgent, touch), name);
    });
});

const ERRORS = [
  "NotAllowedError",
  "SecurityError",
  "NotFoundError",
  "NotReadableError",
  "AbortError",
  "OverconstrainedError",
  "Insecure",
  "NoApi",
  "SomethingNew",
];

describe("help", () => {
  test("has three parts for every error in every browser", () => {
    for (const name of ERRORS)
      for (const [used] of BROWSERS) {
        const help = explain(new DOMException("", name), ["camera"], used);
        assert.ok(help.what && help.doing && help.steps.length, `${name} in ${used}`);
      }
  });

  test("names what is missing", () => {
    const error = new DOMException("", "NotReadableError");
    assert.match(explain(error, ["microphone"], "chrome").what, /microphone/);
    assert.match(explain(error, ["camera", "microphone"], "chrome").what, /camera and/);
  });

  test("tells the device's own refusal from that of the page", () => {
    const byDevice = new DOMException("Permission denied by system", "NotAllowedError");
    const byPage = new DOMException("Permission denied", "NotAllowedError");
    assert.match(explain(byDevice, ["camera"], "chrome").what, /device/);
    assert.equal(explain(byPage, ["camera"], "chrome").sign, "sliders-horizontal");
  });

  test("differs from browser to browser", () => {
    const error = new DOMException("", "NotAllowedError");
    const steps = new Set(
      BROWSERS.map(([used]) => explain(error, ["camera"], used).steps[0]),
    );
    assert.ok(steps.size >= 7);
  });
});
