"""Calls through a deployment, and what they are measured by."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext

from tests.e2e.people import (
    SLOW,
    Agent,
    Customer,
    Person,
    watch_sockets,
)


class Callers:
    """An agent and a customer, each at a client of the laboratory."""

    def __init__(
        self, url: str, agents: Browser, customers: Browser, folder: File
    ) -> None:
        self.url, self._agents, self._customers = url, agents, customers
        self._session = folder / "session.json"

    def call(self, stack: ExitStack) -> "Call":
        """Make both, each with a context that is closed with the stack."""
        agent = Agent(self._context(stack, self._agents, self._known()), self.url)
        self._log_in(agent)
        customer = Customer(self._context(stack, self._customers, None), self.url)
        return Call(agent, customer)

    def _context(
        self, stack: ExitStack, browser: Browser, state: File | None
    ) -> BrowserContext:
        context = browser.new_context(locale="en-GB", storage_state=state)
        stack.callback(context.close)
        context.set_default_timeout(SLOW)
        watch_sockets(context)
        return context

    def _known(self) -> File | None:
        return self._session if self._session.exists() else None

    def _log_in(self, agent: Agent) -> None:
        """As rarely as people do: logging in is bounded."""
        agent.go("/rooms/new")
        if urlsplit(agent.page.url).path != "/rooms/new":
            agent.log_in()
            agent.context.storage_state(path=self._session)


@dataclass
class Call:
    """Two people; at first neither is in a call."""

    agent: Agent
    customer: Customer

    @property
    def people(self) -> tuple[Agent, Customer]:
        """Both sides."""
        return self.agent, self.customer

    def begin(self) -> None:
        """Bring both into a call in which each sees the other."""
        self.agent.create_room()
        self.agent.enter_room()
        self.agent.pass_check()
        self.customer.join(self.agent)
        self.customer.pass_check()
        for person in self.people:
            person.sees_picture()

    def end(self) -> None:
        """End it, as the customer."""
        self.customer.press("End call")
        self.agent.page.wait_for_url(lambda url: not url.endswith("/call"))


# Unlike a look at the statistics, this sees every single frame, and silence up to now.
_WATCH = """() => {
  const video = document.querySelector("#remote");
  const watch = window.watch = { last: performance.now(), longest: 0 };
  const frame = now => {
    watch.longest = Math.max(watch.longest, now - watch.last);
    watch.last = now;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}"""
_LONGEST = "Math.max(watch.longest, performance.now() - watch.last) / 1000"


def watch(*people: Person) -> None:
    """Have the pages remember the longest time without a new remote frame."""
    for person in people:
        person.page.evaluate(_WATCH)


def longest_gap(*people: Person) -> float:
    """The most seconds without a frame since `watch`, on any side."""
    return max(float(person.page.evaluate(_LONGEST)) for person in people)


def sockets(person: Person) -> int:
    """How many sockets the page has opened so far (needs `watch_sockets`)."""
    count: int = person.page.evaluate("sockets.length")
    return count


def resumes(person: Person, before: int) -> None:
    """Expect that the page has a new socket, and its seat."""
    person.page.wait_for_function(
        "before => sockets.length > before && window.deskside?.link === 'open'",
        arg=before,
        timeout=2 * SLOW,
    )


def signaling_works(agent: Agent, customer: Customer) -> None:
    """Expect that what one switches is seen by the other, both ways."""
    for one, other in [(agent, customer), (customer, agent)]:
        one.press("Microphone")
        other.sees("Microphone off")
        one.press("Microphone")


@dataclass(frozen=True)
class Path:
    """How the media of one side travels."""

    local: str
    remote: str
    relay_protocol: str
    """Between this side and its relay; empty where it uses none."""
    relay_url: str
    seen_as: str
    """The address that this side has for its relay (XOR-MAPPED-ADDRESS)."""


def media_path(person: Person) -> Path:
    """The path that carries the media."""
    stats: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in person.stats()}
    transports = [entry for entry in stats.values() if entry["type"] == "transport"]
    (chosen,) = {entry["selectedCandidatePairId"] for entry in transports}
    local = stats[stats[chosen]["localCandidateId"]]
    remote = stats[stats[chosen]["remoteCandidateId"]]
    relayed = local["candidateType"] == "relay"
    return Path(
        local["candidateType"],
        remote["candidateType"],
        local.get("relayProtocol", ""),
        local.get("url", "") if relayed else "",
        local.get("relatedAddress", "") if relayed else "",
    )
