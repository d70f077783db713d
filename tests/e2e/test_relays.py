"""Two real relays: shown live to an administrator, drained and lost during a call."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.e2e.conftest import People, add_agent
from tests.e2e.people import (
    AGENT_EMAIL,
    AGENT_NAME,
    SLOW,
    Agent,
    Customer,
    Person,
    only_relay,
)
from tests.e2e.test_accessibility import DESKTOP, PHONE, Gallery
from tests.measured import note
from tests.services import Node, Redis, Turn, private_folder, run


SECRET = "one secret for all relays of it"

LET_GO = 180
"""Seconds after which what a browser left is gone: Chromium keeps it for 75 s or, now
and then, for good; then after 90 s, or 100, a new connection lets go of it."""

# The longest time without a new frame of the other side's picture, since it was asked.
_WATCH = """video => {
  const seen = window.longest = { last: performance.now(), gap: 0 };
  const frame = () => {
    const now = performance.now();
    seen.gap = Math.max(seen.gap, now - seen.last);
    seen.last = now;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}"""
_GAP = "() => Math.max(window.longest.gap, performance.now() - window.longest.last)"


@dataclass
class Deployment:
    """A node on Redis that has two relays."""

    node: Node
    turns: dict[str, Turn]

    def tell(self, *command: str) -> str:
        """Run a command of ours."""
        program = [*self.node.command()[:-1], "relay", *command]
        return run(program, env=dict(self.node.environment()))

    def used_by(self, person: Person) -> str:
        """Return the relay that carries what a person sends, or nothing."""
        stats = {entry["id"]: entry for entry in person.stats()}
        for entry in stats.values():
            pair = stats.get(entry.get("selectedCandidatePairId", ""))
            if entry["type"] == "transport" and pair:
                url = stats[pair["localCandidateId"]].get("url") or ""
                return next((n for n, t in self.turns.items() if url == t.url), "")
        return ""

    def leaves(self, person: Person, relay: str, seconds: float = 30) -> None:
        """Wait until a person's media goes by another relay."""
        until = time.monotonic() + seconds
        while self.used_by(person) in (relay, ""):
            assert time.monotonic() < until, f"still at {self.used_by(person)!r}"
            person.page.wait_for_timeout(100)


@pytest.fixture
def deployment(own_redis: Redis) -> Iterator[Deployment]:
    """Both relays write what they hold to the same Redis."""
    with ExitStack() as stack:
        turns = {}
        for name in ("jakarta-1", "singapore-1"):
            turn = Turn(stack.enter_context(private_folder("turn")))
            turn.secret, turn.statistics = SECRET, own_redis
            turns[name] = stack.enter_context(turn)
        folder = stack.enter_context(private_folder("fleet"))
        statistics = f"redis://{own_redis.host}:{own_redis.port}/2"
        node = Node(folder, redis_url=own_redis.url, turn_secret=SECRET)
        node.settings |= {"public_url": node.url, "relay_statistics_url": statistics}
        node.migrate()
        add_agent(node, AGENT_EMAIL, AGENT_NAME, "--admin")
        made = Deployment(node, turns)
        for name, turn in turns.items():
            where = ["--host", turn.host, "--udp", str(turn.port), "--tcp", "", "--tls"]
            made.tell("add", name, *where, "", "--capacity", "50")
        stack.enter_context(node)
        yield made


def only_relay_and_for_good(context: BrowserContext) -> None:
    """Let every connection use relays alone, and all that it ever had, as some do."""
    context.add_init_script(
        "window.RTCPeerConnection = class extends RTCPeerConnection {"
        " constructor(config) { super({ ...config, iceTransportPolicy: 'relay' }); }"
        " setConfiguration(config) {"
        "  const iceServers = [...config.iceServers];"
        "  for (const server of this.getConfiguration().iceServers)"
        "   if (!iceServers.some((one) => String(one.urls) === String(server.urls)))"
        "    iceServers.push(server);"
        "  super.setConfiguration("
        "   { ...config, iceServers, iceTransportPolicy: 'relay' }); } };"
    )


@contextmanager
def in_a_call(
    deployment: Deployment,
    browsers: tuple[Browser, Browser],
    prepare: Callable[[BrowserContext], None],
) -> Iterator[tuple[Agent, Customer]]:
    """An administrator and a customer who see each other."""
    with ExitStack() as stack:
        people = People(deployment.node, *browsers, stack)
        agent = people.agent(prepare=prepare)
        customer = people.customer(prepare=prepare)
        agent.create_room()
        agent.enter_room()
        agent.pass_check()
        customer.join(agent)
        customer.pass_check()
        customer.talks()
        agent.talks()
        yield agent, customer


@pytest.fixture
def guests(
    deployment: Deployment, agent_browser: Browser, customer_browser: Browser
) -> Iterator[tuple[Agent, Customer]]:
    """An administrator and a customer who can only use relays, in a call."""
    with in_a_call(deployment, (agent_browser, customer_browser), only_relay) as both:
        yield both


@pytest.fixture
def administrator(
    deployment: Deployment, agent_browser: Browser, customer_browser: Browser
) -> Iterator[Agent]:
    """Somebody who looks after the relays, in a window of their own."""
    with ExitStack() as stack:
        people = People(deployment.node, agent_browser, customer_browser, stack)
        yield people.agent()


def gap_of(person: Person, what: str) -> float:
    """Return the milliseconds that a person saw no new frame, and write them down."""
    gap = float(person.page.evaluate(_GAP))
    who = type(person).__name__.lower()
    note(f"{what}, {who}: {gap:.0f} ms without a picture")
    return gap


def open_list(person: Person) -> Page:
    """Open the relays in another tab."""
    page = person.context.new_page()
    page.goto(f"{person.url}/relays")
    return page


def expect_state(page: Page, relay: str, state: str, patience: int = 30_000) -> None:
    """Expect a word in the row of a relay, without any reload."""
    row = page.get_by_role("row").filter(has_text=relay)
    expect(row.get_by_text(state).first).to_be_visible(timeout=patience)


def test_administrator_sees_a_relay_die_and_return(
    deployment: Deployment, agent_browser: Browser, customer_browser: Browser
) -> None:
    """The list is live: nobody reloads it; it reads well in every look."""
    with ExitStack() as stack:
        people = People(deployment.node, agent_browser, customer_browser, stack)
        agent = people.agent(bypass_csp=True, viewport=DESKTOP)
        page = open_list(agent)
        for name in deployment.turns:
            expect_state(page, name, "Works")
        began = time.monotonic()
        deployment.turns["jakarta-1"].kill()
        expect_state(page, "jakarta-1", "Down")
        note(f"relay killed: down in the list after {time.monotonic() - began:.1f} s")
        expect_state(page, "jakarta-1", "systemctl status coturn")
        expect_state(page, "singapore-1", "Works")
        page.get_by_role("button", name="Drain singapore-1").click()
        expect_state(page, "singapore-1", "It is empty")
        gallery = Gallery("relays")
        for size in (DESKTOP, PHONE):
            for scheme in ("light", "dark"):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.emulate_media(color_scheme=scheme)
                gallery.look_at(page, f"relays-{size['width']}-{scheme}")
        assert not gallery.wrong, "\n".join(gallery.wrong)
        deployment.turns["jakarta-1"].start()
        expect_state(page, "jakarta-1", "Works")
        page.get_by_role("button", name="Use again singapore-1").click()
        expect_state(page, "singapore-1", "Works")


def test_relay_is_managed_by_keyboard(
    deployment: Deployment, agent_browser: Browser, customer_browser: Browser
) -> None:
    """Added, changed and removed, with errors where they belong."""
    with ExitStack() as stack:
        people = People(deployment.node, agent_browser, customer_browser, stack)
        agent = people.agent()
        agent.go("/relays")
        agent.page.get_by_role("link", name="New relay").focus()
        agent.page.keyboard.press("Enter")
        agent.field("Name").fill("surabaya-1")
        agent.page.keyboard.press("Enter")
        expect(agent.field("Host")).to_be_focused()
        expect(agent.field("Host")).to_have_attribute("aria-invalid", "true")
        agent.page.keyboard.type("turn3.example.org")
        agent.page.keyboard.press("Enter")
        agent.sees("surabaya-1")
        agent.page.get_by_role("link", name="Change surabaya-1").click()
        agent.press("Remove relay")
        agent.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        agent.sees("The relay is removed.")
        expect(agent.page.get_by_text("surabaya-1")).to_have_count(0)
        assert [text for text in agent.errors if "422" not in text] == []


def test_customer_measures_how_far_relays_are(
    deployment: Deployment, agent_browser: Browser, customer_browser: Browser
) -> None:
    """On the check page, without being asked to do anything."""
    sent: list[dict[str, Any]] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(json.loads(frame)))

    with ExitStack() as stack:
        people = People(deployment.node, agent_browser, customer_browser, stack)
        agent, customer = people.agent(), people.customer()
        customer.page.on("websocket", listen)
        agent.create_room()
        customer.join(agent)
        until = time.monotonic() + 15
        while "refresh" not in {message["type"] for message in sent}:
            assert time.monotonic() < until, sent
            customer.page.wait_for_timeout(100)
        (trips,) = [m["round_trips"] for m in sent if m["type"] == "refresh"]
        assert len(trips) == len(deployment.turns)
        assert all(0 < trip < 2000 for trip in trips.values())
        note(f"round trips measured by a page: {sorted(map(round, trips.values()))} ms")


@pytest.mark.timeout(LET_GO + 300)
def test_call_moves_when_its_relay_is_drained(
    deployment: Deployment, guests: tuple[Agent, Customer], administrator: Agent
) -> None:
    """Nobody clicks anything but Drain; in the end the relay is empty."""
    agent, customer = guests
    used = deployment.used_by(customer)
    assert used == deployment.used_by(agent), "both sides use one relay"
    page = administrator.page
    administrator.go("/relays")
    for person in guests:
        person.field("Remote video").evaluate(_WATCH)
    page.get_by_role("button", name=f"Drain {used}").click()
    for person in guests:
        deployment.leaves(person, used)
    for person in guests:
        person.talks()
        assert gap_of(person, "relay drained") < 4000
    began = time.monotonic()
    expect_state(page, used, "It is empty", 1000 * LET_GO)
    note(f"relay drained: empty {time.monotonic() - began:.0f} s after calls left it")
    for person in guests:
        person.sees_picture()


@pytest.mark.timeout(LET_GO + 300)
def test_drained_relay_becomes_empty_where_browsers_do_not_let_go(
    deployment: Deployment,
    agent_browser: Browser,
    customer_browser: Browser,
    administrator: Agent,
) -> None:
    """A new connection takes the call over, and both see each other again."""
    browsers = agent_browser, customer_browser
    with in_a_call(deployment, browsers, only_relay_and_for_good) as guests:
        used = deployment.used_by(guests[1])
        administrator.go("/relays")
        administrator.press(f"Drain {used}")
        for person in guests:
            deployment.leaves(person, used)
            person.field("Remote video").evaluate(_WATCH)
        expect_state(administrator.page, used, "It is empty", 1000 * LET_GO)
        for person in guests:
            person.sees_picture()
            assert gap_of(person, "relay let go of") < SLOW
            assert person.errors == []


def test_call_survives_the_loss_of_its_relay(
    deployment: Deployment, guests: tuple[Agent, Customer]
) -> None:
    """Its spare carries it, before anybody has noticed that it is down."""
    used = deployment.used_by(guests[1])
    for person in guests:
        person.field("Remote video").evaluate(_WATCH)
    deployment.turns[used].kill()
    for person in guests:
        deployment.leaves(person, used)
    for person in guests:
        person.sees_picture()
        assert gap_of(person, "relay killed") < SLOW
