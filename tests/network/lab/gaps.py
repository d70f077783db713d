"""How long a picture stands still, and what the browser itself notices meanwhile."""

from dataclasses import dataclass

from playwright.sync_api import BrowserContext

from tests.e2e.people import Person


# Remembers every change of a connection's state, with its moment.
_STATES = """(() => {
  const Real = RTCPeerConnection, states = window.states = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      this.addEventListener("connectionstatechange", () =>
        states.push([performance.now(), this.connectionState]));
    }
  };
})()"""

# Sees every single frame that is shown.
_WATCH = """() => {
  const video = document.querySelector("#remote");
  const watch = window.watch = { since: performance.now(), longest: 0 };
  watch.last = watch.since;
  const frame = now => {
    if (window.watch !== watch) return;
    watch.longest = Math.max(watch.longest, now - watch.last);
    watch.last = now;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}"""

_SEEN = """() => {
  const now = performance.now(), { since, last, longest } = window.watch;
  const lost = states.find(([at, state]) => at > since && state === "disconnected");
  return { still: (now - last) / 1000, longest: Math.max(longest, now - last) / 1000,
           noticed: lost ? (lost[0] - since) / 1000 : null };
}"""

STORY = """() => deskside.events.map(({ at, what }) =>
  `${((at - watch.since) / 1000).toFixed(2)} ${what}`).join(", ")"""


@dataclass(frozen=True)
class Seen:
    """Since `watch`, in seconds."""

    still: float
    """Since the last frame."""
    longest: float
    """Between two frames."""
    noticed: float | None
    """Until the browser said `disconnected`, if it did."""


def remember_states(context: BrowserContext) -> None:
    """For `prepare`: needed by `seen`."""
    context.add_init_script(_STATES)


def watch(*people: Person) -> None:
    """Begin to measure."""
    for person in people:
        person.page.evaluate(_WATCH)


def seen(person: Person) -> Seen:
    """What was measured so far."""
    return Seen(**person.page.evaluate(_SEEN))
