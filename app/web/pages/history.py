"""The history: calls with filters in the URL, the story of one, and CSV."""

import csv
import io
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quart import Blueprint, Response, abort, render_template, request

from app.adapters.sql.records import Records
from app.domain.ids import RoomId
from app.domain.records import (
    Agent,
    AgentRole,
    Call,
    CallFilter,
    CursorError,
    Customer,
    Room,
)
from app.web import forms
from app.web.auth import current_agent
from app.web.i18n import gettext as _
from app.web.pages import call_quality, words


PER_PAGE = 50
_BOM = b"\xef\xbb\xbf"
"""Tells spreadsheet programs that this is UTF-8."""

PER_READ = 200
"""Calls that the export reads at a time."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the filters of the page say, and what was wrong with them."""

    values: Mapping[str, str]
    which: CallFilter
    errors: forms.Errors = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The filters as a query, to be appended to an address."""
        chosen = {name: value for name, value in self.values.items() if value}
        return "?" + urlencode(chosen) if chosen else ""


def blueprint(records: Records) -> Blueprint:
    """The list, one call, and the export."""
    routes = Blueprint("history", __name__)

    @routes.get("/history")
    async def page() -> str:
        return await _list_page(records)

    @routes.get("/history.csv")
    async def export() -> Response:
        which = read_filters(request.args, current_agent()).which
        response = Response(
            _csv(records, which), content_type="text/csv; charset=utf-8"
        )
        # A long history takes longer than a page may.
        response.timeout = None
        response.headers["Content-Disposition"] = 'attachment; filename="calls.csv"'
        return response

    @routes.get("/history/<room_id>")
    async def call(room_id: RoomId) -> str:
        room, agent = await records.rooms.read(room_id), current_agent()
        if room is None or not _may_see(agent, room):
            abort(404)
        return await _call_page(records, room)

    @routes.get("/history/<room_id>/quality.csv")
    async def quality(room_id: RoomId) -> Response:
        room, agent = await records.rooms.read(room_id), current_agent()
        if room is None or not _may_see(agent, room):
            abort(404)
        told = await records.calls.quality(room_id)
        lines = [call_quality.heads(), *map(call_quality.cells, told)]
        response = Response(_BOM + csv_lines(lines), content_type="text/csv")
        response.headers["Content-Disposition"] = 'attachment; filename="quality.csv"'
        return response

    return routes


def _may_see(agent: Agent, room: Room) -> bool:
    return agent.role is AgentRole.ADMIN or room.agent_id == agent.id


# The list.


async def _list_page(records: Records) -> str:
    agent = current_agent()
    filters = read_filters(request.args, agent)
    cursor = request.args.get("after")
    try:
        page = await records.calls.list(filters.which, cursor, PER_PAGE)
    except CursorError:
        abort(404)
    return await render_template(
        "history.html",
        agent=agent,
        calls=page.items,
        everyone=agent.role is AgentRole.ADMIN,
        values=filters.values,
        errors=filters.errors,
        filtered=any(v for name, v in filters.values.items() if name != "zone"),
        query=filters.query,
        older=_older(filters, page.next_cursor),
        outcomes=words.outcomes(),
        lasted=words.lasted,
    )


def _older(filters: Filters, cursor: str | None) -> str:
    if not cursor:
        return ""
    return "/history?" + urlencode({**filters.values, "after": cursor})


def read_filters(args: Mapping[str, str], agent: Agent) -> Filters:
    """The filters `q`, `from`, `to`, `outcome`; days are of `zone`, else of UTC.

    An agent finds their own calls, an administrator all.
    """
    names = ("q", "from", "to", "outcome", "zone")
    values = {name: args.get(name, "").strip()[:120] for name in names}
    zone = _zone(values["zone"])
    errors: forms.Errors = {}
    which = CallFilter(
        agent_id=None if agent.role is AgentRole.ADMIN else agent.id,
        q=values["q"] or None,
        since=_day(values, "from", zone, errors),
        until=_day(values, "to", zone, errors, after=timedelta(days=1)),
        reason=values["outcome"] if values["outcome"] in words.outcomes() else None,
    )
    return Filters(values, which, errors)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _day(
    values: Mapping[str, str],
    name: str,
    zone: tzinfo,
    errors: forms.Errors,
    after: timedelta = timedelta(),
) -> datetime | None:
    """The beginning of a day in a zone, plus some days; None where none is given."""
    text = values[name]
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + after
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        errors[name] = _("“%(text)s” is not a date.") % {"text": text}
        return None


# One call.


async def _call_page(records: Records, room: Room) -> str:
    host = await records.agents.read(room.agent_id)
    customer = await _customer(records, room)
    names = words.Names(
        agent=host.name if host else _("The agent"),
        customer=room.visitor_name or (customer and customer.name) or _("The customer"),
    )
    call = await records.calls.read(room.id)
    story = list(words.timeline(await records.calls.events(room.id), names))
    quality = await records.calls.quality(room.id)
    return await render_template(
        "history_call.html",
        agent=current_agent(),
        room=room,
        host=names.agent,
        customer=customer,
        call=call,
        events=story,
        chart=call_quality.chart(quality, story, names, call) if quality else None,
        overview=call_quality.overview(quality, names),
        minutes=list(call_quality.by_minute(quality, names)),
        outcomes=words.outcomes(),
        lasted=words.lasted,
    )


async def _customer(records: Records, room: Room) -> Customer | None:
    if room.customer_id is None:
        return None
    return await records.customers.read(room.customer_id)


# The export.


async def _csv(records: Records, which: CallFilter) -> AsyncIterator[bytes]:
    """The calls as CSV, read and sent in pieces."""
    yield _BOM + csv_lines([_heads()])
    cursor: str | None = None
    while True:
        page = await records.calls.list(which, cursor, PER_READ)
        yield csv_lines([_cells(call) for call in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return


def _heads() -> list[str]:
    return [
        _("Call"),
        _("Title"),
        _("Customer"),
        _("Phone"),
        _("Agent"),
        _("Started"),
        _("Ended"),
        _("Seconds"),
        _("Outcome"),
    ]


def _cells(call: Call) -> list[str]:
    ended = call.ended_at
    return [
        call.id,
        call.title,
        call.visitor_name or "",
        call.visitor_phone or "",
        call.agent_name,
        _instant(call.started_at),
        _instant(ended) if ended else "",
        str(round((ended - call.started_at).total_seconds())) if ended else "",
        words.outcome(call.end_reason),
    ]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def csv_lines(rows: list[list[Any]]) -> bytes:
    """Lines of CSV (RFC 4180) in which no cell is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


_FORMULA = re.compile(r"[=+\-@\t\r]")
_PHONE = re.compile(r"\+[0-9]+")


def harmless(cell: str) -> str:
    """The text, quoted where a spreadsheet would calculate it; E.164 is left alone."""
    if _FORMULA.match(cell) and not _PHONE.fullmatch(cell):
        return "'" + cell
    return cell
