"""Calls leave a relay that goes: both sides, one after the other."""

import asyncio
import time

import pytest
from msgspec.structs import replace

from app.domain.facts import Role
from app.domain.ids import RoomId
from app.domain.relays import Fleet, RelayState
from app.live import hub as hubs
from tests.domain.fleet import known
from tests.live.browser import Browser
from tests.live.conftest import MovableClock, Node


ROOM = RoomId("relayed")
TWO = Fleet(known=(known("a"), known("b")), secret="shared")


def drained(name: str) -> Fleet:
    """The fleet with one relay draining."""
    state = {name: RelayState.DRAINING}
    relays = tuple(known(n, state=state.get(n, RelayState.LIVE)) for n in ("a", "b"))
    return replace(TWO, known=relays)


def first(frame: dict[str, object]) -> str:
    """The relay that comes first in a frame."""
    servers = frame["ice_servers"]
    assert isinstance(servers, list)
    return str(servers[1]["username"]).split(":")[1].split(".")[0]


async def test_call_over_two_nodes_moves_together(
    here: Node, there: Node, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both get the same first relay, and the same new one when that drains."""
    monkeypatch.setattr(hubs, "MOVE_WITHIN", 0.1)
    fleet = TWO
    for node in (here, there):
        node.hub._fleet = lambda: fleet
    agent = Browser(Role.AGENT, ROOM, clock).connect(here.hub)
    customer = Browser(Role.CUSTOMER, ROOM, clock).connect(there.hub)
    used = first(await agent.join())
    assert first(await customer.join()) == used
    fleet = drained(used)
    for node in (here, there):
        node.hub.relays_changed()
        node.hub.relays_changed()  # Twice is harmless.
    moved = await agent.read_type("ice")
    at = time.monotonic()
    followed = await customer.read_type("ice")
    assert time.monotonic() - at > hubs.MOVE_APART / 2, "two offers would meet"
    assert (moved["move"], followed["move"]) == (True, True)
    assert first(moved) == first(followed) != used
    await asyncio.sleep(0.3)
    assert [frame["type"] for frame in agent.frames].count("ice") == 1


async def test_nearer_relay_of_the_customer_is_given_to_both(
    here: Node, there: Node, clock: MovableClock
) -> None:
    """Over the nodes, without a restart."""
    for node in (here, there):
        node.hub._fleet = lambda: TWO
    agent = Browser(Role.AGENT, ROOM, clock).connect(here.hub)
    customer = Browser(Role.CUSTOMER, ROOM, clock).connect(there.hub)
    used = first(await agent.join())
    other = {"a": "b", "b": "a"}[used]
    welcome = await customer.join()
    assert {one["relay"] for one in welcome["measure"]} == {"a", "b"}
    customer.say("refresh", round_trips={used: 200.0, other: 10.0})
    assert first(await customer.read_type("ice")) == other
    told = await agent.read_type("ice")
    assert (first(told), told["move"]) == (other, False)
