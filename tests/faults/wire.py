"""A client of the wire over a real socket, which resumes as a browser would."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.domain.commands import Terms
from app.domain.facts import Role
from app.domain.ids import ParticipantId, RoomId
from app.protocol.messages import SUBPROTOCOL
from app.protocol.tickets import SeatTicket, Tickets
from tests.services import Node


Frame = dict[str, Any]
MEDIA = {"microphone": True, "camera": True, "screen": False}


class Wire:
    """One page in one role; give it other nodes and it finds its way."""

    def __init__(self, role: Role, room: RoomId, *nodes: Node) -> None:
        self.role, self.room, self.nodes = role, room, list(nodes)
        self.instance = f"page-of-the-{role:0<12}"
        self.token = ""
        self.welcomes: list[Frame] = []
        self._socket: ClientConnection | None = None

    async def join(self) -> Frame:
        """Take the seat with a ticket; return the answer."""
        await self._open()
        await self.say("join", ticket=self._ticket(), instance=self.instance)
        return await self._seated()

    async def resume(self) -> Frame:
        """Take the seat back on a new socket, with a new ticket if it must be."""
        async with asyncio.timeout(40):
            while True:
                try:
                    await self._open()
                    await self.say("resume", token=self.token)
                    answer = await self._seated()
                    if answer["type"] == "error":
                        answer = await self.join()
                    if answer["type"] == "welcome":
                        return answer
                except (OSError, ConnectionClosed):
                    self.nodes.append(self.nodes.pop(0))
                await asyncio.sleep(0.1)

    async def _open(self) -> None:
        await self.close()
        node = self.nodes[0]
        self._socket = await connect(
            f"ws://127.0.0.1:{node.port}/ws",
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            origin=node.settings["public_url"],  # type: ignore[arg-type]
        )

    async def _seated(self) -> Frame:
        answer = await self._read_one()
        self.token = answer.get("token", self.token)
        if answer["type"] == "welcome":
            self.welcomes.append(answer)
        return answer

    def _ticket(self) -> str:
        now = time.time()
        terms = Terms(
            expires_at=now + 3600,
            no_show_seconds=600,
            max_call_seconds=3600,
            grace_seconds=45,
        )
        return Tickets(str(self.nodes[0].settings["secret"])).seat(
            SeatTicket(
                room=self.room,
                role=self.role,
                participant=ParticipantId(self.role),
                name=self.role.title(),
                terms=terms,
            ),
            now,
        )

    async def say(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        assert self._socket is not None
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def read(self, wanted: Callable[[Frame], bool], seconds: float = 30) -> Frame:
        """Read on until a frame is the wanted one, resuming where the socket breaks."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    frame = await self._read_one()
                except ConnectionClosed:
                    frame = await self.resume()
                if wanted(frame):
                    return frame

    async def read_type(self, kind: str) -> Frame:
        """Read on until a frame of that type."""
        return await self.read(lambda frame: frame["type"] == kind)

    async def sees(self, **peer: Any) -> None:
        """Read on until the peer is as wanted, in a welcome or a peer message."""
        await self.read(lambda frame: peer.items() <= (frame.get("peer") or {}).items())

    async def _read_one(self) -> Frame:
        assert self._socket is not None
        frame: Frame = json.loads(await self._socket.recv())
        return frame

    async def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            await self._socket.close()
