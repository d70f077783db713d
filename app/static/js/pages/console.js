/** The console: the lists kept up to date, and a call for attention when one waits. */

import { all, byId, report, setIcon } from "../lib/dom.js";
import { keepFresh } from "../lib/fresh.js";
import { prepareForOffline } from "../lib/offline.js";
import { t, tn } from "../lib/text.js";
import { localise, tick } from "../lib/time.js";

const TICK = 10_000;
const SOUND_KEY = "deskside.sound";

const rooms = byId("rooms", HTMLDivElement);
const news = byId("news", HTMLParagraphElement);
const sound = byId("sound", HTMLButtonElement);
const title = document.title;

/** Who was waiting when we last looked, by room. */
let waiting = readWaiting();
/** @type {AudioContext | null} */
let audio = null;

localise(rooms);
setInterval(() => tick(rooms), TICK);
showCount();
keepFresh({
  part: rooms,
  url: "/console/rooms",
  events: "/console/events",
  offline: byId("offline", HTMLParagraphElement),
  onfresh: () => {
    localise(rooms);
    noticeArrivals();
  },
});
prepareSound();
prepareNotifications();
prepareForOffline();

/** @returns {Map<string, string>} room to name */
function readWaiting() {
  const entries = all(rooms, "[data-waiting]", HTMLLIElement);
  return new Map(
    entries.map(({ dataset }) => [dataset.waiting ?? "", dataset.name ?? ""]),
  );
}

function noticeArrivals() {
  const before = waiting;
  waiting = readWaiting();
  showCount();
  for (const [room, name] of waiting) if (!before.has(room)) announce(room, name);
}

function showCount() {
  document.title = waiting.size ? `(${waiting.size}) ${title}` : title;
}

/**
 * @param {string} room
 * @param {string} name
 */
function announce(room, name) {
  const text = t("{name} is waiting for you.", { name });
  news.textContent = text;
  if (sound.getAttribute("aria-pressed") === "true") chime();
  if (!document.hidden || !("Notification" in window)) return;
  if (Notification.permission !== "granted") return;
  const body = tn("{n} customer is waiting", "{n} customers are waiting", waiting.size);
  const note = new Notification(text, { body, tag: room });
  note.addEventListener("click", () => {
    window.focus();
    location.assign(`/rooms/${room}/call`);
  });
}

function prepareSound() {
  setSound(localStorage.getItem(SOUND_KEY) !== "off");
  sound.addEventListener("click", () => {
    const on = sound.getAttribute("aria-pressed") !== "true";
    setSound(on);
    localStorage.setItem(SOUND_KEY, on ? "on" : "off");
    if (on) chime();
  });
  // Browsers let a page sound only after somebody has touched it.
  addEventListener("pointerdown", wake, { once: true });
  addEventListener("keydown", wake, { once: true });
}

/** @param {boolean} on */
function setSound(on) {
  sound.setAttribute("aria-pressed", String(on));
  setIcon(sound, on ? "bell" : "bell-off");
}

function wake() {
  audio ??= new AudioContext();
  audio.resume().catch(report);
  return audio;
}

/** Two soft tones, a fifth apart. */
function chime() {
  const context = wake();
  [659, 988].forEach((frequency, index) => {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + index * 0.18;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.15, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.6);
  });
}

function prepareNotifications() {
  if (!("Notification" in window) || Notification.permission !== "default") return;
  const ask = byId("ask", HTMLDivElement);
  ask.hidden = false;
  byId("allow", HTMLButtonElement).addEventListener("click", () => {
    const hide = () => {
      ask.hidden = true;
    };
    Notification.requestPermission().then(hide).catch(report);
  });
}
