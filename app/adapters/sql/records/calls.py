"""Calls: what came of the rooms, and every step of it."""

from collections.abc import Iterator
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, or_, select

from app.adapters.sql.records.paging import Order, read_page
from app.adapters.sql.records.projection import in_order
from app.adapters.sql.records.search import contains
from app.adapters.sql.records.store import Store, build
from app.adapters.sql.tables import (
    agents,
    call_events,
    call_notes,
    calls,
    customers,
    rooms,
)
from app.domain.facts import FactKind
from app.domain.ids import RoomId
from app.domain.records import Call, CallEvent, CallFilter, Page


_latest = Order((calls.c.started_at, calls.c.room_id), descending=True)


class Calls(Store):
    """The history of calls. It is written by `Facts`."""

    async def list(
        self,
        which: CallFilter = CallFilter(),  # noqa: B008 - it cannot change
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Call]:
        """Return a page of calls, the latest first.

        Raises:
            CursorError: the cursor is not of this list.
        """
        query = _calls().where(*_conditions(which))
        async with self._reading() as connection:
            return await read_page(connection, query, _latest, (cursor, limit), _call)

    async def read(self, room_id: RoomId) -> Call | None:
        """Return the call of a room, or None if it never began."""
        query = _calls().where(calls.c.room_id == room_id)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return _call(row) if row else None

    async def events(self, room_id: RoomId) -> tuple[CallEvent, ...]:
        """Return what happened in a room, in order, whether a call began or not.

        What pages told is among it by the time, without the many lines of quality.
        """
        decided = select(call_events).where(call_events.c.room_id == room_id)
        told = _notes(room_id).where(call_notes.c.kind != FactKind.QUALITY)
        events = in_order(await self._read(decided.order_by(call_events.c.number)))
        return tuple(merge(events, await self._read(told), key=lambda event: event.at))

    async def quality(self, room_id: RoomId) -> tuple[CallEvent, ...]:
        """Return how good a call was, as both pages told every ten seconds."""
        told = _notes(room_id).where(call_notes.c.kind == FactKind.QUALITY)
        return await self._read(told)

    async def _read(self, query: Select[Any]) -> tuple[CallEvent, ...]:
        async with self._reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(build(CallEvent, row) for row in rows)


def _notes(room_id: RoomId) -> Select[Any]:
    return (
        select(call_notes)
        .where(call_notes.c.room_id == room_id)
        .order_by(call_notes.c.at, call_notes.c.number)
    )


def _calls() -> Select[tuple[object, ...]]:
    return (
        select(
            calls,
            rooms.c.title,
            rooms.c.customer_id,
            rooms.c.visitor_name,
            rooms.c.visitor_phone,
            agents.c.name.label("agent_name"),
        )
        .join(rooms, rooms.c.id == calls.c.room_id)
        .join(agents, agents.c.id == calls.c.agent_id)
        .outerjoin(customers, customers.c.id == rooms.c.customer_id)
    )


def _conditions(which: CallFilter) -> Iterator[ColumnElement[bool]]:
    if which.agent_id is not None:
        yield calls.c.agent_id == which.agent_id
    if which.since is not None:
        yield calls.c.started_at >= which.since
    if which.until is not None:
        yield calls.c.started_at < which.until
    if which.reason is not None:
        yield calls.c.end_reason == which.reason
    if which.q and which.q.strip():
        found = (contains(table.c.search, which.q) for table in (rooms, customers))
        yield or_(*found)


def _call(row: RowMapping) -> Call:
    return build(Call, dict(row) | {"id": row["room_id"]})
