"""Rooms: the directory of links, and how far each room has come."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.adapters.sql.records.paging import Order, read_page
from app.adapters.sql.records.search import searchable
from app.adapters.sql.records.store import Store, build, new_id, utc_now
from app.adapters.sql.records.visitors import lock_room, show_visitor
from app.adapters.sql.tables import rooms, visitors
from app.domain.ids import AgentId, ParticipantId, RoomId
from app.domain.records import NewRoom, Page, Room, RoomState
from app.ports import Unfinished


_newest = Order((rooms.c.created_at, rooms.c.id), descending=True)


class Rooms(Store):
    """The rooms agents have made. Their state is projected by `Facts`."""

    async def add(self, new: NewRoom) -> Room:
        """Store a room under a new id and a new, unguessable link.

        Raises:
            LookupError: the agent or the customer is not in the records.
        """
        room = Room(
            id=RoomId(new_id()),
            link=new_id(),
            title=new.title,
            passcode=new.passcode,
            description=new.description,
            agent_id=new.agent_id,
            customer_id=new.customer_id,
            state=RoomState.OPEN,
            created_at=utc_now(),
            expires_at=new.expires_at,
            agent_since=None,
            customer_since=None,
            visitor_name=None,
            visitor_phone=None,
            ended_at=None,
            end_reason=None,
        )
        values = {column: getattr(room, column) for column in Room.__slots__}
        query = insert(rooms).values(**values, search=searchable(room.title))
        try:
            async with self._writing() as connection:
                await connection.execute(query)
        except IntegrityError as error:
            raise LookupError("no such agent or customer") from error
        return room

    async def read(self, room_id: RoomId) -> Room | None:
        """Return a room."""
        return await self._one(rooms.c.id == room_id)

    async def find(self, link: str) -> Room | None:
        """Return the room a customer's link leads to."""
        return await self._one(rooms.c.link == link)

    async def list(
        self,
        agent_id: AgentId | None = None,
        states: Collection[RoomState] = (),
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Room]:
        """Return a page of an agent's rooms, or of all, the newest first.

        No ``states`` means every state.

        Raises:
            CursorError: the cursor is not of this list.
        """
        query = select(rooms)
        if agent_id is not None:
            query = query.where(rooms.c.agent_id == agent_id)
        if states:
            query = query.where(rooms.c.state.in_(states))
        async with self._reading() as connection:
            return await read_page(
                connection,
                query,
                _newest,
                (cursor, limit),
                lambda row: build(Room, row),
            )

    async def note_visitor(
        self, room_id: RoomId, participant: ParticipantId, name: str, phone: str
    ) -> None:
        """Remember who filled in the join form of a room.

        They are the room's visitor at once while nobody is there, else when (and if)
        they take the seat: a stranger at a full room changes nothing in it.
        """
        same = visitors.c.room_id == room_id, visitors.c.participant == participant
        async with self._writing() as connection:
            room = await lock_room(connection, room_id)
            if room is None:
                return
            await connection.execute(delete(visitors).where(*same))
            row = insert(visitors).values(
                room_id=room_id, participant=participant, name=name, phone=phone
            )
            await connection.execute(row)
            if room["customer_since"] is None:
                await show_visitor(connection, room, name, phone)

    async def unfinished(self) -> Sequence[Unfinished]:
        """Return the rooms that have not ended. Implements `app.ports.Directory`."""
        query = select(rooms.c.id, rooms.c.expires_at).where(
            rooms.c.state.in_(set(RoomState) - {RoomState.ENDED})
        )
        async with self._reading() as connection:
            found = (await connection.execute(query)).all()
        return [Unfinished(RoomId(row.id), row.expires_at.timestamp()) for row in found]

    async def _one(self, condition: ColumnElement[bool]) -> Room | None:
        async with self._reading() as connection:
            result = await connection.execute(select(rooms).where(condition))
            row = result.mappings().one_or_none()
        return build(Room, row) if row else None
