"""Facts: written once, however often they are delivered, and projected."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.projection import Projection, project
from app.adapters.sql.records.store import Store
from app.adapters.sql.records.visitors import SEATED, seat_visitors
from app.adapters.sql.tables import call_events, call_notes, calls, rooms
from app.domain.facts import TOLD, Fact, Role
from app.domain.ids import RoomId
from app.domain.records import CallEvent, RoomState


BATCH = 500

Told = tuple[RowMapping, Projection]
"""A room as it was read, and what its facts come to."""

_TIMELINE = [call_events.c[field.name] for field in fields(CallEvent)]
_LOCKED = (rooms.c.agent_id, *SEATED)
"""What is read of each, and no more: every value of every row has its price."""

_CHANGING = ("started_at", "ended_at", "end_reason")
"""What of a call may be known better later."""


class Facts(Store):
    """Writes the history: the events themselves, then rooms and calls from them."""

    async def write(self, facts: Sequence[Fact]) -> set[RoomId]:
        """Store facts and bring their rooms and calls up to date.

        A fact that is known already, or whose room is not, is passed over. Returns
        the rooms that have learnt something; what pages tell changes none.
        """
        changed: set[RoomId] = set()
        for start in range(0, len(facts), BATCH):
            async with self._writing() as connection:
                changed |= await _write(connection, facts[start : start + BATCH])
        return changed


async def _write(connection: AsyncConnection, facts: Sequence[Fact]) -> set[RoomId]:
    decided = [fact for fact in facts if fact.kind not in TOLD]
    known = await _lock(connection, {fact.room for fact in decided})
    events = [fact for fact in decided if fact.room in known]
    changed = await _insert(connection, call_events, events)
    told = [
        (known[room_id], project(history))
        for room_id, history in await _events(connection, changed)
    ]
    if told:
        await _update(connection, told)
    await _note(connection, [fact for fact in facts if fact.kind in TOLD])
    return changed


async def _note(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Write down what pages tell of rooms that are known."""
    query = select(rooms.c.id).where(rooms.c.id.in_({fact.room for fact in facts}))
    known = set((await connection.execute(query)).scalars()) if facts else set()
    told = [fact for fact in facts if fact.room in known]
    await _insert(connection, call_notes, told)


async def _lock(
    connection: AsyncConnection, ids: Collection[RoomId]
) -> dict[RoomId, RowMapping]:
    """Read rooms for writing, always in the same order, so that nobody deadlocks."""
    query = select(*_LOCKED).where(rooms.c.id.in_(ids))
    rows = await connection.execute(query.order_by(rooms.c.id).with_for_update())
    return {row["id"]: row for row in rows.mappings()}


async def _insert(
    connection: AsyncConnection, table: Table, facts: Iterable[Fact]
) -> set[RoomId]:
    """Insert the facts that are new and return their rooms."""
    rows = [_row(fact) for fact in facts]
    if not rows:
        return set()
    query = _dialect(connection).insert(table).on_conflict_do_nothing()
    result = await connection.execute(query.returning(table.c.room_id), rows)
    return set(result.scalars())


def _dialect(connection: AsyncConnection) -> Any:
    """What has the clauses on conflicts: the same in both, but by dialect only."""
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "room_id": fact.room,
        "at": datetime.fromtimestamp(fact.at, UTC),
        "kind": fact.kind,
        "role": fact.role,
        "data": fact.data,
    }


async def _events(
    connection: AsyncConnection, ids: Collection[RoomId]
) -> list[tuple[RoomId, list[CallEvent]]]:
    query = (
        select(*_TIMELINE)
        .where(call_events.c.room_id.in_(ids))
        .order_by(call_events.c.room_id, call_events.c.number)
    )
    events = [CallEvent(*row) for row in await connection.execute(query)]
    by_room = groupby(events, key=lambda event: event.room_id)
    return [(room_id, list(group)) for room_id, group in by_room]


async def _update(connection: AsyncConnection, told: Sequence[Told]) -> None:
    """Bring rooms, visitors and calls up to date: a statement each for all of them."""
    query = update(rooms).where(
        rooms.c.id == bindparam("room"), rooms.c.state != RoomState.ENDED
    )
    await connection.execute(query, [_state(room, now) for room, now in told])
    await seat_visitors(
        connection, [(room, now.customer) for room, now in told if now.customer]
    )
    await _record_calls(connection, told)


def _state(room: RowMapping, now: Projection) -> dict[str, Any]:
    return {
        "room": room["id"],
        "state": now.state,
        "agent_since": now.since.get(Role.AGENT),
        "customer_since": now.since.get(Role.CUSTOMER),
        "ended_at": now.ended_at,
        "end_reason": now.end_reason,
    }


async def _record_calls(connection: AsyncConnection, told: Sequence[Told]) -> None:
    rows = [
        {
            "room_id": room["id"],
            "agent_id": room["agent_id"],
            "started_at": now.started_at,
            "ended_at": now.ended_at,
            "end_reason": now.end_reason,
        }
        for room, now in told
        if now.started_at is not None
    ]
    if not rows:
        return
    query = _dialect(connection).insert(calls)
    news = {name: query.excluded[name] for name in _CHANGING}
    await connection.execute(
        query.on_conflict_do_update(index_elements=["room_id"], set_=news), rows
    )
