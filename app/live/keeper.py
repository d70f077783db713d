"""Minds the time: alarms, this node's lease, dead nodes, and rooms that were lost."""

import asyncio
import logging
from collections.abc import Callable
from secrets import token_urlsafe

from app.domain.commands import Lost, Open, Terms, Tick
from app.domain.errors import NoRoom
from app.domain.ids import NodeId, RoomId
from app.live.duties import every
from app.live.hub import Hub
from app.live.transact import Transactor, read_room
from app.ports import Backplane, Clock, Directory


LEASE = 8.0
"""Seconds a silent node counts as alive."""

logger = logging.getLogger(__name__)


class Keeper:
    """The regular duties of a node; any node may do them for all."""

    def __init__(
        self,
        backplane: Backplane,
        transactor: Transactor,
        hub: Hub,
        directory: Directory,
        terms: Callable[[float], Terms],
        clock: Clock,
    ) -> None:
        self._backplane = backplane
        self._transactor = transactor
        self._hub = hub
        self._directory = directory
        self._terms = terms
        self._clock = clock
        self._leased = False

    async def run(self) -> None:
        """Do every duty at its pace, for ever."""
        async with asyncio.TaskGroup() as duties:
            duties.create_task(every(0.25, self.ring))
            duties.create_task(every(2.0, self.renew))
            duties.create_task(every(2.0, self.bury_the_dead))
            duties.create_task(every(60.0, self.revive))

    async def ring(self) -> None:
        """Tick the rooms whose alarm has passed."""
        for room in await self._backplane.due(self._clock(), 100):
            try:
                await self._transactor.transact(Tick(room=room))
            except NoRoom:
                await self._backplane.dismiss(room)

    async def renew(self) -> None:
        """Extend the lease; after a lapse others gave this node's seats up."""
        held = await self._backplane.renew(self._clock(), LEASE)
        if self._leased and not held:
            logger.warning("this node's lease had lapsed: its browsers resume")
            self._hub.resync()
        self._leased = True

    async def bury_the_dead(self) -> None:
        """Give up the sockets of nodes that are gone; twice is harmless."""
        for node in await self._backplane.lapsed(self._clock()):
            if node != self._backplane.node:
                for room in await self._backplane.held_by(node):
                    await self._give_up(node, room)
                await self._backplane.bury(node)

    async def _give_up(self, node: NodeId, room: RoomId) -> None:
        found = read_room(await self._backplane.load(room))
        for role, seat in found.seats.items() if found else ():
            if seat.address.node == node:
                await self._transactor.transact(
                    Lost(room=room, role=role, address=seat.address)
                )

    async def revive(self) -> None:
        """Make rooms live again that a lost backplane forgot, so that they end."""
        for known in await self._directory.unfinished():
            if await self._backplane.load(known.room) is None:
                terms = self._terms(known.expires_at)
                await self._transactor.transact(
                    Open(room=known.room, terms=terms, incarnation=token_urlsafe(12))
                )
