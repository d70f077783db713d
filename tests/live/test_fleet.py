"""Every node knows the relays: rows, health and load; calls leave one that dies."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from app.adapters.memory import Memory, MemoryBackplane
from app.adapters.redis_backplane import RedisBackplane
from app.adapters.relay_probe import probe_relay
from app.domain.ids import NodeId, RelayId
from app.domain.relays import Fleet, NewRelay, Probe, Relay, RelayState, Standing
from app.live.fleet import FleetWatch
from app.live.relay_probes import RelayProbes
from app.ports import Backplane
from tests.domain.fleet import relay
from tests.services import Turn, private_folder


SECRET = "one secret for all relays of it"
MakePlane = Callable[[str], Backplane]


class Shelf:
    """Rows in a list, that can be away for a while."""

    def __init__(self, *rows: Relay) -> None:
        self.rows = rows
        self.declared: list[NewRelay] = []
        self.away = False

    async def list(self) -> tuple[Relay, ...]:
        if self.away:
            raise OSError("the database is away")
        return self.rows

    async def declare(self, named: Sequence[NewRelay]) -> None:
        if self.away:
            raise OSError("the database is away")
        self.declared += named


class One:
    """One node's watch and probes."""

    def __init__(self, plane: Backplane, shelf: Shelf, *named: NewRelay) -> None:
        self.registry = CollectorRegistry()
        self.watch = FleetWatch(plane, shelf, Fleet(secret=SECRET), named)
        self.probes = RelayProbes(
            plane, lambda: self.watch.current, self.look, time.time, self.registry
        )
        self.looked = 0

    async def look(self, relay: Relay, secret: str) -> Probe:
        self.looked += 1
        return await probe_relay(relay, secret)

    async def round(self) -> "One":
        """Probe, and see what came of it."""
        await self.watch.look()
        await self.probes.look()
        await self.watch.look()
        return self

    def standing(self, name: str) -> Standing:
        known = self.watch.current.named(RelayId(name))
        assert known is not None
        return known.standing(time.time())

    def shows(self, name: str) -> float | None:
        return self.registry.get_sample_value("deskside_relay_up", {"relay": name})


@pytest.fixture(params=["memory", "redis"])
async def make_plane(request: pytest.FixtureRequest) -> AsyncIterator[MakePlane]:
    made: list[Backplane] = []
    memory = Memory()
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    def make(name: str) -> Backplane:
        node = NodeId(name)
        made.append(RedisBackplane(url, node) if url else MemoryBackplane(memory, node))
        return made[-1]

    yield make
    for plane in made:
        await plane.close()


@pytest.fixture
def turns() -> Iterator[dict[str, Turn]]:
    """Two coturns of one deployment."""
    with ExitStack() as stack:
        made = {}
        for name in ("a", "b"):
            turn = Turn(stack.enter_context(private_folder("turn")))
            turn.secret = SECRET
            made[name] = stack.enter_context(turn)
        yield made


def rows(turns: dict[str, Turn]) -> tuple[Relay, ...]:
    return tuple(relay(name, urls=(turn.url,)) for name, turn in turns.items())


@asynccontextmanager
async def running(
    *parts: Callable[[], Coroutine[None, None, None]],
) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(part()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_relay_that_dies_is_down_for_every_node(
    make_plane: MakePlane, turns: dict[str, Turn]
) -> None:
    """One node looks, all know; the relay that is back is up again."""
    shelf = Shelf(*rows(turns))
    one, other = One(make_plane("n1"), shelf), One(make_plane("n2"), shelf)
    await one.round(), await other.round()
    assert (one.looked, other.looked) == (2, 0)
    turns["a"].kill()
    for _ in range(3):
        assert one.standing("a") is not Standing.DOWN
        await one.round()
    await other.watch.look()
    for node in (one, other):
        assert node.standing("a") is Standing.DOWN
        assert node.standing("b") is Standing.GOOD
    assert (one.shows("a"), one.shows("b"), other.shows("b")) == (0, 1, None)
    turns["a"].start()
    await one.round()
    assert one.standing("a") is Standing.DOWN
    await one.round()
    assert one.standing("a") is Standing.GOOD


async def test_dead_relay_is_noticed_soon(
    make_plane: MakePlane, turns: dict[str, Turn]
) -> None:
    """While one seems to turn, it is looked at more often."""
    one = One(make_plane("n1"), Shelf(*rows(turns)))
    await one.round()
    async with running(one.watch.run, one.probes.run):
        await asyncio.sleep(0.5)
        turns["a"].kill()
        began = time.monotonic()
        while one.standing("a") is not Standing.DOWN:
            assert time.monotonic() - began < 25
            await asyncio.sleep(0.1)


async def test_relays_of_the_settings_are_declared_once(make_plane: MakePlane) -> None:
    """As soon as the records can be reached; until then they serve without rows."""
    named = NewRelay("b.example", ("stun:b.example", "turn:b.example"))
    shelf = Shelf(relay("a"))
    shelf.away = True
    one = One(make_plane("n1"), shelf, named)
    await one.watch.look()
    assert [known.relay.name for known in one.watch.current.known] == ["b.example"]
    shelf.away = False
    await one.watch.look()
    await one.watch.look()
    assert shelf.declared == [named]
    assert [known.relay.name for known in one.watch.current.known] == ["a"]


async def test_listeners_hear_of_changes_alone(make_plane: MakePlane) -> None:
    """Of every change, and of nothing else."""
    shelf = Shelf(relay("a"))
    one = One(make_plane("n1"), shelf)
    heard: list[Fleet] = []
    one.watch.listen(lambda: heard.append(one.watch.current))
    await one.watch.look()
    await one.watch.look()
    assert len(heard) == 1
    shelf.rows = (relay("a", state=RelayState.DRAINING),)
    await one.watch.look()
    assert len(heard) == 2
    assert heard[1].known[0].relay.state is RelayState.DRAINING


async def test_stun_that_is_no_relays_own_is_given_too(make_plane: MakePlane) -> None:
    """A deployment may name a STUN server alone."""
    base = Fleet(stun_urls=("stun:elsewhere", "stun:a.example:3478"))
    watch = FleetWatch(make_plane("n1"), Shelf(relay("a")), base, ())
    await watch.look()
    assert watch.current.stun_urls == ("stun:elsewhere",)
