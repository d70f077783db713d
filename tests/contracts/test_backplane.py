"""What every backplane promises: memory and Redis pass the same tests."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.adapters.memory import Memory, MemoryBackplane
from app.adapters.redis_backplane import RedisBackplane
from app.domain.ids import Address, ConnectionId, NodeId, RoomId
from app.ports import Backplane, BackplaneError, Commit, Gap, Letter, News


N1, N2 = NodeId("n1"), NodeId("n2")
ROOM, OTHER = RoomId("room"), RoomId("other")

Nodes = Callable[[NodeId], Backplane]


@pytest.fixture(params=["memory", "redis"])
async def nodes(request: pytest.FixtureRequest) -> AsyncIterator[Nodes]:
    """Make backplanes that share one world."""
    made: list[Backplane] = []
    memory = Memory()
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    def make(node: NodeId) -> Backplane:
        made.append(RedisBackplane(url, node) if url else MemoryBackplane(memory, node))
        return made[-1]

    yield make
    for backplane in made:
        await backplane.close()


@pytest.fixture
def here(nodes: Nodes) -> Backplane:
    return nodes(N1)


@pytest.fixture
def there(nodes: Nodes) -> Backplane:
    return nodes(N2)


def at(node: NodeId, name: str = "c") -> Address:
    return Address(node, ConnectionId(name))


async def letters(backplane: Backplane, count: int) -> list[bytes]:
    """Return the bodies of the next letters."""
    bodies: list[bytes] = []
    async with asyncio.timeout(5):
        while len(bodies) < count:
            came = await backplane.receive(0.2)
            bodies += [item.body for item in came if isinstance(item, Letter)]
    return bodies


async def test_load_of_nothing_is_none(here: Backplane) -> None:
    """A room nobody committed is not there."""
    assert await here.load(ROOM) is None


async def test_commit_is_seen_by_every_node(here: Backplane, there: Backplane) -> None:
    """What one node commits, all load, with the version raised."""
    assert await here.commit(Commit(room=ROOM, version=0, state=b"one"))
    stored = await there.load(ROOM)
    assert stored is not None
    assert (stored.version, stored.state) == (1, b"one")


async def test_commit_on_an_old_version_changes_nothing(
    here: Backplane, there: Backplane
) -> None:
    """Of two decisions on one version, one holds; the other did nothing at all."""
    assert await here.commit(Commit(room=ROOM, version=0, state=b"one"))
    late = Commit(
        room=ROOM,
        version=0,
        state=b"two",
        alarm=1.0,
        letters=((at(N1), b"letter"),),
        facts=(b"fact",),
        holds=frozenset({N1}),
    )
    assert not await there.commit(late)
    stored = await here.load(ROOM)
    assert stored is not None
    assert stored.state == b"one"
    assert list(await here.due(9e9, 10)) == []
    assert list(await here.receive(0.05)) == []
    assert await here.unwritten() == 0
    assert list(await here.held_by(N1)) == []


async def test_races_have_one_winner_each_round(
    here: Backplane, there: Backplane
) -> None:
    """Two nodes that always retry both get every commit in, one after the other."""

    async def add(backplane: Backplane) -> None:
        while True:
            stored = await backplane.load(ROOM)
            version = stored.version if stored else 0
            value = int(stored.state) if stored else 0
            change = Commit(room=ROOM, version=version, state=b"%d" % (value + 1))
            if await backplane.commit(change):
                return

    await asyncio.gather(
        *(add(here) for _ in range(25)), *(add(there) for _ in range(25))
    )
    stored = await here.load(ROOM)
    assert stored is not None
    assert (stored.version, stored.state) == (50, b"50")


async def test_letters_arrive_at_their_node_in_order(
    here: Backplane, there: Backplane
) -> None:
    """Committed and posted letters to one node keep their order."""
    await here.commit(
        Commit(
            room=ROOM,
            version=0,
            state=b"",
            letters=((at(N2), b"1"), (at(N1), b"mine"), (at(N2), b"2")),
        )
    )
    await here.post(at(N2), b"3")
    assert await letters(there, 3) == [b"1", b"2", b"3"]
    assert await letters(here, 1) == [b"mine"]


async def test_letters_name_their_socket(here: Backplane) -> None:
    """The node knows which of its sockets is meant."""
    await here.post(at(N1, "socket"), b"x")
    (letter,) = await here.receive(1.0)
    assert letter == Letter(ConnectionId("socket"), b"x")


async def test_receive_of_nothing_returns_in_time(here: Backplane) -> None:
    """An empty inbox is no reason to hang."""
    async with asyncio.timeout(5):
        assert list(await here.receive(0.05)) == []


async def test_remembered_facts_wait_with_the_others(
    here: Backplane, there: Backplane
) -> None:
    """Facts without a decision are written in their turn, and change no room."""
    await here.commit(Commit(room=ROOM, version=0, state=b"", facts=(b"decided",)))
    await there.remember([b"told", b"told too"])
    assert await here.unwritten() == 3
    receipts = await here.facts(10)
    assert [receipt.fact for receipt in receipts] == [b"decided", b"told", b"told too"]
    stored = await here.load(ROOM)
    assert stored is not None
    assert stored.version == 1


async def test_news_reach_every_node(here: Backplane, there: Backplane) -> None:
    """Changed records are announced to all, the announcer too."""
    await here.receive(0.01)
    await there.receive(0.01)
    await here.announce([ROOM, OTHER])
    for backplane in (here, there):
        assert list(await backplane.receive(1.0)) == [News(ROOM), News(OTHER)]


async def test_alarm_is_due_until_another_is_set(here: Backplane) -> None:
    """An alarm rings until a commit moves it; the longest overdue comes first."""
    await here.commit(Commit(room=ROOM, version=0, state=b"", alarm=20.0))
    await here.commit(Commit(room=OTHER, version=0, state=b"", alarm=10.0))
    assert list(await here.due(9.9, 10)) == []
    assert list(await here.due(20.0, 10)) == [OTHER, ROOM]
    assert list(await here.due(20.0, 1)) == [OTHER]
    await here.commit(Commit(room=OTHER, version=1, state=b"", alarm=30.0))
    await here.commit(Commit(room=ROOM, version=1, state=b"", alarm=None))
    assert list(await here.due(25.0, 10)) == []


async def test_dismissed_alarm_does_not_ring(here: Backplane) -> None:
    """A room that is no more does not ring for ever."""
    await here.commit(Commit(room=ROOM, version=0, state=b"", alarm=1.0))
    await here.dismiss(ROOM)
    assert list(await here.due(9.0, 10)) == []


async def test_facts_wait_until_acknowledged(here: Backplane) -> None:
    """A fact is offered again until it is said to be written."""
    await here.commit(Commit(room=ROOM, version=0, state=b"", facts=(b"1", b"2")))
    await here.commit(Commit(room=ROOM, version=1, state=b"", facts=(b"3",)))
    assert await here.unwritten() == 3
    first = await here.facts(2)
    assert [receipt.fact for receipt in first] == [b"1", b"2"]
    assert list(await here.facts(2)) == list(first)
    await here.acknowledge(first)
    assert [receipt.fact for receipt in await here.facts(2)] == [b"3"]
    assert await here.unwritten() == 1


async def test_acknowledging_nothing_is_harmless(here: Backplane) -> None:
    """An empty batch needs no special care."""
    await here.acknowledge([])


async def test_lease_lapses_without_renewal(here: Backplane, there: Backplane) -> None:
    """A node that falls silent is seen by the others, and told when it wakes."""
    assert not await here.renew(100.0, 5.0)
    assert await here.renew(103.0, 5.0)
    assert list(await there.lapsed(108.0)) == []
    assert list(await there.lapsed(108.1)) == [N1]
    assert not await here.renew(109.0, 5.0)
    assert list(await there.lapsed(110.0)) == []


async def test_buried_node_is_forgotten(here: Backplane, there: Backplane) -> None:
    """After its sockets were given up a dead node leaves nothing behind."""
    await here.renew(100.0, 5.0)
    await here.commit(
        Commit(room=ROOM, version=0, state=b"", holds=frozenset({N1, N2}))
    )
    assert list(await there.held_by(N1)) == [ROOM]
    await there.bury(N1)
    assert list(await there.lapsed(999.0)) == []
    assert list(await there.held_by(N1)) == []
    assert list(await there.held_by(N2)) == [ROOM]


async def test_released_room_is_held_no_more(here: Backplane) -> None:
    """A room is held by the nodes that have a socket of it."""
    await here.commit(Commit(room=ROOM, version=0, state=b"", holds=frozenset({N1})))
    await here.commit(Commit(room=ROOM, version=1, state=b"", released=frozenset({N1})))
    assert list(await here.held_by(N1)) == []


async def test_closed_node_lapses_at_once(here: Backplane, nodes: Nodes) -> None:
    """Whoever leaves in order is cleaned up after without a wait."""
    leaving = nodes(N2)
    await leaving.renew(100.0, 50.0)
    await leaving.close()
    assert list(await here.lapsed(101.0)) == [N2]


async def test_ended_room_is_remembered_for_a_while(here: Backplane) -> None:
    """A late page still hears that the room has ended."""
    await here.commit(Commit(room=ROOM, version=0, state=b"over", keep=60.0))
    stored = await here.load(ROOM)
    assert stored is not None
    assert stored.state == b"over"


async def test_duty_is_one_nodes_until_it_lets_it_lapse(
    here: Backplane, there: Backplane
) -> None:
    """Who claims first has it and may renew it; others get another duty, or wait."""
    assert await here.claim("watch", 1)
    assert await here.claim("watch", 1)
    assert not await there.claim("watch", 1)
    assert await there.claim("other", 1)
    await asyncio.sleep(1.2)  # Nothing tells when a duty has lapsed.
    assert await there.claim("watch", 1)
    assert not await here.claim("watch", 1)


async def test_ping_says_that_all_is_well(here: Backplane) -> None:
    """A backplane that can be reached answers."""
    await here.ping()


# What only a backplane on a network can get wrong.


async def test_redis_that_is_away_raises_one_error() -> None:
    """Callers see a BackplaneError, whatever the network said."""
    backplane = RedisBackplane("redis://127.0.0.1:1/0", N1)
    with pytest.raises(BackplaneError):
        await backplane.load(ROOM)
    await backplane.close()


async def test_redis_letters_that_were_lost_are_noticed(redis_url: str) -> None:
    """A trimmed or emptied inbox shows as a gap, before what came after it."""
    reader, writer = RedisBackplane(redis_url, N1), RedisBackplane(redis_url, N2)
    await writer.post(at(N1), b"1")
    assert await letters(reader, 1) == [b"1"]
    await writer.post(at(N1), b"2")
    await reader._redis.delete("deskside:inbox:n1")
    await writer.post(at(N1), b"3")
    assert list(await reader.receive(1.0)) == [Gap(), Letter(ConnectionId("c"), b"3")]
    await reader.close()
    await writer.close()


async def test_redis_facts_are_given_to_one_node_at_a_time(redis_url: str) -> None:
    """One node writes at a time, so facts keep their order; another takes over."""
    first, second = RedisBackplane(redis_url, N1), RedisBackplane(redis_url, N2)
    await first.commit(Commit(room=ROOM, version=0, state=b"", facts=(b"1",)))
    assert len(await first.facts(10)) == 1
    assert list(await second.facts(10)) == []
    await first._redis.delete("deskside:pen")  # as after its time
    assert len(await second.facts(10)) == 1
    await first.close()
    await second.close()


async def test_what_is_pinned_is_seen_by_every_node(
    here: Backplane, there: Backplane
) -> None:
    """The last of a name counts, for its time."""
    assert await here.pinned("board") is None
    await here.pin("board", b"one", 60)
    await there.pin("board", b"\xfftwo", 1)
    assert await here.pinned("board") == b"\xfftwo"
    assert await here.pinned("other") is None
    await asyncio.sleep(1.1)
    assert await there.pinned("board") is None
