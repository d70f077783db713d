"""Who of those that filled in the join form is the visitor of a room."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.search import searchable
from app.adapters.sql.tables import rooms, visitors
from app.domain.ids import RoomId


SEATED = (rooms.c.id, rooms.c.title, rooms.c.visitor_name, rooms.c.visitor_phone)
"""What `seat_visitors` wants to know of a room."""


async def lock_room(connection: AsyncConnection, room_id: RoomId) -> RowMapping | None:
    """Read a room for writing."""
    query = select(rooms).where(rooms.c.id == room_id).with_for_update()
    return (await connection.execute(query)).mappings().one_or_none()


async def show_visitor(
    connection: AsyncConnection, room: RowMapping, name: str, phone: str
) -> None:
    """Let the room name this visitor."""
    await connection.execute(
        update(rooms)
        .where(rooms.c.id == room["id"])
        .values(
            visitor_name=name,
            visitor_phone=phone,
            search=searchable(room["title"], name, phone),
        )
    )


async def seat_visitors(
    connection: AsyncConnection, seated: Sequence[tuple[RowMapping, str]]
) -> None:
    """Let rooms name the visitors who took their seats (participants)."""
    found = await _filled_in(connection, [room["id"] for room, _ in seated])
    for room, participant in seated:
        visitor = found.get((room["id"], participant))
        if visitor is not None and not _is_shown(room, visitor):
            await show_visitor(connection, room, visitor["name"], visitor["phone"])


async def _filled_in(
    connection: AsyncConnection, ids: Sequence[RoomId]
) -> dict[tuple[str, str], RowMapping]:
    if not ids:
        return {}
    query = select(visitors).where(visitors.c.room_id.in_(ids))
    rows = (await connection.execute(query)).mappings()
    return {(row["room_id"], row["participant"]): row for row in rows}


def _is_shown(room: RowMapping, visitor: RowMapping) -> bool:
    shown = room["visitor_name"], room["visitor_phone"]
    return shown == (visitor["name"], visitor["phone"])
