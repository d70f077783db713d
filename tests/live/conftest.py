"""Two nodes in one process, on either backplane, with a clock the test may move."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress

import pytest
from prometheus_client import CollectorRegistry

from app.adapters.memory import Memory, MemoryBackplane
from app.adapters.redis_backplane import RedisBackplane
from app.domain.commands import Terms
from app.domain.facts import Fact
from app.domain.ids import NodeId, RoomId
from app.domain.relays import Fleet
from app.live.hub import Hub
from app.live.keeper import Keeper
from app.live.ledger import Ledger
from app.live.metrics import Metrics
from app.live.transact import Transactor
from app.ports import Backplane, Unfinished
from app.protocol.tickets import Tickets
from tests.domain.table import TERMS


SECRET = "a secret of the tests, long enough"


class MovableClock:
    """The wall clock, and whatever the test adds to it."""

    def __init__(self) -> None:
        self.added = 0.0

    def __call__(self) -> float:
        return time.time() + self.added


class Notebook:
    """A history and directory in a list, that can be away for a while."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}
        self.away = False
        self.known: list[Unfinished] = []

    async def write(self, facts: Sequence[Fact]) -> set[RoomId]:
        if self.away:
            raise OSError("the database is away")
        self.facts |= {fact.id: fact for fact in facts}
        return {fact.room for fact in facts}

    async def unfinished(self) -> list[Unfinished]:
        return self.known


class Node:
    """One node: hub, keeper and ledger on a backplane."""

    def __init__(
        self, backplane: Backplane, notebook: Notebook, clock: MovableClock
    ) -> None:
        self.backplane = backplane
        self.metrics = Metrics(CollectorRegistry())
        self.transactor = Transactor(backplane, clock, self.metrics)
        self.hub = Hub(
            backplane, self.transactor, Tickets(SECRET), Fleet, clock, self.metrics
        )
        self.keeper = Keeper(
            backplane, self.transactor, self.hub, notebook, terms, clock
        )
        self.ledger = Ledger(backplane, notebook, self.metrics)
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> "Node":
        await self._stack.enter_async_context(self.hub.running())
        self._tasks = [
            asyncio.create_task(self.keeper.run()),
            asyncio.create_task(self.ledger.run()),
        ]
        return self

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks)
        await self._stack.aclose()
        await self.backplane.close()


def terms(expires_at: float) -> Terms:
    return Terms(
        expires_at=expires_at,
        no_show_seconds=TERMS.no_show_seconds,
        max_call_seconds=TERMS.max_call_seconds,
        grace_seconds=TERMS.grace_seconds,
    )


MakeNode = Callable[[str], Node]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture(params=["memory", "redis"])
async def make_node(
    request: pytest.FixtureRequest, notebook: Notebook, clock: MovableClock
) -> AsyncIterator[MakeNode]:
    """Make nodes that share one backplane."""
    memory, made = Memory(), list[Node]()
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""

    def make(name: str) -> Node:
        node = NodeId(name)
        backplane = RedisBackplane(url, node) if url else MemoryBackplane(memory, node)
        made.append(Node(backplane, notebook, clock))
        return made[-1]

    yield make
    for node in made:
        await node.stop()


@pytest.fixture
async def here(make_node: MakeNode) -> Node:
    return await make_node("n1").start()


@pytest.fixture
async def there(make_node: MakeNode) -> Node:
    return await make_node("n2").start()
