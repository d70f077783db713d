"""The console: an agent's rooms, live."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from quart import Blueprint, Response, redirect, render_template
from quart.typing import ResponseReturnValue

from app.adapters.sql.records import Records
from app.domain.ids import AgentId, CustomerId
from app.domain.records import Room, RoomState
from app.web.auth import current_agent
from app.web.i18n import gettext as _
from app.web.news import AgentNews, event_stream


MOST_OPEN, MOST_ENDED = 100, 8


@dataclass(frozen=True, slots=True)
class Row:
    """A room in the list; `since` is when its call began."""

    room: Room
    customer_name: str | None
    since: datetime | None = None

    @property
    def customer_waits(self) -> bool:
        """Whether somebody is waiting for the agent."""
        room = self.room
        return room.state is RoomState.WAITING and room.customer_since is not None


@dataclass(frozen=True, slots=True)
class Group:
    """Rooms of one state under their heading."""

    state: str
    title: str
    rows: list[Row]


def blueprint(records: Records, news: AgentNews) -> Blueprint:
    """The start page, the console, its list by itself, and its live events."""
    console = Blueprint("console", __name__)

    @console.while_app_serving
    async def pass_news_on() -> AsyncGenerator[None, None]:
        task = asyncio.create_task(news.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @console.get("/")
    async def start() -> ResponseReturnValue:
        return redirect("/console")

    @console.get("/console")
    async def page() -> str:
        agent = current_agent()
        groups = await read_groups(records, agent.id)
        return await render_template("console.html", agent=agent, groups=groups)

    @console.get("/console/rooms")
    async def rooms() -> str:
        groups = await read_groups(records, current_agent().id)
        return await render_template("console_rooms.html", groups=groups)

    @console.get("/console/events")
    async def events() -> Response:
        return event_stream(news, current_agent().id)

    return console


async def read_groups(records: Records, agent_id: AgentId) -> list[Group]:
    """An agent's rooms: who waits first, then live, open, and the last that ended."""
    unfinished = set(RoomState) - {RoomState.ENDED}
    current = await records.rooms.list(agent_id, unfinished, None, MOST_OPEN)
    ended = await records.rooms.list(agent_id, {RoomState.ENDED}, None, MOST_ENDED)
    rows = await _rows(records, (*current.items, *ended.items))
    titles = {
        RoomState.WAITING: _("Waiting"),
        RoomState.LIVE: _("Live"),
        RoomState.OPEN: _("Open"),
        RoomState.ENDED: _("Recently ended"),
    }
    groups = [
        Group(state.value, title, _of(state, rows)) for state, title in titles.items()
    ]
    return [group for group in groups if group.rows]


def _of(state: RoomState, rows: list[Row]) -> list[Row]:
    """The rows of a state; where somebody waits, who has waited longest is first."""
    found = [row for row in rows if row.room.state is state]
    if state is RoomState.WAITING:
        found.sort(key=lambda row: (not row.customer_waits, row.room.customer_since))
    return found


async def _rows(records: Records, rooms: Iterable[Room]) -> list[Row]:
    names: dict[CustomerId, str] = {}
    return [await _row(records, room, names) for room in rooms]


async def _row(records: Records, room: Room, names: dict[CustomerId, str]) -> Row:
    since = None
    if room.state is RoomState.LIVE:
        call = await records.calls.read(room.id)
        since = call.started_at if call else room.customer_since
    known = room.customer_id
    if known and known not in names:
        customer = await records.customers.read(known)
        names[known] = customer.name if customer else ""
    return Row(room, names.get(known) if known else None, since)
