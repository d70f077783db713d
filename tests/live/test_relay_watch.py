"""What a real coturn says of itself reaches the metrics, each byte once."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aioice.turn import TurnTransport, create_turn_endpoint
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis as Client

from app.adapters.redis_backplane import RedisBackplane
from app.adapters.relay_statistics import RedisRelayStatistics
from app.domain.ice import Relays, ice_servers
from app.domain.ids import NodeId, ParticipantId
from app.live.fleet import LOADS
from app.live.relay_watch import RelayWatch
from tests.services import Node, Redis, Turn, private_folder, wait_until


HELD, LETTERS, LETTER = 4, 40, b"x" * 200
"""Allocations of the tests, and what each sends to the next through the relay."""


class MovableClock:
    """A clock, and whatever the test adds to it."""

    def __init__(self) -> None:
        self.added = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.added


class Watcher:
    """One node's watch, and what it shows."""

    def __init__(self, redis: Redis, name: str, *, user: str = "") -> None:
        url = f"redis://{user}{redis.host}:{redis.port}"
        self.clock = MovableClock()
        self.registry = CollectorRegistry()
        self.backplane = RedisBackplane(redis.url, NodeId(name))
        self.statistics = RedisRelayStatistics(f"{url}/2", self.clock)
        self.watch = RelayWatch(
            self.backplane, self.statistics, 100, self.registry, seconds=0.2
        )

    def shows(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"deskside_relay_{name}", labels)

    @property
    def counted(self) -> float:
        """Bytes of both sides and directions."""
        return sum(
            sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == "deskside_relay_bytes_total"
        )


@asynccontextmanager
async def watching(
    redis: Redis, name: str = "n1", user: str = ""
) -> AsyncIterator[Watcher]:
    watcher = Watcher(redis, name, user=user)
    task = asyncio.create_task(watcher.watch.run())
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.wait({task})
        await watcher.backplane.close()


async def comes(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to become true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to be"
        await asyncio.sleep(0.05)


@pytest.fixture
def telling_turn(own_redis: Redis) -> Iterator[Turn]:
    """A coturn that writes its statistics to `own_redis`."""
    with private_folder("turn") as folder:
        turn = Turn(folder)
        turn.statistics = own_redis
        with turn:
            yield turn


class Mailbox(asyncio.DatagramProtocol):
    """What an allocation received."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.closed = asyncio.Event()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        self.letters.append(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.closed.set()


async def allocate(
    turn: Turn, transport: str, who: str = "test"
) -> tuple[TurnTransport, Mailbox]:
    relays = Relays(turn_urls=(turn.url,), turn_secret=turn.secret)
    (server,) = ice_servers(relays, ParticipantId(who), time.time())
    return await create_turn_endpoint(
        Mailbox,
        (turn.host, turn.port),
        username=server.username,
        password=server.credential,
        transport=transport,
    )


async def send_around(
    ring: list[tuple[tuple[TurnTransport, Mailbox], tuple[str, int]]], letter: bytes
) -> None:
    for (end, _box), to in ring:
        end.sendto(letter, to)
    await asyncio.sleep(0.01)


@asynccontextmanager
async def relaying(turn: Turn, transport: str = "udp") -> AsyncIterator[None]:
    """Hold allocations, and have each receive LETTERS from the one before."""
    ends = [await allocate(turn, transport) for _ in range(HELD)]
    addresses = [end.get_extra_info("sockname") for end, _ in ends]
    ring = list(zip(ends, addresses[1:] + addresses[:1], strict=True))
    boxes = [box.letters for _, box in ends]
    # Before all have said something, not all may receive (RFC 8656, section 9).
    while not all(boxes):
        await send_around(ring, b"hello")
    for _ in range(LETTERS):
        await send_around(ring, LETTER)
    await comes(lambda: all(box.count(LETTER) == LETTERS for box in boxes))
    yield
    for end, _ in ends:
        end.close()
    await asyncio.wait_for(asyncio.gather(*(box.closed.wait() for _, box in ends)), 10)


async def crash(turn: Turn) -> None:
    """Let coturn die while it holds allocations."""
    ends = [await allocate(turn, "udp") for _ in range(HELD)]
    await asyncio.sleep(0.2)  # It writes to Redis by itself.
    turn.kill()
    for end, _ in ends:
        end._TurnTransport__inner_protocol.transport.abort()  # type: ignore[attr-defined]


def url_of(redis: Redis) -> str:
    return f"redis://{redis.host}:{redis.port}/2"


@asynccontextmanager
async def client(redis: Redis, database: int = 2) -> AsyncIterator[Any]:
    """A client, if not told otherwise of coturn's database."""
    made = Client(host=redis.host, port=redis.port, db=database)
    yield made
    await made.aclose()


@asynccontextmanager
async def totals(redis: Redis) -> AsyncIterator[list[list[int]]]:
    """Collect received and sent bytes, as coturn tells at the end of each."""
    made: Any = Client.from_url(url_of(redis))
    channels = made.pubsub(ignore_subscribe_messages=True)
    await channels.psubscribe("turn/*/total_traffic", "turn/*/total_traffic/peer")
    ended: list[list[int]] = []

    async def read() -> None:
        async for message in channels.listen():
            counted = re.findall(r"(?:rcvb|sentb)=(\d+)", message["data"].decode())
            ended.append([int(number) for number in counted])

    task = asyncio.create_task(read())
    try:
        yield ended
    finally:
        task.cancel()
        await asyncio.wait({task})
        await channels.aclose()
        await made.aclose()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_relayed_calls_are_shown(
    own_redis: Redis, telling_turn: Turn, transport: str
) -> None:
    """Allocations while they are held, their share of the quota, and every byte."""
    async with watching(own_redis) as node, totals(own_redis) as ended:
        await comes(lambda: node.shows("allocations") == 0)
        async with relaying(telling_turn, transport):
            await comes(lambda: node.shows("allocations") == HELD)
            way = {"transport": transport, "port": str(telling_turn.port)}
            assert node.shows("allocations_by_way", **way) == HELD
            assert node.shows("quota_share") == HELD / 100
        await comes(lambda: node.shows("allocations") == 0)
        await comes(lambda: len(ended) == 2 * HELD)
        await comes(lambda: node.counted == sum(map(sum, ended)))
        sent = node.shows("bytes_total", side="peer", direction="sent")
        assert sent is not None
        assert sent >= HELD * LETTERS * len(LETTER)


async def test_every_node_learns_what_each_relay_holds(
    own_redis: Redis, telling_turn: Turn
) -> None:
    """By the relay that user names begin with; who only probes holds nothing."""
    ends = [await allocate(telling_turn, "udp", f"{who}-_.x") for who in "aab"]
    ends.append(await allocate(telling_turn, "udp", "b.probe"))
    async with watching(own_redis) as node:
        await comes(lambda: node.shows("allocations") == 4)
        found = await node.backplane.pinned(LOADS)
        assert json.loads(found or "") == {"a-_": 2, "b-_": 1, "": 1}
    for end, _ in ends:
        end.close()
    await asyncio.gather(*(box.closed.wait() for _, box in ends))


async def test_allocations_that_were_there_before(
    own_redis: Redis, telling_turn: Turn
) -> None:
    """Who begins to watch sees what is held already."""
    async with relaying(telling_turn):
        await asyncio.sleep(1)
        async with watching(own_redis) as node:
            await comes(lambda: node.shows("allocations") == HELD)


async def test_sum_over_the_nodes_is_right(
    own_redis: Redis, telling_turn: Turn
) -> None:
    """However many nodes watch, one counts and shows; another follows it."""
    async with (
        watching(own_redis, "n1") as one,
        watching(own_redis, "n2") as other,
        totals(own_redis) as ended,
    ):
        both = (one, other)
        await comes(lambda: sum(node.shows("statistics_up") or 0 for node in both) == 1)
        async with relaying(telling_turn):
            await comes(lambda: sum(n.shows("allocations") or 0 for n in both) == HELD)
        await comes(lambda: len(ended) == 2 * HELD)
        counted = sum(map(sum, ended))
        await comes(lambda: sum(node.counted for node in both) == counted > 0)
        assert min(node.counted for node in both) == 0


async def test_another_node_takes_over(own_redis: Redis, telling_turn: Turn) -> None:
    """When the one that watches is gone, after its time."""
    async with AsyncExitStack() as stack:
        async with watching(own_redis, "n1") as one:
            await comes(lambda: one.shows("statistics_up") == 1)
            other = await stack.enter_async_context(watching(own_redis, "n2"))
            await asyncio.sleep(0.5)
            assert other.shows("statistics_up") is None
        async with client(own_redis, 0) as keys:
            await keys.delete("deskside:duty:relay-statistics")  # As after its time.
        await comes(lambda: other.shows("statistics_up") == 1)
        async with relaying(telling_turn):
            await comes(lambda: other.shows("allocations") == HELD)
        await comes(lambda: other.counted > 0)
        assert one.counted == 0


async def test_crashed_relay_holds_nothing_after_a_lifetime(
    own_redis: Redis, telling_turn: Turn
) -> None:
    """Its keys stay in Redis; they count no longer than their lifetime, then go."""
    await crash(telling_turn)
    async with watching(own_redis) as node, client(own_redis) as keys:
        await comes(lambda: node.shows("allocations") == HELD)
        assert len(await keys.keys()) == HELD
        node.clock.added = 600
        await asyncio.sleep(0.5)
        assert node.shows("allocations") == HELD
        node.clock.added = 640
        await comes(lambda: node.shows("allocations") == 0)
        assert await keys.keys() == []


async def test_age_of_what_was_there_before(own_redis: Redis) -> None:
    """A node that begins to watch asks Redis how long ago a key was written."""
    async with client(own_redis) as keys, watching(own_redis) as node:
        node.clock.added = -28
        key = "turn/realm/r/user/u/allocation/000000000000000001/status"
        # Not published, as to a node that did not listen yet.
        await keys.set(key, "new lifetime=1, type=UDP, local=192.0.2.1:3478, remote=x")
        await comes(lambda: node.shows("allocations") == 1)
        held = time.monotonic()
        node.clock.added = 0
        await comes(lambda: node.shows("allocations") == 0)
        assert time.monotonic() - held < 10
    async with client(own_redis) as keys:
        await keys.set(key, "new lifetime=0, type=UDP, local=192.0.2.1:3478, remote=x")
        await asyncio.sleep(3)
        statistics = RedisRelayStatistics(url_of(own_redis), MovableClock())
        assert len(await statistics.allocations()) == 1
        (known,) = statistics._known.values()
        assert known.until - time.monotonic() < 30 - 1.9
        await statistics.close()


async def test_statistics_that_are_away_are_said_to_be(own_redis: Redis) -> None:
    """Where they cannot be read nothing is claimed of the relay; it comes back."""
    with private_folder("redis") as folder, Redis(folder) as live:
        async with watching(live) as node:
            node.watch._statistics = RedisRelayStatistics(own_redis.url)
            await comes(lambda: node.shows("statistics_up") == 1)
            own_redis.kill()
            await comes(lambda: node.shows("statistics_up") == 0)
            assert node.shows("allocations") is None
            own_redis.start()
            await comes(lambda: node.shows("allocations") == 0)


async def test_may_only_read(own_redis: Redis, telling_turn: Turn) -> None:
    """Without the right to remove, keys of a crashed relay stay and do not count."""
    admin = Client.from_url(own_redis.url)
    await admin.acl_setuser(
        "reader",
        enabled=True,
        passwords=["+secret"],
        keys=["turn/*"],
        channels=["turn/*"],
        commands=["+scan", "+get", "+object|idletime", "+psubscribe", "+ping"],
        categories=["+@connection"],
    )
    await admin.aclose()
    await crash(telling_turn)
    async with watching(own_redis, user="reader:secret@") as node:
        await comes(lambda: node.shows("allocations") == HELD)
        node.clock.added = 640
        await comes(lambda: node.shows("allocations") == 0)
        assert node.shows("statistics_up") == 1


def test_nodes_show_it_in_their_metrics(
    own_redis: Redis, telling_turn: Turn, postgres_url: str
) -> None:
    """Of two nodes of one service, one shows the relay to Prometheus."""
    settings: dict[str, str | int] = {
        "redis_url": own_redis.url,
        "database_url": postgres_url,
        "relay_statistics_url": url_of(own_redis),
        "relay_quota": 10,
        "secret": "s" * 40,
    }
    with private_folder("node") as folder:
        one, other = Node(folder, **settings), Node(folder, **settings)
        one.migrate()
        with one, other:
            assert wait_until(lambda: _lines("statistics_up 1", one, other) == 1, 40)
            assert _lines("relay_quota 10", one, other) == 1
            assert _lines("relay_allocations 0", one, other) == 1
            assert _lines("deskside_build_info{version=", one, other) == 2


def _lines(part: str, *nodes: Node) -> int:
    """In how many lines of the nodes' metrics it stands."""
    count = 0
    for node in nodes:
        with urllib.request.urlopen(f"{node.url}/metrics", timeout=5) as answer:  # noqa: S310
            count += sum(part in line for line in answer.read().decode().splitlines())
    return count
