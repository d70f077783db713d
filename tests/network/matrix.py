"""Calls between all kinds of networks, as quick as can be: who connects, and how."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar, cast

from playwright.sync_api import BrowserContext, Error

from tests.e2e.people import AGENT_EMAIL, Agent, Customer, Person
from tests.network.lab.firefox import BidiError, Firefox, FirefoxPerson
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import Mode, Path, expected
from tests.services import Node, run


PATIENCE, IN_VAIN = 15, 8
"""Seconds for a call to connect, to be seen and heard, and to find its best path; and
to be sure that none connects, half of them at each side."""
NO_PATH = "no path"

_ONLY = """{
  const fits = url => %s;
  const less = config => ({ ...config, iceServers: config.iceServers
    .map(server => ({ ...server, urls: [server.urls].flat().filter(fits) }))
    .filter(server => server.urls.length) });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config) { super(less(config)); }
    setConfiguration(config) { super.setConfiguration(less(config)); }
  };
}"""

CONTROLS = {
    "without TURN": _ONLY % "url.startsWith('stun:')",
    "with TURN over UDP alone": _ONLY % "url.endsWith('transport=udp')",
}
"""What is taken from pages to see that it is needed, and the scripts that do."""

# When somebody clicked last, and when the first frame of the other side was shown.
_CLOCK = """
addEventListener("click", () => { window.clickedAt = Date.now(); }, true);
addEventListener("DOMContentLoaded", () => {
  document.querySelector("video#remote")?.requestVideoFrameCallback(() => {
    window.firstFrameAt = Date.now();
  });
});
"""

# What arrives and by which path, once there is sound and picture and the path is the
# one to wait for; else what there is at the end of our patience.
_LOOK = """async ([path, protocol, patience]) => {
  const look = async () => {
    const stats = new Map((await deskside.stats()).map(entry => [entry.id, entry]));
    const all = [...stats.values()];
    const inbound = kind =>
      all.filter(one => one.type === "inbound-rtp" && one.kind === kind);
    const transport = all.find(one => one.type === "transport");
    const pair = stats.get(transport?.selectedCandidatePairId) ??
      all.find(one => one.type === "candidate-pair" && one.selected); // Firefox
    const local = stats.get(pair?.localCandidateId);
    const remote = stats.get(pair?.remoteCandidateId);
    const relayed = [local, remote].some(one => one?.candidateType === "relay");
    return {
      connected: deskside.connection === "connected",
      frames: inbound("video").reduce((sum, one) => sum + (one.framesDecoded ?? 0), 0),
      energy: inbound("audio").reduce((sum, one) => sum + one.totalAudioEnergy, 0),
      path: pair ? (relayed ? "relay" : "direct") : "",
      protocol: local?.relayProtocol ?? local?.protocol ?? "",
      clickedAt: window.clickedAt, firstFrameAt: window.firstFrameAt ?? 0,
    };
  };
  for (const end = performance.now() + patience * 1000; ; ) {
    const seen = await look();
    const good = seen.firstFrameAt && seen.frames > 2 && seen.energy > 0;
    if (good && seen.path === path && seen.protocol === protocol) return seen;
    if (performance.now() > end) return seen;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}"""

P = TypeVar("P", bound=Person)


@dataclass(frozen=True)
class Seen:
    """What one side had of the other."""

    connected: bool = False
    frames: int = 0
    energy: float = 0
    path: str = ""
    protocol: str = ""
    seconds: float = 0
    """From the last click on Join, of either side, to the first frame."""

    @property
    def talks(self) -> bool:
        """Whether there was picture and sound."""
        return self.connected and self.frames > 0 and self.energy > 0

    @property
    def way(self) -> str:
        """The path in a word."""
        if not self.connected:
            return NO_PATH
        return self.path if self.path == "direct" else f"{self.path}/{self.protocol}"


@dataclass
class Cell:
    """One attempt: who was where, and what came of it."""

    agent: str
    customer: str
    expected: tuple[str, str]
    """The path of the agent's side, of the customer's; "no path" for none."""
    seen: tuple[Seen, Seen] = field(default=(Seen(), Seen()))
    trouble: str = ""
    """Why it could not even be tried to the end."""
    browsers: tuple[str, str] = ("Chromium", "Chromium")
    without: str = ""
    """What was taken away, to see that it is needed."""

    @property
    def good(self) -> bool:
        """Whether it is as expected."""
        if self.trouble:
            return False
        talked = all(one.talks == (way != NO_PATH) for one, way in self._both())
        return talked and all(one.way in as_good(way) for one, way in self._both())

    @property
    def seconds(self) -> float:
        """Until both saw the other."""
        return max(one.seconds for one in self.seen)

    def told(self) -> dict[str, Any]:
        """It, for JSON."""
        return asdict(self) | {"good": self.good, "seconds": self.seconds}

    def _both(self) -> Iterator[tuple[Seen, str]]:
        return zip(self.seen, self.expected, strict=True)


def as_good(way: str) -> set[str]:
    """Where TCP passes so does TLS: which is there first is a matter of luck."""
    return {way, "relay/tls"} if way == "relay/tcp" else {way}


Firefoxes = Mapping[str, Firefox]
"""Who has a Firefox: by side."""
NONE: Firefoxes = {}
MISHAPS = (Error, AssertionError, BidiError)
"""What happens where a page is not there."""


class Callers:
    """An agent and a customer who call each other again and again.

    Each has a browser context for each kind of network, as somebody who has been there
    before: what pages are made of is in its cache.
    """

    def __init__(
        self, lab: Lab, stack: ExitStack, rooms: "Rooms", firefox: Firefoxes = NONE
    ) -> None:
        self.lab, self.rooms, self._stack, self._firefox = lab, rooms, stack, firefox
        self._contexts: dict[tuple[str, ...], BrowserContext] = {}

    def call(self, one: Mode, other: Mode, without: str = "") -> Cell:
        """Call; gives what came of it, whatever that is.

        `without` is one of CONTROLS: then nothing should come of it.
        """
        ways = expected(one, other), expected(other, one)
        expects = (None, None) if without else ways
        cell = Cell(
            one.name,
            other.name,
            (said(expects[0]), said(expects[1])),
            browsers=(self._browser("agent"), self._browser("customer")),
            without=without,
        )
        # A page that was not even there is tried again; what is seen is not.
        with suppress(*MISHAPS):
            cell.seen = self._try(cell, expects)
            return cell
        try:
            cell.seen = self._try(cell, expects)
        except MISHAPS as error:
            cell.trouble = str(error).splitlines()[0]
        return cell

    def _browser(self, side: str) -> str:
        return "Firefox" if side in self._firefox else "Chromium"

    def _try(
        self, cell: Cell, expects: tuple[Path | None, Path | None]
    ) -> tuple[Seen, Seen]:
        self.lab.place(cell.agent, cell.customer)
        room, link, passcode = self.rooms.make()
        with ExitStack() as stack:
            agent = self._person(Agent, "agent", cell, stack)
            # The agent's page becomes ready while the customer fills in the form.
            agent.go(f"/rooms/{room}/call", until="commit")
            customer = self._person(Customer, "customer", cell, stack)
            customer.fill_in(link, passcode)
            agent.pass_check()
            customer.pass_check()
            people: list[Person] = [agent, customer]
            seen = [look(who, way) for who, way in zip(people, expects, strict=True)]
        clicked = max(one["clickedAt"] for one in seen)
        return fact(seen[0], clicked), fact(seen[1], clicked)

    def _person(self, kind: type[P], side: str, cell: Cell, stack: ExitStack) -> P:
        if side in self._firefox:
            made = FirefoxPerson(self._firefox[side], self.lab.url, _CLOCK)
            stack.callback(made.page.close)
            # It does what is asked of it here by the same names.
            return cast("P", made)
        person = kind(self._context(side, cell), self.lab.url)
        stack.callback(person.page.close)
        return person

    def _context(self, side: str, cell: Cell) -> BrowserContext:
        key = side, getattr(cell, side), cell.without
        if key not in self._contexts:
            made = self._contexts[key] = self.lab.context(side)
            self._stack.callback(made.close)
            made.add_init_script(_CLOCK)
            if cell.without:
                made.add_init_script(CONTROLS[cell.without])
        return self._contexts[key]


def said(path: Path | None) -> str:
    """A path in a word."""
    return str(path or NO_PATH)


def look(person: Person, path: Path | None) -> dict[str, Any]:
    """Wait for sound, picture and this path; gives what there is in the end.

    Where no path is expected, it waits a while for none.
    """
    given = [path.path, path.protocol, PATIENCE] if path else ["", "", IN_VAIN / 2]
    seen: dict[str, Any] = person.page.evaluate(_LOOK, given)
    return seen


def fact(seen: dict[str, Any], clicked: float) -> Seen:
    """What was seen, with the time since the click."""
    first = seen["firstFrameAt"]
    return Seen(
        connected=seen["connected"],
        frames=seen["frames"],
        energy=seen["energy"],
        path=seen["path"],
        protocol=seen["protocol"],
        seconds=max(first - clicked, 0) / 1000 if first else 0,
    )


class Rooms:
    """Makes rooms by the API: how they are made says nothing of networks."""

    def __init__(self, lab: Lab) -> None:
        self._node = lab.servers.nodes[0]
        key = self._node.do(lambda: api_key(self._node.service))
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }

    def make(self) -> tuple[str, str, str]:
        """Give the id of a new room, its link and its passcode."""
        made = self._node.do(self._ask)
        return made["id"], made["customer_link"], made["passcode"]

    def _ask(self) -> dict[str, str]:
        request = urllib.request.Request(  # noqa: S310
            f"{self._node.service.url}/api/v1/rooms",
            json.dumps({"title": "Networks"}).encode(),
            self._headers,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            made: dict[str, str] = json.load(answer)
            return made


def api_key(node: Node) -> str:
    """A key that acts as the agent."""
    command = [*node.command()[:-1], "apikey", "add", AGENT_EMAIL]
    return run(command, env=dict(node.environment())).splitlines()[-1]
