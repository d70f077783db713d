"""What the service needs of the world outside, named for the need."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from app.domain.facts import Fact
from app.domain.ids import Address, ConnectionId, NodeId, RoomId
from app.domain.relays import NewRelay, Relay


class BackplaneError(Exception):
    """The backplane cannot be reached now; nothing is known of the last call."""


class Stored(Struct, frozen=True):
    """A room as it was last committed; ``version`` counts its commits from 1."""

    version: int
    state: bytes


class Commit(Struct, frozen=True, kw_only=True):
    """All that one decision changes; it happens whole or not at all.

    Attributes:
        room: whose state.
        version: the version the decision was made on, 0 where there was none.
        state: the new state, opaque here.
        alarm: when the room wants a tick (epoch seconds), None for never.
        keep: seconds after which the state may be forgotten, None for never.
        letters: bodies for sockets, opaque here.
        facts: lines for the history, opaque here.
        holds: nodes that now have a socket of this room.
        released: nodes that have none of it any more.
    """

    room: RoomId
    version: int
    state: bytes
    alarm: float | None = None
    keep: float | None = None
    letters: tuple[tuple[Address, bytes], ...] = ()
    facts: tuple[bytes, ...] = ()
    holds: frozenset[NodeId] = frozenset()
    released: frozenset[NodeId] = frozenset()


class Letter(Struct, frozen=True):
    """Something for one socket of this node."""

    connection: ConnectionId
    body: bytes


class News(Struct, frozen=True):
    """The records of a room changed, on whatever node."""

    room: RoomId


class Gap(Struct, frozen=True):
    """Letters to this node were lost: every socket had better resume."""


Delivery = Letter | News | Gap


class Receipt(Struct, frozen=True):
    """A fact to be written, and the name under which to acknowledge it."""

    id: str
    fact: bytes


class Backplane(Protocol):
    """Live state shared by the nodes; one object speaks for one node.

    Every method may raise BackplaneError.
    """

    node: NodeId

    async def load(self, room: RoomId) -> Stored | None:
        """Return what was last committed."""

    async def commit(self, commit: Commit) -> bool:
        """Store, deliver and remember, if the version is still the same."""

    async def post(self, to: Address, body: bytes) -> None:
        """Deliver a letter without a commit; letters to one node keep their order."""

    async def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what came for this node, waiting up to so long; maybe nothing."""

    async def announce(self, rooms: Sequence[RoomId]) -> None:
        """Tell every node, this one too, that records changed."""

    async def due(self, now: float, limit: int) -> Sequence[RoomId]:
        """Return rooms whose alarm has passed, the longest overdue first.

        An alarm stays due until a commit sets another.
        """

    async def dismiss(self, room: RoomId) -> None:
        """Forget the alarm of a room that no longer exists."""

    async def remember(self, facts: Sequence[bytes]) -> None:
        """Remember facts that no decision brings, without a commit."""

    async def facts(self, limit: int) -> Sequence[Receipt]:
        """Return facts to write, the oldest first.

        Other nodes may be given the same ones, if this one takes too long.
        """

    async def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Forget facts that are written."""

    async def unwritten(self) -> int:
        """Return how many facts wait to be written."""

    async def renew(self, now: float, seconds: float) -> bool:
        """Extend this node's lease; False where it had lapsed before."""

    async def lapsed(self, now: float) -> Sequence[NodeId]:
        """Return nodes whose lease has lapsed."""

    async def held_by(self, node: NodeId) -> Sequence[RoomId]:
        """Return rooms that may have a socket on that node."""

    async def bury(self, node: NodeId) -> None:
        """Forget a lapsed node, after its sockets were given up."""

    async def claim(self, duty: str, seconds: int) -> bool:
        """Be the one node that does a duty, for so long; False while another is."""

    async def pin(self, name: str, value: bytes, seconds: int) -> None:
        """Show something small to every node, for so long."""

    async def pinned(self, name: str) -> bytes | None:
        """Return what was pinned there last, while it counts."""

    async def ping(self) -> None:
        """Raise BackplaneError unless all is well."""

    async def close(self) -> None:
        """Let go; this node's lease ends."""


class History(Protocol):
    """Where facts end up."""

    async def write(self, facts: Sequence[Fact]) -> set[RoomId]:
        """Write facts, each once however often it comes; return the rooms changed."""


class Unfinished(Struct, frozen=True):
    """A room that the records hold and that is not over."""

    room: RoomId
    expires_at: float


class Directory(Protocol):
    """Where rooms are known that may not be live at the moment."""

    async def unfinished(self) -> Sequence[Unfinished]:
        """Return every room that is not over."""


class RelayDirectory(Protocol):
    """Where it is known which relays there are."""

    async def list(self) -> tuple[Relay, ...]:
        """Return all relays."""

    async def declare(self, named: Sequence[NewRelay]) -> None:
        """Have those that the settings name, and no others that they named before."""


class StatisticsError(Exception):
    """The relay's statistics cannot be read now."""


class Allocation(Struct, frozen=True):
    """One relayed address that somebody holds.

    ``relay`` is the id of the relay as the user name tells it, ``transport`` is how it
    was reached (a proxy takes TLS off before it, so that is ``tcp``) and ``port``
    where.
    """

    transport: str
    port: int
    relay: str = ""


class Traffic(Struct, frozen=True):
    """Bytes that the relay received from and sent to a ``side``: client or peer."""

    side: str
    received: int
    sent: int


class RelayStatistics(Protocol):
    """What the relays do. Every method but the last two may raise StatisticsError."""

    async def traffic(self, seconds: float) -> Sequence[Traffic]:
        """Return what passed since the last call, after listening so long.

        The first call, and the first after `pause`, begins to listen.
        """

    async def allocations(self) -> Sequence[Allocation]:
        """Return what the relays hold now."""

    async def pause(self) -> None:
        """Listen no more, until the next call."""

    async def close(self) -> None:
        """Let go."""


class Clock(Protocol):
    """The wall clock, in seconds since the epoch."""

    def __call__(self) -> float:
        """Return the time."""
