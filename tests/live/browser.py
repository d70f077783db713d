"""A browser without a socket: it types at a hub's connection and reads its outbox."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

from app.domain.facts import Role
from app.domain.ids import ParticipantId, RoomId
from app.live.hub import Hub
from app.protocol.tickets import SeatTicket, Tickets
from tests.live.conftest import SECRET, MovableClock, terms


PAGES = count(1)
Frame = dict[str, Any]


class Browser:
    """One page in one role; it may change its socket, even its node."""

    def __init__(self, role: Role, room: RoomId, clock: MovableClock) -> None:
        self.role, self.room, self.clock = role, room, clock
        self.instance = f"page-{next(PAGES):012}"
        self.token = ""
        self.frames: list[Frame] = []

    def connect(self, hub: Hub) -> "Browser":
        """Open a socket."""
        self.hub, self.connection = hub, hub.attach()
        self.frames = []
        return self

    def disconnect(self) -> "Browser":
        """Lose the socket."""
        self.hub.detach(self.connection)
        return self

    def say(self, kind: str, **fields: Any) -> "Browser":
        """Send a message."""
        self.hub.receive(self.connection, json.dumps({"type": kind, **fields}))
        return self

    async def join(self, who: str | None = None) -> Frame:
        """Take the seat; return the answer."""
        now = self.clock()
        ticket = SeatTicket(
            room=self.room,
            role=self.role,
            participant=ParticipantId(who or self.role),
            name=self.role.title(),
            terms=terms(now + 86_400),
        )
        signed = Tickets(SECRET).seat(ticket, now)
        return await self._seated(
            self.say("join", ticket=signed, instance=self.instance)
        )

    async def resume(self, hub: Hub) -> Frame:
        """Take the seat back on a new socket; return the answer."""
        return await self._seated(self.connect(hub).say("resume", token=self.token))

    async def _seated(self, _: "Browser") -> Frame:
        frame = await self.read(lambda frame: frame["type"] in ("welcome", "error"))
        self.token = frame.get("token", self.token)
        return frame

    async def read(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read on until a frame is the wanted one; return it."""
        async with asyncio.timeout(10):
            while (text := await self.connection.next_text()) is not None:
                self.frames.append(json.loads(text))
                if wanted(self.frames[-1]):
                    return self.frames[-1]
        raise EOFError(f"the socket was closed after {self.frames}")

    async def read_type(self, kind: str) -> Frame:
        """Read on until a frame of that type."""
        return await self.read(lambda frame: frame["type"] == kind)

    async def read_peer(self, **wanted: Any) -> Frame:
        """Read on until the peer is as wanted; return the peer."""
        frame = await self.read(
            lambda frame: (
                frame["type"] == "peer"
                and wanted.items() <= (frame["peer"] or {}).items()
            )
        )
        peer: Frame = frame["peer"]
        return peer

    async def read_close(self) -> int | None:
        """Read on to the end; return the close code."""
        async with asyncio.timeout(10):
            while (text := await self.connection.next_text()) is not None:
                self.frames.append(json.loads(text))
        return self.connection.closing
