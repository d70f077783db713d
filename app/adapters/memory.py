"""The backplane of a service that is one process: a real one, which a crash empties."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice

from app.domain.ids import Address, NodeId, RoomId
from app.ports import Commit, Delivery, Letter, News, Receipt, Stored


MAX_INBOX = 10_000
"""Deliveries that may wait at one node; it is the reader of its own inbox."""

KEPT_ENDED_ROOMS = 10_000


class Memory:
    """What the nodes of one process share."""

    def __init__(self) -> None:
        self.rooms: dict[RoomId, Stored] = {}
        self.ended: OrderedDict[RoomId, None] = OrderedDict()
        self.alarms: dict[RoomId, float] = {}
        self.facts: OrderedDict[str, bytes] = OrderedDict()
        self.numbered = 0
        self.inboxes: dict[NodeId, asyncio.Queue[Delivery]] = {}
        self.leases: dict[NodeId, float] = {}
        self.held: dict[NodeId, set[RoomId]] = {}
        self.duties: dict[str, tuple[NodeId, float]] = {}
        self.pins: dict[str, tuple[bytes, float]] = {}

    def remember(self, facts: Sequence[bytes]) -> None:
        """Number facts that are to be written."""
        for fact in facts:
            self.numbered += 1
            self.facts[str(self.numbered)] = fact

    def deliver(self, node: NodeId, delivery: Delivery) -> None:
        """Put a delivery into the inbox of a node that still lives."""
        inbox = self.inboxes.get(node)
        if inbox is not None and inbox.qsize() < MAX_INBOX:
            inbox.put_nowait(delivery)


class MemoryBackplane:
    """One node's share of a Memory; see app.ports.Backplane."""

    def __init__(self, memory: Memory, node: NodeId) -> None:
        self.node = node
        self._memory = memory
        self._inbox: asyncio.Queue[Delivery] = asyncio.Queue()
        memory.inboxes[node] = self._inbox

    async def load(self, room: RoomId) -> Stored | None:
        """Return what was last committed."""
        return self._memory.rooms.get(room)

    async def commit(self, commit: Commit) -> bool:
        """Store, deliver and remember; nothing awaits, so nothing comes between."""
        memory = self._memory
        stored = memory.rooms.get(commit.room)
        if (stored.version if stored else 0) != commit.version:
            return False
        memory.rooms[commit.room] = Stored(commit.version + 1, commit.state)
        self._set_alarm(commit)
        self._set_holders(commit)
        memory.remember(commit.facts)
        for to, body in commit.letters:
            memory.deliver(to.node, Letter(to.connection, body))
        if commit.keep is not None:
            self._retire(commit.room)
        return True

    def _set_alarm(self, commit: Commit) -> None:
        if commit.alarm is None:
            self._memory.alarms.pop(commit.room, None)
        else:
            self._memory.alarms[commit.room] = commit.alarm

    def _set_holders(self, commit: Commit) -> None:
        for node in commit.holds:
            self._memory.held.setdefault(node, set()).add(commit.room)
        for node in commit.released:
            self._memory.held.get(node, set()).discard(commit.room)

    def _retire(self, room: RoomId) -> None:
        # By count, not by time: this process alone bounds its memory.
        self._memory.ended[room] = None
        while len(self._memory.ended) > KEPT_ENDED_ROOMS:
            oldest, _ = self._memory.ended.popitem(last=False)
            self._memory.rooms.pop(oldest, None)

    async def post(self, to: Address, body: bytes) -> None:
        """Deliver a letter without a commit."""
        self._memory.deliver(to.node, Letter(to.connection, body))

    async def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what came for this node, waiting up to so long."""
        # Not wait_for: Python 3.11's may swallow the cancellation at shutdown.
        try:
            async with asyncio.timeout(seconds):
                first = await self._inbox.get()
        except TimeoutError:
            return []
        return [first, *(self._inbox.get_nowait() for _ in range(self._inbox.qsize()))]

    async def announce(self, rooms: Sequence[RoomId]) -> None:
        """Tell every node that records changed."""
        for node in self._memory.inboxes:
            for room in rooms:
                self._memory.deliver(node, News(room))

    async def due(self, now: float, limit: int) -> Sequence[RoomId]:
        """Return rooms whose alarm has passed, the longest overdue first."""
        passed = [(at, room) for room, at in self._memory.alarms.items() if at <= now]
        return [room for _, room in sorted(passed)[:limit]]

    async def dismiss(self, room: RoomId) -> None:
        """Forget the alarm of a room that no longer exists."""
        self._memory.alarms.pop(room, None)

    async def remember(self, facts: Sequence[bytes]) -> None:
        """Remember facts that no decision brings."""
        self._memory.remember(facts)

    async def facts(self, limit: int) -> Sequence[Receipt]:
        """Return facts to write, the oldest first."""
        return [Receipt(*item) for item in islice(self._memory.facts.items(), limit)]

    async def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Forget facts that are written."""
        for receipt in receipts:
            self._memory.facts.pop(receipt.id, None)

    async def unwritten(self) -> int:
        """Return how many facts wait to be written."""
        return len(self._memory.facts)

    async def renew(self, now: float, seconds: float) -> bool:
        """Extend this node's lease; False where it had lapsed before."""
        held = self._memory.leases.get(self.node, 0) >= now
        self._memory.leases[self.node] = now + seconds
        return held

    async def lapsed(self, now: float) -> Sequence[NodeId]:
        """Return nodes whose lease has lapsed."""
        return [node for node, until in self._memory.leases.items() if until < now]

    async def held_by(self, node: NodeId) -> Sequence[RoomId]:
        """Return rooms that may have a socket on that node."""
        return list(self._memory.held.get(node, ()))

    async def bury(self, node: NodeId) -> None:
        """Forget a lapsed node."""
        self._memory.leases.pop(node, None)
        self._memory.held.pop(node, None)

    async def claim(self, duty: str, seconds: int) -> bool:
        """Be the one node that does a duty, for so long."""
        now = time.monotonic()
        holder, until = self._memory.duties.get(duty, (self.node, now))
        if holder != self.node and until > now:
            return False
        self._memory.duties[duty] = self.node, now + seconds
        return True

    async def pin(self, name: str, value: bytes, seconds: int) -> None:
        """Show something small to every node, for so long."""
        self._memory.pins[name] = value, time.monotonic() + seconds

    async def pinned(self, name: str) -> bytes | None:
        """Return what was pinned there last, while it counts."""
        value, until = self._memory.pins.get(name, (None, 0.0))
        return value if until > time.monotonic() else None

    async def ping(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        """Let go; this node's lease ends."""
        self._memory.leases[self.node] = 0.0
        self._memory.inboxes.pop(self.node, None)
