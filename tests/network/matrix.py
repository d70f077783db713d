"""Calls between all kinds of networks, as quick as can be: who connects, and how."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import BrowserContext, Error

from tests.e2e.people import AGENT_EMAIL, Agent, Customer, Person
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import Mode, Path, expected
from tests.services import Node, run


PATIENCE = 15
"""Seconds for a call to connect, to be seen and heard, and to find its best path."""

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
    const pair = stats.get(transport?.selectedCandidatePairId);
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
            return "no path"
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

    @property
    def good(self) -> bool:
        """Whether it is as expected."""
        if self.trouble:
            return False
        talked = all(one.talks == (way != "no path") for one, way in self._both())
        return talked and all(one.way == way for one, way in self._both())

    @property
    def seconds(self) -> float:
        """Until both saw the other."""
        return max(one.seconds for one in self.seen)

    def told(self) -> dict[str, Any]:
        """It, for JSON."""
        return asdict(self) | {"good": self.good, "seconds": self.seconds}

    def _both(self) -> Iterator[tuple[Seen, str]]:
        return zip(self.seen, self.expected, strict=True)


class Callers:
    """An agent and a customer who call each other again and again.

    Each has a browser context for each kind of network, as somebody who has been there
    before: what pages are made of is in its cache.
    """

    def __init__(self, lab: Lab, stack: ExitStack, rooms: "Rooms") -> None:
        self.lab, self.rooms, self._stack = lab, rooms, stack
        self._contexts: dict[tuple[str, str], BrowserContext] = {}

    def call(self, one: Mode, other: Mode) -> Cell:
        """Call; gives what came of it, whatever that is."""
        expects = expected(one, other), expected(other, one)
        cell = Cell(one.name, other.name, (str(expects[0]), str(expects[1])))
        for last in (False, True):
            try:
                cell.seen = self._try(cell, expects)
                cell.trouble = ""
            except Error as error:
                # A page that was not even there is tried again; what is seen is not.
                cell.trouble = error.message.splitlines()[0]
                if not last:
                    continue
            break
        return cell

    def _try(self, cell: Cell, expects: tuple[Path, Path]) -> tuple[Seen, Seen]:
        self.lab.place(cell.agent, cell.customer)
        room, link, passcode = self.rooms.make()
        with ExitStack() as stack:
            agent = self._person(Agent, "agent", cell.agent, stack)
            agent.go(f"/rooms/{room}/call")
            customer = self._person(Customer, "customer", cell.customer, stack)
            agent.pass_check()
            customer.fill_in(link, passcode)
            customer.pass_check()
            people: list[Person] = [agent, customer]
            seen = [look(who, way) for who, way in zip(people, expects, strict=True)]
        clicked = max(one["clickedAt"] for one in seen)
        return fact(seen[0], clicked), fact(seen[1], clicked)

    def _person(self, kind: type[P], side: str, mode: str, stack: ExitStack) -> P:
        if (side, mode) not in self._contexts:
            made = self._contexts[side, mode] = self.lab.context(side)
            self._stack.callback(made.close)
            made.add_init_script(_CLOCK)
        person = kind(self._contexts[side, mode], self.lab.url)
        stack.callback(person.page.close)
        return person


def look(person: Person, path: Path) -> dict[str, Any]:
    """Wait for sound, picture and this path; gives what there is in the end."""
    given = [path.path, path.protocol, PATIENCE]
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
