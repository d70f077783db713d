"""An agent and a customer in real browsers, by what they see: accessible names only."""

import re
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Locator, Page, expect


AGENT_EMAIL, AGENT_PASSWORD = "ayu@example.org", "correct horse battery"
AGENT_NAME = "Ayu Lestari"
PHONE = "+62 812 3456 7890"
SLOW = 20_000
"""Milliseconds for what needs a connection, on a busy machine."""

# A picture counts as seen when new frames arrive and they are neither dark nor flat.
_PICTURE = """async video => {
  const count = () => video.getVideoPlaybackQuality().totalVideoFrames;
  const before = count();
  await new Promise(resolve => setTimeout(resolve, 400));
  const canvas = new OffscreenCanvas(64, 48), context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 48);
  const { data } = context.getImageData(0, 0, 64, 48);
  let sum = 0, least = 255, most = 0;
  for (let i = 0; i < data.length; i += 4) {
    const light = (data[i] + data[i + 1] + data[i + 2]) / 3;
    sum += light; least = Math.min(least, light); most = Math.max(most, light);
  }
  return { frames: count() - before, light: sum / (64 * 48), contrast: most - least,
           width: video.videoWidth, height: video.videoHeight };
}"""

# The loudest moment of two seconds of what the page plays (the fake microphone beeps).
_LOUDNESS = """async () => {
  const sources = [...document.querySelectorAll("audio, video")]
    .filter(element => !element.muted && element.srcObject?.getAudioTracks().length);
  if (!sources.length) return 0;
  const context = new AudioContext(), analyser = context.createAnalyser();
  // It may never say that it has: then nothing is loud.
  const patience = new Promise(resolve => setTimeout(resolve, 2000));
  await Promise.race([context.resume(), patience]);
  for (const { srcObject } of sources)
    context.createMediaStreamSource(srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + 2000; performance.now() < end; ) {
    await new Promise(resolve => setTimeout(resolve, 20));
    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  }
  await context.close();
  return loudest;
}"""


def measure(video: Locator) -> dict[str, float]:
    """Measure the picture of a video element."""
    measured: dict[str, float] = video.evaluate(_PICTURE)
    return measured


def moves(video: Locator) -> None:
    """Expect a picture that moves and is neither dark nor flat."""
    seen: list[dict[str, float]] = []
    for _ in range(30):
        seen.append(measure(video))
        last = seen[-1]
        if last["frames"] > 0 and last["light"] > 20 and last["contrast"] > 30:
            return
    raise AssertionError(f"no picture in {video}: {seen[-3:]}")


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.errors: list[str] = []
        self.use(context.new_page())

    def use(self, page: Page) -> Page:
        """Look at this page from now on; whatever it reports as an error is kept."""
        self.page = page
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._listen)
        return page

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def go(self, path: str, until: Literal["load", "commit"] = "load") -> None:
        """Open a page of the service; once more where the network has just changed.

        It returns when the page is loaded, or already when there is a page at all.
        """
        address = path if path.startswith("http") else self.url + path
        try:
            self.page.goto(address, wait_until=until)
        except Error as error:
            if "ERR_NETWORK_CHANGED" not in error.message:
                raise
            self.page.goto(address, wait_until=until)

    def button(self, name: str) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        """Return a field by its label."""
        return self.page.get_by_label(label, exact=True)

    def press(self, name: str) -> None:
        """Click a button."""
        self.button(name).click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Expect a text in sight."""
        found = self.page.get_by_text(text).filter(visible=True)
        expect(found.first).to_be_visible(timeout=SLOW)

    # The check and the call.

    def pass_check(self, how: str = "Join with camera and microphone") -> None:
        """Go from the check to the call."""
        button = self.button(how)
        expect(button).to_be_enabled(timeout=SLOW)
        button.click()

    def picture(self, label: str = "Remote video") -> dict[str, float]:
        """Measure a picture."""
        return measure(self.field(label))

    def sees_picture(self, label: str = "Remote video") -> None:
        """Expect a picture that moves and is neither dark nor flat."""
        moves(self.field(label))

    def sees_no_picture(self, label: str = "Remote video") -> None:
        """Expect that no frames arrive any more."""
        for _ in range(20):
            if self.picture(label)["frames"] == 0:
                return
        raise AssertionError(f"{label} still moves")

    def hears(self) -> None:
        """Expect a sound."""
        heard: list[float] = []
        for _ in range(4):
            heard.append(self.page.evaluate(_LOUDNESS))
            if heard[-1] > 0.01:
                return
        raise AssertionError(f"silence: {heard}")

    def talks(self) -> None:
        """Expect to see and hear the other side."""
        self.sees_picture()
        self.hears()

    def is_on(self, toggle: str, on: bool = True) -> None:
        """Expect a toggle's state."""
        expect(self.button(toggle)).to_have_attribute("aria-pressed", str(on).lower())

    @property
    def frames(self) -> int:
        """How many signaling frames this page sent and received."""
        count: dict[str, int] = self.page.evaluate("window.deskside.frames")
        return count["sent"] + count["received"]

    def stats(self) -> list[dict[str, Any]]:
        """Return the statistics of the connection."""
        stats: list[dict[str, Any]] = self.page.evaluate("window.deskside.stats()")
        return stats

    def lose_socket(self) -> None:
        """Have the network fail for what is open now (needs `watch_sockets`)."""
        self.page.evaluate("window.sockets.at(-1).close()")


class Agent(Person):
    """Works here."""

    def log_in(
        self, email: str = AGENT_EMAIL, password: str = AGENT_PASSWORD
    ) -> "Agent":
        """Log in and see the console."""
        self.go("/login")
        self.field("Email").fill(email)
        self.field("Password").fill(password)
        self.press("Log in")
        expect(self.page.get_by_role("link", name="New room").first).to_be_visible()
        return self

    def create_room(self, title: str = "Router setup", customer: str = "") -> str:
        """Create a room; return the customer link."""
        self.go("/rooms/new")
        if customer:
            self.field("Customer").press_sequentially(customer)
            self.page.get_by_role("option").first.click()
        self.field("Title").fill(title)
        self.passcode = self.field("Passcode").input_value()
        self.press("Create room")
        self.link = self.field("Customer link").input_value()
        self.room_url = self.page.url
        return self.link

    def enter_room(self) -> None:
        """Go to the check page of the room just created."""
        self.page.get_by_role("link", name="Enter room").click()


class Customer(Person):
    """Has a link, a phone and a passcode."""

    def fill_in(
        self, link: str, passcode: str, name: str = "Budi Santoso", phone: str = PHONE
    ) -> None:
        """Open the link and fill in the form."""
        self.go(link)
        self.field("Name").fill(name)
        self.field("Phone").fill(phone)
        self.field("Passcode").fill(passcode)
        self.press("Continue")

    def join(self, agent: Agent, **fields: str) -> None:
        """Fill in the form for an agent's room, up to the check page."""
        self.fill_in(agent.link, agent.passcode, **fields)
        expect(self.button("Join with microphone only")).to_be_visible(timeout=SLOW)


def watch_sockets(context: BrowserContext) -> None:
    """Let a test close a page's socket as a broken network would."""
    context.add_init_script(
        "window.sockets = []; window.WebSocket = class extends WebSocket {"
        " constructor(...args) { super(...args); window.sockets.push(this); } };"
    )


def only_relay(context: BrowserContext) -> None:
    """Let every connection of the context use the relay alone."""
    context.add_init_script(
        "window.RTCPeerConnection = class extends RTCPeerConnection {"
        " constructor(config) { super({ ...config, iceTransportPolicy: 'relay' }); }"
        " setConfiguration(config) {"
        "  super.setConfiguration({ ...config, iceTransportPolicy: 'relay' }); } };"
    )


def room_id(url: str) -> str:
    """Return the room of an agent's page."""
    return urlsplit(url).path.split("/")[2]


def closed(person: Person) -> None:
    """Close what a person has open."""
    with suppress(Exception):
        person.context.close()
