"""Two people, two nodes, one backplane."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from app.domain.commands import Command, Route
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import FactId, RoomId
from app.domain.room import Outcome
from app.live.connection import MAX_OUTBOX
from app.live.tellings import MOST_UNWRITTEN
from app.ports import BackplaneError, Gap, Unfinished
from tests.domain.table import TERMS
from tests.live.browser import Browser
from tests.live.conftest import MakeNode, MovableClock, Node, Notebook, terms


ROOM = RoomId("room-1")
MEDIA = {"microphone": True, "camera": True, "screen": False}
OFFER = {"type": "offer", "sdp": "v=0"}
TOLD_HERE = {FactKind.QUALITY, FactKind.TROUBLE, FactKind.RECOVERED}
QUALITY: dict[str, Any] = {
    "rtt": 48,
    "jitter": 3,
    "loss": 0.5,
    "mos": 4.25,
    "in_kbps": 1200,
    "out_kbps": 1100,
    "width": 1280,
    "height": 720,
    "fps": 30,
    "freezes": 0,
    "concealed": 0,
    "path": "direct",
    "protocol": "udp",
    "level": "good",
}

Pair = tuple[Browser, Browser]


@pytest.fixture
def agent(clock: MovableClock) -> Browser:
    return Browser(Role.AGENT, ROOM, clock)


@pytest.fixture
def customer(clock: MovableClock) -> Browser:
    return Browser(Role.CUSTOMER, ROOM, clock)


@pytest.fixture
async def pair(here: Node, there: Node, agent: Browser, customer: Browser) -> Pair:
    """A call across two nodes, begun."""
    await agent.connect(here.hub).join()
    agent.say("enter", media=MEDIA)
    welcome = await customer.connect(there.hub).join()
    customer.say("enter", media=MEDIA)
    await agent.read_peer(stage="present")
    if welcome["peer"]["stage"] != "present":  # What the agent said may come later.
        await customer.read_peer(stage="present")
    return agent, customer


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the notebook is a list, not an event
            await asyncio.sleep(0.02)


def kinds(notebook: Notebook) -> list[FactKind]:
    facts = sorted(notebook.facts.values(), key=lambda fact: fact.at)
    return [fact.kind for fact in facts]


async def test_call_across_nodes(
    agent: Browser, customer: Browser, here: Node, there: Node
) -> None:
    """The second to come sees the first; descriptions pass between the nodes."""
    welcome = await agent.connect(here.hub).join()
    assert welcome["peer"] is None
    welcome = await customer.connect(there.hub).join()
    assert welcome["peer"]["role"] == "agent"
    await agent.read_peer(role="customer", stage="checking")
    agent.say("description", description=OFFER)
    assert (await customer.read_type("description"))["description"] == OFFER
    customer.say("candidates", candidates=[], end=True)
    assert (await agent.read_type("candidates"))["end"] is True


async def test_call_on_one_node(agent: Browser, customer: Browser, here: Node) -> None:
    """Where both meet on one node, a relayed message is a function call."""
    await agent.connect(here.hub).join()
    await customer.connect(here.hub).join()
    customer.say("description", description=OFFER)
    assert (await agent.read_type("description"))["description"] == OFFER


async def test_end_reaches_both_and_the_history(pair: Pair, notebook: Notebook) -> None:
    """Either side ends it; both are told, and it is written down."""
    _agent, customer = pair
    customer.say("end")
    for browser in pair:
        assert (await browser.read_type("ended"))["reason"] == "ended_by_customer"
        assert await browser.read_close() == 4000
    await until(lambda: FactKind.ENDED in kinds(notebook))
    assert kinds(notebook).count(FactKind.STARTED) == 1


async def test_third_person_is_told_and_disturbs_nobody(
    pair: Pair, here: Node, clock: MovableClock
) -> None:
    """A full room refuses on every node; those inside hear nothing of it."""
    stranger = Browser(Role.CUSTOMER, ROOM, clock).connect(here.hub)
    assert (await stranger.join(who="stranger"))["code"] == "room_full"
    assert await stranger.read_close() == 4000
    agent, customer = pair
    agent.say("ping")
    assert (await agent.read(lambda _: True))["type"] == "pong"
    customer.say("ping")
    assert (await customer.read_type("pong"))["type"] == "pong"


async def test_takeover_across_nodes(
    pair: Pair, here: Node, clock: MovableClock
) -> None:
    """The same person on another node takes the call over; the old tab is told."""
    agent, customer = pair
    phone = Browser(Role.CUSTOMER, ROOM, clock).connect(here.hub)
    assert (await phone.join())["type"] == "welcome"
    assert await customer.read_type("moved")
    assert await customer.read_close() == 4000
    peer = await agent.read_peer(instance=phone.instance)
    assert peer["stage"] == "checking"


async def test_resume_on_another_node(pair: Pair, here: Node) -> None:
    """A lost socket comes back anywhere, with its seat and media."""
    agent, customer = pair
    customer.disconnect()
    await agent.read_peer(connected=False)
    welcome = await customer.resume(here.hub)
    assert (welcome["resumed"], welcome["entered"]) == (True, True)
    assert welcome["media"] == MEDIA
    await agent.read_peer(connected=True, instance=customer.instance)
    agent.say("description", description=OFFER)
    assert await customer.read_type("description")


async def test_grace_that_passes_frees_the_seat(
    pair: Pair, clock: MovableClock, notebook: Notebook
) -> None:
    """The alarm rings on some node, and the peer learns that it is alone."""
    agent, customer = pair
    customer.disconnect()
    await agent.read_peer(connected=False)
    clock.added += TERMS.grace_seconds
    gone = await agent.read(lambda f: f["type"] == "peer" and f["peer"] is None)
    assert gone["started_at"]


async def test_no_show_ends_by_itself(
    agent: Browser, here: Node, clock: MovableClock
) -> None:
    """Nobody waits for ever."""
    await agent.connect(here.hub).join()
    # In steps, as an agent's page sends heartbeats meanwhile.
    clock.added += TERMS.no_show_seconds - 20
    agent.say("ping")
    clock.added += 21
    assert (await agent.read_type("ended"))["reason"] == "no_show"


async def test_silent_browser_is_given_up(pair: Pair, clock: MovableClock) -> None:
    """A dead tab on a live node is noticed by its missing heartbeats."""
    agent, customer = pair
    clock.added += 41
    agent.say("ping")
    assert await customer.read_close() == 4001
    await agent.read_peer(connected=False)


async def test_dead_node_s_seats_are_lost_and_resumed(
    pair: Pair, there: Node, here: Node, clock: MovableClock
) -> None:
    """When a node dies without a word, another gives its seats up; they resume."""
    agent, customer = pair
    for task in there._tasks:
        task.cancel()
    await there.backplane.renew(clock() - 100, 8.0)  # its lease has lapsed
    await agent.read_peer(connected=False)
    welcome = await customer.resume(here.hub)
    assert welcome["resumed"] is True


async def test_node_that_slept_has_its_browsers_resume(
    pair: Pair, there: Node, clock: MovableClock
) -> None:
    """A node whose lease lapsed cannot trust what it knows."""
    _agent, customer = pair
    await there.backplane.bury(there.backplane.node)
    assert await customer.read_close() == 4001


async def test_gap_has_every_browser_resume(pair: Pair, there: Node) -> None:
    """After lost letters the sockets are closed with the code that means resume."""
    _agent, customer = pair
    there.hub._deliver(Gap())
    assert await customer.read_close() == 4001
    assert (await customer.resume(there.hub))["resumed"] is True


async def test_drain_sends_the_browsers_elsewhere(
    pair: Pair, there: Node, here: Node
) -> None:
    """A draining node says goodbye, takes nobody new, and the seat resumes."""
    _agent, customer = pair
    drained = asyncio.create_task(there.hub.drain())
    goodbye = await customer.read_type("goodbye")
    assert 0 < goodbye["after"] <= 3
    assert await customer.read_close() == 1012
    assert there.hub.full
    await drained
    assert (await customer.resume(here.hub))["resumed"] is True


async def test_slow_browser_is_cut(pair: Pair, clock: MovableClock) -> None:
    """An outbox has a size; whoever does not read is closed and may resume."""
    agent, _customer = pair
    for _ in range(MAX_OUTBOX + 1):
        clock.added += 0.06
        agent.say("ping")
    assert agent.connection.cut
    assert await agent.read_close() == 4001


async def test_away_database_delays_the_history_only(
    pair: Pair, notebook: Notebook
) -> None:
    """Facts wait for the database and are written once, all of them."""
    agent, customer = pair
    await until(lambda: FactKind.STARTED in kinds(notebook))
    notebook.away = True
    agent.say("media", media=MEDIA | {"camera": False})
    await customer.read_peer(media=MEDIA | {"camera": False})
    agent.say("end")
    await customer.read_type("ended")
    assert FactKind.ENDED not in kinds(notebook)
    notebook.away = False
    await until(lambda: FactKind.ENDED in kinds(notebook))


async def test_end_room_from_outside(pair: Pair, here: Node) -> None:
    """The console ends a room on whatever node its people are."""
    await here.hub.end_room(ROOM)
    for browser in pair:
        assert (await browser.read_type("ended"))["reason"] == "ended_by_agent"


async def test_open_room_expires(
    here: Node, clock: MovableClock, notebook: Notebook
) -> None:
    """A room nobody ever entered ends at its expiry."""
    await here.hub.open_room(ROOM, terms(clock() + 100))
    clock.added += 101
    await until(lambda: kinds(notebook) == [FactKind.OPENED, FactKind.ENDED])


async def test_forgotten_room_is_made_live_again(
    make_node: MakeNode, notebook: Notebook, clock: MovableClock
) -> None:
    """Rooms that the records know and the backplane lost get their alarm back."""
    notebook.known = [Unfinished(ROOM, clock() - 1)]
    await make_node("n3").start()
    await until(lambda: kinds(notebook) == [FactKind.OPENED, FactKind.ENDED])


async def test_changes_are_announced_to_listeners(
    pair: Pair, here: Node, agent: Browser
) -> None:
    """A console on any node hears that a room's records changed."""
    changes = here.hub.changes()
    heard = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    agent.say("end")
    async with asyncio.timeout(10):
        assert await heard == ROOM
    await changes.aclose()  # type: ignore[attr-defined]


async def test_outcome_of_a_call_is_counted(pair: Pair, here: Node) -> None:
    """What the agent's page tells is in this node's metrics, once."""
    agent, customer = pair
    agent.say("connected", after=0.25, path="relay", protocol="tls")
    agent.say("not_connected")
    customer.say("not_connected")

    def found(name: str, **labels: str) -> float | None:
        return here.metrics.registry.get_sample_value(f"deskside_{name}", labels)

    await until(lambda: found("calls_not_connected_total") == 1)
    assert found("calls_connected_total", path="relay", protocol="tls") == 1
    assert found("calls_connected_total", path="direct", protocol="udp") == 0
    assert found("call_connect_seconds_sum") == 0.25


async def test_tellings_are_counted_and_remembered(
    pair: Pair, here: Node, there: Node, notebook: Notebook
) -> None:
    """Trouble, recovery and quality of both sides are in metrics and history."""
    agent, customer = pair
    customer.say("trouble", cause="udp_blocked")
    assert (await agent.read_type("trouble"))["cause"] == "udp_blocked"
    customer.say("recovered", gap=2.5, step="relay", path="relay", protocol="tcp")
    customer.say("trouble", cause="")
    assert (await agent.read_type("trouble"))["cause"] == ""
    agent.say("quality", **QUALITY)

    def found(node: Node, name: str, **labels: str) -> float | None:
        return node.metrics.registry.get_sample_value(f"deskside_call_{name}", labels)

    await until(lambda: found(here, "mos_sum") == QUALITY["mos"])
    assert found(there, "troubles_total", cause="udp_blocked") == 1
    assert found(there, "troubles_total", cause="") is None
    assert found(there, "recoveries_total", step="relay") == 1
    assert found(there, "gap_seconds_sum") == 2.5
    # Each node hands over what its own pages told.
    await until(lambda: len(TOLD_HERE & set(kinds(notebook))) == len(TOLD_HERE))
    assert kinds(notebook).count(FactKind.TROUBLE) == 2
    assert kinds(notebook).count(FactKind.RECOVERED) == 1


async def test_tellings_change_no_room(
    pair: Pair, here: Node, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is decided by them, so no state is loaded or committed for them."""
    agent, _customer = pair
    commands = list[Command]()
    transact = here.transactor.transact

    async def noted(command: Command) -> Outcome:
        commands.append(command)
        return await transact(command)

    monkeypatch.setattr(here.transactor, "transact", noted)
    agent.say("quality", **QUALITY)
    agent.say("trouble", cause="offline")
    await until(lambda: FactKind.QUALITY in kinds(notebook))
    # The choice of a relay may still be on its way.
    assert [each for each in commands if not isinstance(each, Route)] == []


async def test_tellings_wait_while_the_backplane_is_away(
    here: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay where they are, the oldest first, and no signal waits for them."""
    tellings, remembered = here.hub._tellings, list[bytes]()

    async def fail(_: object) -> None:
        raise BackplaneError("away")

    async def remember(facts: Sequence[bytes]) -> None:
        remembered.extend(facts)

    async def crowded() -> int:
        return MOST_UNWRITTEN

    monkeypatch.setattr(here.backplane, "remember", fail)
    for number in range(3):
        id_ = FactId(f"r.{number}")
        tellings.add(Fact(id=id_, room=ROOM, at=1.0, kind=FactKind.TROUBLE))
    await tellings.flush()
    monkeypatch.setattr(here.backplane, "remember", remember)
    await tellings.flush()
    await tellings.flush()
    assert [msgspec.json.decode(fact)["id"] for fact in remembered] == [
        "r.0",
        "r.1",
        "r.2",
    ]
    # A database that is away for long does not fill the backplane with them.
    monkeypatch.setattr(here.backplane, "unwritten", crowded)
    tellings.add(Fact(id=FactId("r.3"), room=ROOM, at=1.0, kind=FactKind.TROUBLE))
    await tellings.flush()
    assert (len(remembered), len(tellings._waiting)) == (3, 0)
