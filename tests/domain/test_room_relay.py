"""A room remembers the relay that both sides are given first."""

import pytest
from msgspec.structs import replace

from app.domain.commands import Join, Route
from app.domain.errors import Refusal
from app.domain.ids import Address, RelayId
from app.domain.notices import PeerChanged, Seated
from tests.domain.table import AGENT, CUSTOMER, ROOM, TERMS, Table, address


A, B = RelayId("a"), RelayId("b")


def join(table: Table, role: str, relay: RelayId | None) -> Address:
    """Sit down with what one would have chosen."""
    socket = address(role)
    command = Join(
        room=ROOM,
        role=AGENT if role == "agent" else CUSTOMER,
        participant=role,  # type: ignore[arg-type]
        name=role,
        address=socket,
        instance=role,
        secret=role,
        terms=TERMS,
        relay=relay,
    )
    table.do(command)
    return socket


def route(role: str, relay: RelayId) -> Route:
    side = AGENT if role == "agent" else CUSTOMER
    return Route(room=ROOM, role=side, address=address(role), relay=relay)


def letters(table: Table) -> dict[Address, object]:
    assert table.outcome is not None
    return dict(table.outcome.letters)


def test_first_to_come_brings_the_relay() -> None:
    """Whoever comes later gets the same, whatever they would have chosen."""
    table = Table()
    join(table, "agent", A)
    customer = join(table, "customer", B)
    welcome = letters(table)[customer]
    assert isinstance(welcome, Seated)
    assert welcome.relay == A


def test_room_without_relays_takes_the_next() -> None:
    """There was none when the first came."""
    table = Table()
    agent = join(table, "agent", None)
    join(table, "customer", B)
    news = letters(table)[agent]
    assert isinstance(news, PeerChanged)
    assert news.relay == B


def test_route_is_told_to_both_without_a_fact() -> None:
    """Both must use the new one; history has nothing to say of it."""
    table = Table()
    agent, customer = join(table, "agent", A), join(table, "customer", A)
    outcome = table.do(route("customer", B))
    assert outcome.facts == ()
    for notice in (letters(table)[agent], letters(table)[customer]):
        assert isinstance(notice, PeerChanged)
        assert notice.relay == B
        assert notice.peer is not None


def test_route_to_the_same_relay_changes_nothing() -> None:
    """So nothing is stored."""
    table = Table()
    join(table, "customer", A)
    before = table.room
    assert table.do(route("customer", A)).room == before


def test_route_needs_the_seat() -> None:
    """An old socket has no say."""
    table = Table()
    join(table, "customer", A)
    command = replace(route("customer", B), address=address("elsewhere"))
    with pytest.raises(Refusal):
        table.do(command)
