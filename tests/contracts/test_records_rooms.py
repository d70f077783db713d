"""Rooms and idempotency keys, alike on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.adapters.sql.records import Records
from app.adapters.sql.records.idempotency import KEPT, WORKED_ON, Earlier, Key
from app.adapters.sql.records.store import sha256
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import AgentId, CustomerId, FactId, ParticipantId, RoomId
from app.domain.records import Agent, AgentRole, NewRoom, Room, RoomState
from app.ports import Unfinished


BUDI = ParticipantId("budi")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
async def agent(records: Records) -> Agent:
    """Whose rooms they are."""
    return await records.agents.add("ayu@example.com", "Ayu", AgentRole.AGENT, "hash")


async def add_room(records: Records, agent: Agent, title: str = "Printer") -> Room:
    """A room of that agent."""
    return await records.rooms.add(NewRoom(title, "4711", agent.id, TOMORROW))


async def end(records: Records, room: Room) -> None:
    """Write down that a room has ended."""
    fact = Fact(
        id=FactId(f"{room.id}.x.1"),
        room=room.id,
        at=NOW.timestamp(),
        kind=FactKind.ENDED,
        data={"reason": "ended_by_agent"},
    )
    await records.write([fact])


async def test_room_reads_as_it_was_added(records: Records, agent: Agent) -> None:
    """A room is found by id and by link; both are long and random."""
    customer = await records.customers.add("Budi", "+6281234567890")
    room = await records.rooms.add(
        NewRoom("Printer", "4711", agent.id, TOMORROW, "Paper jam", customer.id)
    )
    assert await records.rooms.read(room.id) == room
    assert await records.rooms.find(room.link) == room
    assert (room.state, room.customer_id) == (RoomState.OPEN, customer.id)
    assert len(room.id) == len(room.link) == 22
    assert room.id != room.link
    assert await records.rooms.find(room.id) is None


async def test_room_needs_an_agent_and_a_known_customer(
    records: Records, agent: Agent
) -> None:
    """A room of nobody, or for somebody unknown, is not stored."""
    for new in (
        NewRoom("Printer", "4711", AgentId("nobody"), TOMORROW),
        NewRoom("Printer", "4711", agent.id, TOMORROW, "", CustomerId("nobody")),
    ):
        with pytest.raises(LookupError):
            await records.rooms.add(new)


async def test_room_remembers_its_visitor(records: Records, agent: Agent) -> None:
    """Who joined is kept with the room; an unknown room is nobody's."""
    room = await add_room(records, agent)
    await records.rooms.note_visitor(room.id, BUDI, "Budi", "+6281234567890")
    await records.rooms.note_visitor(RoomId("unknown"), BUDI, "Budi", "+6281234567890")
    found = await records.rooms.read(room.id)
    assert found
    assert (found.visitor_name, found.visitor_phone) == ("Budi", "+6281234567890")


async def test_stranger_at_a_full_room_changes_nothing_in_it(
    records: Records, agent: Agent
) -> None:
    """The visitor is who took the seat, not who filled in the form last."""
    room = await add_room(records, agent)
    await records.rooms.note_visitor(room.id, BUDI, "Budi", "+6281234567890")
    await records.write([joined(room, BUDI, 1)])
    citra = ParticipantId("citra")
    await records.rooms.note_visitor(room.id, citra, "Citra", "+6281111111111")
    found = await records.rooms.read(room.id)
    assert found
    assert found.visitor_name == "Budi"
    await records.write([joined(room, citra, 2)])
    found = await records.rooms.read(room.id)
    assert found
    assert (found.visitor_name, found.visitor_phone) == ("Citra", "+6281111111111")


def joined(room: Room, who: ParticipantId, number: int) -> Fact:
    """Return the fact that somebody took the customer's seat."""
    return Fact(
        id=FactId(f"{room.id}.life.{number}"),
        room=room.id,
        at=NOW.timestamp(),
        kind=FactKind.JOINED,
        role=Role.CUSTOMER,
        data={"participant": who},
    )


async def test_room_list_is_by_agent_and_state(records: Records, agent: Agent) -> None:
    """Rooms come the newest first, for one agent or for all, in some states or any."""
    other = await records.agents.add("o@example.com", "O", AgentRole.AGENT, "hash")
    ended, open_, foreign = (
        await add_room(records, agent, "ended"),
        await add_room(records, agent, "open"),
        await add_room(records, other, "foreign"),
    )
    await end(records, ended)

    async def titles(agent_id: AgentId | None, *states: RoomState) -> list[str]:
        page = await records.rooms.list(agent_id, states)
        return [room.title for room in page.items]

    assert await titles(None) == [foreign.title, open_.title, ended.title]
    assert await titles(agent.id) == ["open", "ended"]
    assert await titles(agent.id, RoomState.ENDED) == ["ended"]
    assert await titles(None, RoomState.OPEN) == ["foreign", "open"]
    assert await titles(agent.id, RoomState.LIVE, RoomState.WAITING) == []


async def test_room_list_goes_page_by_page(records: Records, agent: Agent) -> None:
    """Every room comes once, and new ones do not shift those to come."""
    rooms = [await add_room(records, agent, f"R{number}") for number in range(5)]
    seen: list[Room] = []
    cursor: str | None = None
    for _ in range(3):
        page = await records.rooms.list(agent.id, cursor=cursor, limit=2)
        seen += page.items
        cursor = page.next_cursor
        await add_room(records, agent, "new")
    assert seen == rooms[::-1]
    assert cursor is None


async def test_unfinished_rooms_are_those_that_have_not_ended(
    records: Records, agent: Agent
) -> None:
    """After a restart the live rooms can be made anew from these."""
    ended, open_ = await add_room(records, agent), await add_room(records, agent)
    await end(records, ended)
    expected = [Unfinished(open_.id, TOMORROW.timestamp())]
    assert await records.rooms.unfinished() == expected


async def test_rooms_can_be_added_at_once(records: Records, agent: Agent) -> None:
    """Many writers at the same time wait for each other; none is refused."""
    rooms = await asyncio.gather(*(add_room(records, agent) for _ in range(40)))
    assert len({room.id for room in rooms}) == 40


@pytest.fixture
async def key(records: Records, agent: Agent) -> Key:
    """An idempotency key of a program."""
    api_key, _plain = await records.api_keys.add("script", agent.id)
    return Key(api_key.id, "POST /api/v1/rooms", "order 17")


async def test_request_comes_once(records: Records, key: Key) -> None:
    """The first takes the key; later ones see what became of the first."""
    assert await records.idempotency.begin(key, "body", NOW) is None
    earlier = Earlier(sha256("body"), None, None)
    assert await records.idempotency.begin(key, "body", NOW) == earlier
    await records.idempotency.finish(key, 201, "answer")
    earlier = Earlier(sha256("body"), 201, "answer")
    assert await records.idempotency.begin(key, "other", NOW) == earlier


async def test_request_with_another_key_or_route_is_another(
    records: Records, key: Key
) -> None:
    """A key is a program's own, for one route."""
    assert await records.idempotency.begin(key, "body", NOW) is None
    for other in (
        Key(key.api_key_id, key.route, "order 18"),
        Key(key.api_key_id, "POST /api/v1/customers", key.key),
    ):
        assert await records.idempotency.begin(other, "body", NOW) is None


async def test_request_may_come_again_later(records: Records, key: Key) -> None:
    """Answers are kept a day; a request that died is free after a minute."""
    assert await records.idempotency.begin(key, "body", NOW) is None
    dead = NOW + WORKED_ON
    assert await records.idempotency.begin(key, "body", dead) is None
    await records.idempotency.finish(key, 201, "answer")
    last = dead + KEPT - timedelta(seconds=1)
    assert await records.idempotency.begin(key, "body", last) is not None
    assert await records.idempotency.begin(key, "body", dead + KEPT) is None


async def test_request_that_was_refused_gives_its_key_back(
    records: Records, key: Key
) -> None:
    """What was not done may be tried again with the same key."""
    assert await records.idempotency.begin(key, "body", NOW) is None
    await records.idempotency.forget(key)
    assert await records.idempotency.begin(key, "better", NOW) is None


async def test_request_at_the_same_time_is_done_once(
    records: Records, key: Key
) -> None:
    """Of many at once exactly one is to be done."""
    begun = await asyncio.gather(
        *(records.idempotency.begin(key, "body", NOW) for _ in range(10))
    )
    assert begun.count(None) == 1
