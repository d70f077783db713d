"""Kill any one process during a call: seats resume, and the history is complete."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app.adapters.sql.records import Records
from app.domain.facts import FactKind, Role
from app.domain.ids import RoomId
from app.domain.records import AgentRole, NewRoom
from tests.faults.wire import MEDIA, Wire
from tests.services import Node, Postgres, Redis, private_folder


STORY = {
    FactKind.OPENED,
    FactKind.JOINED,
    FactKind.ENTERED,
    FactKind.STARTED,
    FactKind.ENDED,
}
names = count(1)

MakeNode = Callable[[], Node]
Call = tuple[Wire, Wire]


@pytest.fixture
def database(own_postgres: Postgres) -> str:
    return own_postgres.create_database()


@pytest.fixture
def make_node(own_redis: Redis, database: str) -> Iterator[MakeNode]:
    """Start nodes that share one Redis and one PostgreSQL."""
    with ExitStack() as stack:

        def make() -> Node:
            folder = stack.enter_context(private_folder("node"))
            node = Node(
                folder,
                redis_url=own_redis.url,
                database_url=database,
                secret="the same for all nodes of these tests",
                node=f"n{next(names)}",
            )
            node.settings["public_url"] = node.url
            node.migrate()
            return stack.enter_context(node)

        yield make


@pytest.fixture
def nodes(make_node: MakeNode) -> tuple[Node, Node]:
    return make_node(), make_node()


@pytest.fixture
async def records(database: str) -> AsyncIterator[Records]:
    records = Records.open(database)
    yield records
    await records.close()


@pytest.fixture
async def room(nodes: tuple[Node, Node], records: Records) -> RoomId:
    agent = await records.agents.add("a@example.org", "A", AgentRole.AGENT, "no hash")
    expires = datetime.now(UTC) + timedelta(hours=1)
    made = await records.rooms.add(NewRoom("Test", "1234", agent.id, expires))
    return made.id


@pytest.fixture
async def call(nodes: tuple[Node, Node], room: RoomId) -> AsyncIterator[Call]:
    """A call across two nodes."""
    first, second = nodes
    agent = Wire(Role.AGENT, room, first, second)
    customer = Wire(Role.CUSTOMER, room, second, first)
    async with AsyncExitStack() as stack:
        for wire in (agent, customer):
            stack.push_async_callback(wire.close)
            await wire.join()
            await wire.say("enter", media=MEDIA)
        await agent.sees(stage="present")
        yield agent, customer


async def story(
    records: Records, room: RoomId, until: FactKind = FactKind.ENDED
) -> list[FactKind]:
    """Return what the history holds once it holds the end, or another fact."""
    async with asyncio.timeout(40):
        while True:
            events = await records.calls.events(room)
            kinds = [event.kind for event in events]
            if until in kinds:
                return kinds
            await asyncio.sleep(0.1)


async def tell(speaker: Wire, listener: Wire, camera: bool) -> None:
    """Prove that signaling works from one to the other."""
    media = MEDIA | {"camera": camera}
    await speaker.say("media", media=media)
    await listener.sees(media=media)


async def finish(call: Call, records: Records) -> list[FactKind]:
    """End the call, and return its story."""
    agent, customer = call
    await agent.say("end")
    await customer.read_type("ended")
    kinds = await story(records, agent.room)
    assert set(kinds) >= STORY
    assert kinds.count(FactKind.STARTED) == kinds.count(FactKind.ENDED) == 1
    found = await records.calls.read(agent.room)
    assert found is not None
    assert found.ended_at is not None
    return kinds


async def test_killed_node_costs_no_call(
    call: Call, nodes: tuple[Node, Node], records: Records
) -> None:
    """kill -9 of a node: its side resumes on the other node, in its seat."""
    agent, customer = call
    nodes[1].kill()
    welcome = await customer.resume()
    assert (welcome["resumed"], welcome["entered"]) == (True, True)
    await agent.sees(connected=True)
    await tell(customer, agent, camera=False)
    kinds = await finish(call, records)
    assert FactKind.RESUMED in kinds


async def test_seats_of_a_killed_node_are_lost_in_time(
    call: Call, nodes: tuple[Node, Node]
) -> None:
    """Where nobody resumes, another node gives the dead node's seats up."""
    agent, _ = call
    nodes[1].kill()
    await agent.sees(connected=False)


async def test_restarted_redis_costs_no_call(
    call: Call, own_redis: Redis, records: Records
) -> None:
    """Redis is restarted: signaling comes back by itself, nothing is lost."""
    agent, customer = call
    own_redis.kill()
    own_redis.start()
    await customer.resume()
    await agent.resume()
    await tell(customer, agent, camera=False)
    await tell(agent, customer, camera=False)
    await finish(call, records)


async def test_frozen_redis_costs_no_call(
    call: Call, own_redis: Redis, records: Records
) -> None:
    """Redis answers nobody for 8 s: what was said meanwhile arrives, or is resumed."""
    agent, customer = call
    own_redis.pause()
    await agent.say("media", media=MEDIA | {"camera": False})
    await asyncio.sleep(8)
    own_redis.resume()
    await customer.sees(media=MEDIA | {"camera": False})
    await tell(customer, agent, camera=False)
    await finish(call, records)


async def test_emptied_redis_costs_no_call(
    call: Call, own_redis: Redis, records: Records
) -> None:
    """Even when Redis lost everything the pages come back with new tickets."""
    agent, customer = call
    # Facts that are not written yet are lost with Redis; these are the last so far.
    await story(records, agent.room, until=FactKind.STARTED)
    own_redis.flush()
    for wire in call:
        # The nodes notice by their leases, and have their browsers resume.
        welcome = await wire.read_type("welcome")
        assert welcome["entered"] is False
        await wire.say("enter", media=MEDIA)
    await agent.sees(stage="present")
    await tell(customer, agent, camera=False)
    await agent.say("end")
    await customer.read_type("ended")
    kinds = await story(records, agent.room)
    assert set(kinds) >= STORY


async def test_away_database_costs_no_fact(
    call: Call, own_postgres: Postgres, records: Records
) -> None:
    """PostgreSQL is away for 10 s: the call goes on and ends, the history follows."""
    agent, customer = call
    own_postgres.kill()
    await tell(customer, agent, camera=False)
    await agent.say("end")
    await customer.read_type("ended")
    await asyncio.sleep(10)
    own_postgres.start()
    kinds = await story(records, agent.room)
    assert set(kinds) >= STORY
    assert kinds.count(FactKind.ENDED) == 1
