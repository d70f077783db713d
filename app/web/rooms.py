"""Rooms as agents and programs use them: record and live state together."""

import logging
import secrets
from datetime import UTC, datetime, timedelta
from typing import Protocol

from app.adapters.sql.records import Records
from app.adapters.sql.records.paging import MOST
from app.domain.commands import Terms
from app.domain.facts import Role
from app.domain.ids import AgentId, RoomId
from app.domain.records import NewRoom, Room, RoomState
from app.ports import BackplaneError
from app.web.forms import RoomForm


log = logging.getLogger(__name__)


class LiveRooms(Protocol):
    """Where rooms are alive: `app.live.hub.Hub`."""

    async def open_room(self, room: RoomId, terms: Terms) -> None:
        """Make the live room; one that is there is left as it is."""

    async def end_room(self, room: RoomId, by: Role = Role.AGENT) -> None:
        """End it for both; one that is over is left as it is."""


class Rooms:
    """Makes and ends rooms, and says on what terms they live."""

    def __init__(
        self,
        records: Records,
        hub: LiveRooms,
        *,
        lifetime_hours: float = 24,
        no_show_minutes: float = 30,
        max_call_minutes: float = 240,
        grace_seconds: float = 45,
    ) -> None:
        self.records = records
        self.hub = hub
        self.lifetime = timedelta(hours=lifetime_hours)
        self.no_show_seconds = no_show_minutes * 60.0
        self.max_call_seconds = max_call_minutes * 60.0
        self.grace_seconds = float(grace_seconds)

    def terms(self, room: Room) -> Terms:
        """Return what a seat ticket of this room carries."""
        return self.terms_until(room.expires_at.timestamp())

    def terms_until(self, expires_at: float) -> Terms:
        """Return the terms of a room that lives until then (epoch seconds)."""
        return Terms(
            expires_at=expires_at,
            no_show_seconds=self.no_show_seconds,
            max_call_seconds=self.max_call_seconds,
            grace_seconds=self.grace_seconds,
        )

    async def create(self, agent_id: AgentId, form: RoomForm) -> Room:
        """Store a room and bring it to life.

        Raises:
            LookupError: the agent or the customer is not in the records.
        """
        new = NewRoom(
            title=form.title,
            passcode=form.passcode,
            agent_id=agent_id,
            expires_at=datetime.now(UTC) + self.lifetime,
            description=form.description,
            customer_id=form.customer_id,
        )
        room = await self.records.rooms.add(new)
        try:
            await self.hub.open_room(room.id, self.terms(room))
        except BackplaneError as error:
            # It is stored: its first seat or a keeper brings it to life.
            log.warning("room not live yet: %s", error)
        return room

    async def end(self, room_id: RoomId, by: Role = Role.AGENT) -> None:
        """End a room for both; ending it again changes nothing.

        The record follows when the history has been written.

        Raises:
            BackplaneError: nothing is known; it may be asked again.
        """
        await self.hub.end_room(room_id, by)

    async def end_all(self, agent_id: AgentId) -> None:
        """End every room of an agent, the one they are talking in, too.

        Raises:
            BackplaneError: some may go on; it may be asked again.
        """
        unfinished = set(RoomState) - {RoomState.ENDED}
        cursor: str | None = None
        while True:
            page = await self.records.rooms.list(agent_id, unfinished, cursor, MOST)
            for room in page.items:
                await self.end(room.id)
            if (cursor := page.next_cursor) is None:
                return


def offer_passcode() -> str:
    """Return a passcode that is easy to read out: six digits."""
    return f"{secrets.randbelow(10**6):06d}"
