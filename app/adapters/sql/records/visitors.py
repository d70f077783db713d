"""Who of those that filled in the join form is the visitor of a room."""

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.records.search import searchable
from app.adapters.sql.tables import rooms, visitors
from app.domain.ids import RoomId


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


async def seat_visitor(
    connection: AsyncConnection, room: RowMapping, participant: str
) -> None:
    """Let the room name the visitor who took its seat."""
    query = select(visitors).where(
        visitors.c.room_id == room["id"], visitors.c.participant == participant
    )
    visitor = (await connection.execute(query)).mappings().one_or_none()
    if visitor is not None:
        await show_visitor(connection, room, visitor["name"], visitor["phone"])
