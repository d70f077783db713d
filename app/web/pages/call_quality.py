"""How good a call was: what its page draws, the same in tables, and as CSV. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from app.domain.facts import Role
from app.domain.records import Call, CallEvent
from app.web.i18n import gettext as _
from app.web.pages import troubles
from app.web.pages.words import Moment, Names


MINUTE = timedelta(minutes=1)
DRAWN = ("mos", "rtt", "loss", "in_kbps")
"""The numbers that the chart draws, each with a panel of its own."""

COLUMNS = (
    "mos",
    "rtt",
    "jitter",
    "loss",
    "in_kbps",
    "out_kbps",
    "width",
    "height",
    "fps",
    "freezes",
    "concealed",
    "path",
    "protocol",
    "level",
)
"""What the export has of each summary, by its name on the wire."""


@dataclass(frozen=True, slots=True)
class Line:
    """A side during some time: means, and how often its picture froze.

    ``rtt`` is in milliseconds, ``loss`` in percent, ``kbps`` what came, in kbit/s.
    """

    at: datetime
    role: Role
    name: str
    mos: float
    rtt: float
    loss: float
    kbps: float
    freezes: int
    way: str


def chart(
    quality: Sequence[CallEvent],
    story: Sequence[Moment],
    names: Names,
    call: Call | None,
) -> dict[str, Any]:
    """What the chart draws: columns of both sides, and all that happened.

    Moments are seconds since the epoch. ``start`` and ``end`` are the call's, as far
    as it has them; whatever happened before or after stands at the edge.
    """
    first, last = quality[0].at, quality[-1].at
    start = min(first, call.started_at) if call else first
    end = max(last, call.ended_at) if call and call.ended_at else last
    return {
        "start": start.timestamp(),
        "end": end.timestamp(),
        "sides": [_side(quality, role, names) for role in Role],
        "marks": [
            {
                "at": moment.at.timestamp(),
                "text": moment.text,
                "icon": moment.icon,
                "tone": moment.tone,
            }
            for moment in story
        ],
    }


def _side(quality: Sequence[CallEvent], role: Role, names: Names) -> dict[str, Any]:
    own = [event for event in quality if event.role is role]
    columns = {name: [event.data.get(name) for event in own] for name in DRAWN}
    times = [round(event.at.timestamp(), 1) for event in own]
    return {"role": role.value, "name": names.of(role), "at": times, **columns}


def overview(quality: Sequence[CallEvent], names: Names) -> list[Line]:
    """The whole call, a line for each side that told anything."""
    sides = ([event for event in quality if event.role is role] for role in Role)
    return [_line(own, own[0].at, names) for own in sides if own]


def by_minute(quality: Sequence[CallEvent], names: Names) -> Iterator[Line]:
    """The call minute by minute, a line for each side."""
    if not quality:
        return
    first = quality[0].at
    for minute, some in groupby(
        quality, key=lambda event: (event.at - first) // MINUTE
    ):
        lines = overview(list(some), names)
        at = first + minute * MINUTE
        yield from (_at(line, at) for line in lines)


def _at(line: Line, at: datetime) -> Line:
    values = {name: getattr(line, name) for name in Line.__slots__}
    return Line(**values | {"at": at})


def _line(own: Sequence[CallEvent], at: datetime, names: Names) -> Line:
    role = own[0].role or Role.AGENT
    return Line(
        at=at,
        role=role,
        name=names.of(role),
        mos=_mean(own, "mos"),
        rtt=_mean(own, "rtt"),
        loss=_mean(own, "loss"),
        kbps=_mean(own, "in_kbps"),
        freezes=round(sum(_numbers(own, "freezes"))),
        way=troubles.way(own[-1].data),
    )


def _mean(events: Sequence[CallEvent], name: str) -> float:
    values = list(_numbers(events, name))
    return sum(values) / len(values) if values else 0.0


def _numbers(events: Sequence[CallEvent], name: str) -> Iterator[float]:
    for event in events:
        value = event.data.get(name)
        if isinstance(value, int | float):
            yield value


def heads() -> list[str]:
    """The first line of the export."""
    return [_("Time"), _("Side"), *COLUMNS]


def cells(event: CallEvent) -> list[str]:
    """One line of the export."""
    at = event.at.astimezone(UTC).isoformat(timespec="seconds")
    values = [event.data.get(name) for name in COLUMNS]
    told = ["" if value is None else str(value) for value in values]
    return [at, event.role.value if event.role else "", *told]
