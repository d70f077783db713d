"""Facts: what happened, once and for all, for the history."""

from enum import StrEnum

from msgspec import Struct

from app.domain.ids import FactId, RoomId


class Role(StrEnum):
    """Which of the two seats."""

    AGENT = "agent"
    CUSTOMER = "customer"

    @property
    def peer(self) -> "Role":
        """The role across the table."""
        return Role.CUSTOMER if self is Role.AGENT else Role.AGENT


class FactKind(StrEnum):
    """What can happen in a room."""

    OPENED = "opened"
    JOINED = "joined"
    ENTERED = "entered"
    LOST = "lost"
    RESUMED = "resumed"
    MOVED = "moved"
    LEFT = "left"
    STARTED = "started"
    ENDED = "ended"
    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    RECOVERED = "recovered"
    TROUBLE = "trouble"
    QUALITY = "quality"


TOLD = frozenset(
    {
        FactKind.CONNECTED,
        FactKind.NOT_CONNECTED,
        FactKind.RECOVERED,
        FactKind.TROUBLE,
        FactKind.QUALITY,
    }
)
"""What pages tell of their media. The room decides nothing by it."""


class Fact(Struct, frozen=True, kw_only=True):
    """One line of a room's history.

    ``id`` is the same however often the fact is delivered, ``at`` is in seconds
    since the epoch, and ``data`` holds plain values only.
    """

    id: FactId
    room: RoomId
    at: float
    kind: FactKind
    role: Role | None = None
    data: dict[str, str | int | float | bool | None] = {}
