"""Facts become history once, alike on both databases, in whatever order they come."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from app.adapters.sql.records import Records
from app.adapters.sql.records.projection import project
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import FactId, ParticipantId, RoomId
from app.domain.records import (
    Agent,
    AgentRole,
    CallEvent,
    CallFilter,
    NewRoom,
    Room,
    RoomState,
)


BUDI = ParticipantId("budi")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
START = NOW.timestamp()
AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER


class Story:
    """Tells the facts of a room one after the other, a second apart."""

    def __init__(self, room: RoomId, start: float = START, life: str = "a") -> None:
        self.room = room
        self.start = start
        self.life = life
        self.numbers = itertools.count(1)

    def tell(self, kind: FactKind, role: Role | None = None, reason: str = "") -> Fact:
        number = next(self.numbers)
        return Fact(
            id=FactId(f"{self.room}.{self.life}.{number}"),
            room=self.room,
            at=self.start + number,
            kind=kind,
            role=role,
            data={"reason": reason} if reason else {},
        )

    def call(self, reason: str = "ended_by_agent") -> Iterator[Fact]:
        """A whole call: opened at 1, started at 6, ended at 7."""
        yield self.tell(FactKind.OPENED)
        for role in (AGENT, CUSTOMER):
            yield self.tell(FactKind.JOINED, role)
            yield self.tell(FactKind.ENTERED, role)
        yield self.tell(FactKind.STARTED)
        yield self.tell(FactKind.ENDED, reason=reason)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
async def agent(records: Records) -> Agent:
    """Whose rooms they are."""
    return await records.agents.add("ayu@example.com", "Ayu", AgentRole.AGENT, "hash")


@pytest.fixture
async def room(records: Records, agent: Agent) -> Room:
    """A room in which things happen."""
    return await add_room(records, agent)


async def add_room(records: Records, agent: Agent, title: str = "Printer") -> Room:
    new = NewRoom(title, "4711", agent.id, NOW + timedelta(days=1))
    return await records.rooms.add(new)


async def read(records: Records, room: Room) -> Room:
    found = await records.rooms.read(room.id)
    assert found
    return found


async def test_facts_bring_a_room_from_open_to_ended(
    records: Records, room: Room
) -> None:
    """Each fact moves the room on: who is there, whether a call is on, its end."""
    seen, now = [], room
    for fact in Story(room.id).call():
        assert await records.write([fact]) == {room.id}
        now = await read(records, room)
        seen.append((now.state, now.agent_since, now.customer_since))
    assert seen == [
        (RoomState.OPEN, None, None),
        (RoomState.WAITING, at(2), None),
        (RoomState.WAITING, at(2), None),
        (RoomState.WAITING, at(2), at(4)),
        (RoomState.WAITING, at(2), at(4)),
        (RoomState.LIVE, at(2), at(4)),
        (RoomState.ENDED, None, None),
    ]
    assert (now.ended_at, now.end_reason) == (at(7), "ended_by_agent")


async def test_facts_make_the_call(records: Records, agent: Agent, room: Room) -> None:
    """A call has its room's words, its agent's name, and its own times."""
    await records.rooms.note_visitor(room.id, BUDI, "Budi", "+6281234567890")
    facts = list(Story(room.id).call())
    await records.write(facts[:5])
    assert await records.calls.read(room.id) is None
    await records.write(facts[5:])
    call = await records.calls.read(room.id)
    assert call
    assert (call.id, call.room_id, call.title) == (room.id, room.id, "Printer")
    assert (call.agent_id, call.agent_name) == (agent.id, "Ayu")
    assert (call.visitor_name, call.visitor_phone) == ("Budi", "+6281234567890")
    assert (call.started_at, call.ended_at) == (at(6), at(7))
    assert call.end_reason == "ended_by_agent"


async def test_facts_are_kept_as_events(records: Records, room: Room) -> None:
    """The timeline has every fact once, in order, with its data."""
    facts = list(Story(room.id).call())
    await records.write(facts)
    events = await records.calls.events(room.id)
    assert [event.id for event in events] == [fact.id for fact in facts]
    assert events[1] == CallEvent(
        facts[1].id, room.id, at(2), FactKind.JOINED, AGENT, {}
    )
    assert events[-1].data == {"reason": "ended_by_agent"}


async def test_facts_that_come_twice_count_once(records: Records, room: Room) -> None:
    """A fact that is known changes nothing and is not announced as a change."""
    facts = list(Story(room.id).call())
    await records.write(facts[:5] + facts[:5])
    before = await read(records, room)
    assert await records.write(facts[:5]) == set()
    assert await read(records, room) == before
    assert await records.write(facts) == {room.id}
    assert await records.write(facts) == set()
    assert len(await records.calls.events(room.id)) == len(facts)


async def test_facts_of_unknown_rooms_are_passed_over(
    records: Records, room: Room
) -> None:
    """A fact without a room is no error and does not keep others from being written."""
    stray = Story(RoomId("unknown")).tell(FactKind.OPENED)
    known = Story(room.id).tell(FactKind.OPENED)
    assert await records.write([stray, known]) == {room.id}
    assert await records.write([stray]) == set()
    assert await records.write([]) == set()


async def test_facts_after_the_end_do_not_bring_a_room_back(
    records: Records, room: Room
) -> None:
    """An ended room stays ended, also when its live state is made anew by mistake."""
    await records.write(list(Story(room.id).call()))
    before = await read(records, room)
    later = Story(room.id, START + 60, life="b")
    await records.write(list(later.call("no_show"))[:6])
    assert await read(records, room) == before
    call = await records.calls.read(room.id)
    assert call
    assert (call.started_at, call.end_reason) == (at(6), "ended_by_agent")


async def test_facts_of_a_room_made_anew_start_from_nobody(
    records: Records, room: Room
) -> None:
    """Lost live state: nobody is there until they come back; the call is the same."""
    await records.write(list(Story(room.id).call())[:6])
    again = Story(room.id, START + 60, life="b")
    facts = list(again.call())
    await records.write(facts[:1])
    now = await read(records, room)
    assert (now.state, now.agent_since, now.customer_since) == (
        RoomState.OPEN,
        None,
        None,
    )
    await records.write(facts[1:5])
    assert (await read(records, room)).state is RoomState.WAITING
    await records.write(facts[5:])
    call = await records.calls.read(room.id)
    assert call
    assert (call.started_at, call.ended_at) == (at(6), at(67))


async def test_facts_in_any_order_come_to_the_same(
    records: Records, agent: Agent
) -> None:
    """Whichever node writes first, and in what batches, the records are the same."""
    for order in itertools.islice(itertools.permutations(range(7)), 0, 5040, 840):
        room = await add_room(records, agent)
        facts = list(Story(room.id).call())
        for index in order:
            await records.write([facts[index]])
        now, call = await read(records, room), await records.calls.read(room.id)
        assert call
        assert (now.state, now.ended_at) == (RoomState.ENDED, at(7))
        assert (call.started_at, call.ended_at) == (at(6), at(7))


async def test_facts_written_at_once_by_many_count_once(
    records: Records, agent: Agent
) -> None:
    """Nodes that write the same facts at the same time do not disturb each other."""
    rooms = [await add_room(records, agent) for _ in range(5)]
    facts = [fact for room in rooms for fact in Story(room.id).call()]
    changed = await asyncio.gather(
        *(records.write(facts[::step]) for step in (1, -1, 1, -1, 1, -1))
    )
    assert set().union(*changed) == {room.id for room in rooms}
    for room in rooms:
        assert (await read(records, room)).state is RoomState.ENDED
        assert len(await records.calls.events(room.id)) == 7


async def test_facts_come_in_great_numbers(records: Records, agent: Agent) -> None:
    """A day's backlog is written in one go."""
    rooms = [await add_room(records, agent) for _ in range(300)]
    facts = [fact for room in rooms for fact in Story(room.id).call()]
    assert len(await records.write(facts)) == 300


async def test_what_pages_tell_is_in_the_timeline(records: Records, room: Room) -> None:
    """Trouble stands between the events by its time; quality is read by itself."""
    events = list(Story(room.id).call())
    tellings = Story(room.id, START + 3.5, life="socket")
    trouble = tellings.tell(FactKind.TROUBLE, CUSTOMER)
    quality = tellings.tell(FactKind.QUALITY, AGENT)
    assert await records.write([quality, *events, trouble]) == {room.id}
    kinds = [event.kind for event in await records.calls.events(room.id)]
    assert kinds.index(FactKind.TROUBLE) == 4
    assert FactKind.QUALITY not in kinds
    assert len(kinds) == len(events) + 1
    (measured,) = await records.calls.quality(room.id)
    assert (measured.id, measured.role, measured.at) == (quality.id, AGENT, at(5.5))


async def test_what_pages_tell_changes_no_room(records: Records, room: Room) -> None:
    """It is nothing to announce, counts once, and needs a room that is known."""
    await records.write(list(Story(room.id).call())[:3])
    before = await read(records, room)
    told = Story(room.id, life="socket").tell(FactKind.QUALITY, CUSTOMER)
    stray = Story(RoomId("unknown")).tell(FactKind.TROUBLE, CUSTOMER)
    assert await records.write([told, stray, told]) == set()
    assert await records.write([told]) == set()
    assert await read(records, room) == before
    assert len(await records.calls.quality(room.id)) == 1


async def test_calls_are_listed_by_filter(records: Records, agent: Agent) -> None:
    """Calls come the latest first, by agent, time, reason and words."""
    other = await records.agents.add("o@example.com", "O", AgentRole.AGENT, "hash")
    customer = await records.customers.add("Siti", "+62813", None, "C-7")
    new = NewRoom(
        "Laptop", "4711", other.id, NOW + timedelta(days=1), customer_id=customer.id
    )
    printer, laptop = await add_room(records, agent), await records.rooms.add(new)
    await records.rooms.note_visitor(printer.id, BUDI, "Budi", "+6281234567890")
    await records.write(list(Story(printer.id).call()))
    await records.write(list(Story(laptop.id, START + 3600).call("too_long")))

    async def found(**which: object) -> list[str]:
        page = await records.calls.list(CallFilter(**which))  # type: ignore[arg-type]
        return [call.title for call in page.items]

    assert await found() == ["Laptop", "Printer"]
    assert await found(agent_id=agent.id) == ["Printer"]
    assert await found(q="PRINT") == ["Printer"]
    assert await found(q="budi") == ["Printer"]
    assert await found(q="0812345") == ["Printer"]
    assert await found(q="siti") == ["Laptop"]
    assert await found(q="c-7") == ["Laptop"]
    assert await found(reason="too_long") == ["Laptop"]
    assert await found(since=at(6), until=at(7)) == ["Printer"]
    assert await found(since=at(7)) == ["Laptop"]
    assert await found(until=at(6)) == []


async def test_calls_go_page_by_page(records: Records, agent: Agent) -> None:
    """Every call comes once, also where several began in the same moment."""
    for _ in range(5):
        room = await add_room(records, agent)
        await records.write(list(Story(room.id).call()))
    seen, cursor = [], None
    for _ in range(3):
        page = await records.calls.list(cursor=cursor, limit=2)
        seen += [call.id for call in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert len(set(seen)) == len(seen) == 5


# The projection alone.


def event(story: Story, kind: FactKind, role: Role | None = None) -> CallEvent:
    fact = story.tell(kind, role)
    moment = datetime.fromtimestamp(fact.at, UTC)
    return CallEvent(fact.id, fact.room, moment, fact.kind, fact.role, fact.data)


def test_projection_keeps_the_seat_of_a_lost_socket() -> None:
    """Who lost the connection still holds the seat; who left does not."""
    story = Story(RoomId("r"))
    events = [event(story, FactKind.JOINED, CUSTOMER)]
    events.append(event(story, FactKind.LOST, CUSTOMER))
    assert project(events).since == {CUSTOMER: at(1)}
    events.append(event(story, FactKind.RESUMED, CUSTOMER))
    events.append(event(story, FactKind.MOVED, CUSTOMER))
    assert project(events).since == {CUSTOMER: at(1)}
    events.append(event(story, FactKind.LEFT, CUSTOMER))
    assert project(events).state is RoomState.OPEN


def test_projection_of_one_left_in_a_call_is_waiting() -> None:
    """A call that one party has left has the other waiting."""
    story = Story(RoomId("r"))
    events = [event(story, FactKind.JOINED, role) for role in Role]
    events.append(event(story, FactKind.STARTED))
    assert project(events).state is RoomState.LIVE
    events.append(event(story, FactKind.LEFT, CUSTOMER))
    assert project(events).state is RoomState.WAITING


def test_projection_trusts_numbers_more_than_clocks() -> None:
    """Facts of one life are in the order of their numbers, whatever the clocks say."""
    story = Story(RoomId("r"))
    joined = event(story, FactKind.JOINED, AGENT)
    left = event(story, FactKind.LEFT, AGENT)
    early = CallEvent(left.id, left.room_id, at(-1), left.kind, left.role, left.data)
    assert project([early, joined]).state is RoomState.OPEN


facts = st.lists(
    st.tuples(st.sampled_from(FactKind), st.sampled_from([*Role, None])), max_size=12
)


@given(facts, st.randoms())
def test_projection_does_not_depend_on_the_order_of_arrival(
    told: list[tuple[FactKind, Role | None]], random: "object"
) -> None:
    """Any facts, shuffled, come to the same room."""
    story = Story(RoomId("r"))
    events = [event(story, kind, role) for kind, role in told]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert project(shuffled) == project(events)
