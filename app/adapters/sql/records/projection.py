"""What a room's facts come to: who is there, how far it is, how it ended. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.facts import FactKind, Role
from app.domain.records import CallEvent, RoomState


@dataclass(slots=True)
class Projection:
    """A room as its facts tell it.

    ``customer`` is the participant who took the customer's seat last.
    ``started_at`` is the first start of a call, for good; ``talking`` is whether
    the live room, which may have been lost and made anew, has had one.
    """

    since: dict[Role, datetime] = field(default_factory=dict)
    customer: str | None = None
    talking: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None

    @property
    def state(self) -> RoomState:
        """Return where the room stands."""
        if self.ended_at is not None:
            return RoomState.ENDED
        if self.talking and len(self.since) == len(Role):
            return RoomState.LIVE
        return RoomState.WAITING if self.since else RoomState.OPEN


def project(events: Iterable[CallEvent]) -> Projection:
    """Return what all facts of one room, in any order, come to."""
    room = Projection()
    for event in in_order(events):
        _apply(room, event)
    if room.ended_at is not None:
        room.since.clear()
    return room


def in_order(events: Iterable[CallEvent]) -> list[CallEvent]:
    """Return facts in the order in which they came to be.

    A fact's id ends in its number within one life of the live room. Numbers are
    better than times, which differ between hosts; times tell the lives apart.
    """
    known = list(events)
    births: dict[str, datetime] = {}
    for event in known:
        life = _life(event)
        births[life] = min(births.get(life, event.at), event.at)
    return sorted(
        known, key=lambda event: (births[_life(event)], _life(event), _number(event))
    )


def _life(event: CallEvent) -> str:
    return event.id.rpartition(".")[0]


def _number(event: CallEvent) -> tuple[int, datetime]:
    number = event.id.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0, event.at


def _apply(room: Projection, event: CallEvent) -> None:
    match event.kind:
        case FactKind.OPENED:
            room.since.clear()
            room.talking = False
        case FactKind.STARTED:
            room.talking = True
            room.started_at = min(room.started_at or event.at, event.at)
        case FactKind.ENDED if room.ended_at is None:
            room.ended_at = event.at
            room.end_reason = str(event.data.get("reason", ""))
        case FactKind.LEFT if event.role:
            room.since.pop(event.role, None)
        case _ if event.role:
            # Joined, entered, resumed, moved; a lost socket leaves its seat held.
            room.since.setdefault(event.role, event.at)
            if event.role is Role.CUSTOMER and "participant" in event.data:
                room.customer = str(event.data["participant"])
        case _:
            pass
