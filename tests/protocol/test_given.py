"""Which relays a browser is given, and when it is sent to others."""

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.commands import Join, Route
from app.domain.facts import Role
from app.domain.ids import RelayId
from app.domain.notices import PeerChanged
from app.domain.relays import Fleet, Health, RelayState
from app.protocol.session import HandOut, Submit
from tests.domain.fleet import known
from tests.domain.table import ROOM
from tests.protocol.talk import NOW, PAGE, Talk, seated, ticket


A, B = RelayId("a"), RelayId("b")
TWO = Fleet(known=(known("a", load=50), known("b")), secret="shared")
DRAINED = replace(TWO, known=(known("a"), known("b", state=RelayState.DRAINING)))
NEAR_A = {"a": 20.0, "b": 200.0}


def hosts(frame: dict[str, Any]) -> list[str]:
    """Whose relays a frame brings, the first at first."""
    users = [one["username"] for one in frame["ice_servers"] if "username" in one]
    return [user.split(":")[1].split(".")[0] for user in users]


def changed(relay: RelayId | None) -> PeerChanged:
    return PeerChanged(peer=None, peer_address=None, started_at=None, relay=relay)


@pytest.fixture
def customer() -> Talk:
    """A customer in a room that has relay b, as the welcome said."""
    talk = Talk(TWO)
    talk.say("join", ticket=ticket(Role.CUSTOMER), instance=PAGE)
    talk.session.receive_notice(seated(Role.CUSTOMER, relay=B), NOW)
    return talk


def test_join_proposes_a_relay() -> None:
    """The room takes it if it has none."""
    command = Talk(TWO).say("join", ticket=ticket(), instance=PAGE).command()
    assert isinstance(command, Join)
    assert command.relay == B


def test_welcome_brings_the_relay_of_the_room() -> None:
    """Whatever this socket would have chosen."""
    talk = Talk(TWO)
    talk.say("join", ticket=ticket(), instance=PAGE)
    talk.session.receive_notice(seated(relay=A), NOW)
    assert hosts(talk.frame()) == ["a", "b"]
    assert HandOut(A) in talk.actions()


def test_customer_is_asked_to_measure(customer: Talk) -> None:
    """Once, before the call; an agent never."""
    assert {one["relay"] for one in customer.frame()["measure"]} == {"a", "b"}
    agent = Talk(TWO)
    agent.say("join", ticket=ticket(), instance=PAGE)
    agent.session.receive_notice(seated(), NOW)
    assert agent.frame()["measure"] == []


def test_nearer_relay_is_given_and_told_the_room(customer: Talk) -> None:
    """At once to the customer; to the other side by the room."""
    customer.frames(), customer.actions()
    frame = customer.say("refresh", round_trips=NEAR_A).frame()
    assert (hosts(frame), frame["move"]) == (["a", "b"], False)
    route, hand_out = customer.actions()
    assert isinstance(route, Submit)
    assert isinstance(route.command, Route)
    assert (route.command.room, route.command.relay) == (ROOM, A)
    assert hand_out == HandOut(A)
    customer.session.receive_notice(changed(A), NOW)
    assert [frame["type"] for frame in customer.frames()] == ["peer"]


def test_relay_that_is_nearest_already_changes_nothing(customer: Talk) -> None:
    """No commit for it."""
    customer.frames(), customer.actions()
    customer.say("refresh", round_trips={"a": 180.0, "b": 10.0})
    assert hosts(customer.frame()) == ["b", "a"]
    assert customer.actions() == []


def test_agent_does_not_decide_by_distance() -> None:
    """Agents sit together; whoever may be far away is the customer."""
    talk = Talk(TWO)
    talk.say("join", ticket=ticket(), instance=PAGE)
    talk.session.receive_notice(seated(relay=B), NOW)
    talk.frames(), talk.actions()
    talk.say("refresh", round_trips=NEAR_A)
    assert (hosts(talk.frame()), talk.actions()) == (["b", "a"], [])


def test_other_side_follows_the_room(customer: Talk) -> None:
    """The room has another relay: fresh servers, without an ask or a move."""
    customer.frames()
    customer.session.receive_notice(changed(A), NOW)
    _peer, ice = customer.frames()
    assert (ice["type"], hosts(ice), ice["move"]) == ("ice", ["a", "b"], False)


def test_call_moves_from_a_relay_that_drains(customer: Talk) -> None:
    """It gets others and is told to go there; once."""
    customer.frames()
    assert not customer.session.wants_relays(NOW)
    customer.fleet = DRAINED
    assert customer.session.wants_relays(NOW)
    customer.session.move_relays(NOW)
    frame = customer.frame()
    assert (hosts(frame), frame["move"]) == (["a"], True)
    assert len(frame["ice_servers"][1]["urls"]) == 4 + 2, "no lower rank than before"
    assert not customer.session.wants_relays(NOW)


def test_call_moves_from_a_relay_that_is_removed(customer: Talk) -> None:
    """As from one that drains."""
    customer.frames()
    customer.fleet = replace(TWO, known=(known("a"),))
    customer.session.move_relays(NOW)
    assert hosts(customer.frame()) == ["a"]


def test_call_stays_where_nothing_is_better(customer: Talk) -> None:
    """When all seem to be down, it is more likely us: no restart for that."""
    customer.frames()
    down = Health(up=False, checked_at=NOW, failures=3)
    customer.fleet = replace(TWO, known=(known("a", down), known("b", down)))
    assert not customer.session.wants_relays(NOW)
    customer.session.move_relays(NOW)
    assert customer.frames() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": -1},
        {"a": "near"},
        {"a": 1e9},
        {str(n): 1 for n in range(9)},
        {"a" * 33: 1},
    ],
)
def test_round_trips_are_bounded(customer: Talk, wrong: dict[str, Any]) -> None:
    """A few relays, and milliseconds that can be."""
    customer.frames()
    assert customer.say("refresh", round_trips=wrong).error() == "malformed"
