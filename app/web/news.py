"""Tells the open pages of agents that something of theirs changed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

from quart import Response, abort

from app.domain.ids import AgentId, RoomId
from app.domain.records import Room


log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20
SHORTEST_PAUSE = 0.2
"""Seconds between two tellings: a burst of changes is told once."""

MOST_STREAMS = 50
"""Streams of one agent at a node: as many as there can be open pages."""

STREAM_SECONDS = 60 * 60
"""After which a page asks anew, and shows that it is still logged in."""

Changes = Callable[[], AsyncIterator[RoomId]]


class RoomReader(Protocol):
    """Where it is known whose room it is."""

    async def read(self, room_id: RoomId) -> Room | None:
        """Return a room."""


class Bells:
    """Rings for whoever listens, by the agent who does."""

    def __init__(self) -> None:
        self._bells: dict[AgentId | None, set[asyncio.Event]] = {}

    @contextmanager
    def bell(self, agent_id: AgentId | None) -> Iterator[asyncio.Event]:
        """An event that is set when there is news for the agent; None is for all.

        The listener clears it before it looks what there is.
        """
        bell = asyncio.Event()
        self._bells.setdefault(agent_id, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[agent_id].discard(bell)
            if not self._bells[agent_id]:
                del self._bells[agent_id]

    def listeners(self, agent_id: AgentId) -> int:
        """How many bells an agent has."""
        return len(self._bells.get(agent_id, ()))

    def ring(self, agents: Iterable[AgentId | None]) -> None:
        """Ring for some."""
        for agent_id in agents:
            for bell in self._bells.get(agent_id, ()):
                bell.set()

    def ring_all(self) -> None:
        """Ring for everybody."""
        self.ring(self._bells)


class AgentNews(Bells):
    """Rings for agents; a room is looked up once however many pages are open."""

    def __init__(self, changes: Changes, rooms: RoomReader) -> None:
        super().__init__()
        self._changes = changes
        self._rooms = rooms

    async def run(self) -> None:
        """Pass the changes on, for as long as the node lives."""
        async with aclosing(self._changes()) as changes:  # type: ignore[type-var]
            async for room_id in changes:
                if self._bells:
                    await self._ring(room_id)

    async def _ring(self, room_id: RoomId) -> None:
        try:
            room = await self._rooms.read(room_id)
        except Exception as error:  # noqa: BLE001  (the next change is another chance)
            log.warning("news not passed on", extra={"error": type(error).__name__})
            return
        self.ring({room.agent_id, None} if room else {None})


def event_stream(news: Bells, agent_id: AgentId) -> Response:
    """Server-sent events for a page: `changed` when there is news for the agent."""
    if news.listeners(agent_id) >= MOST_STREAMS:
        abort(429)
    response = Response(_events(news, agent_id), content_type="text/event-stream")
    response.timeout = None
    # nginx would otherwise hold events back until a buffer is full.
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _events(news: Bells, agent_id: AgentId) -> AsyncIterator[bytes]:
    with news.bell(agent_id) as bell:
        yield b"retry: 2000\n\n"
        until = time.monotonic() + STREAM_SECONDS
        while time.monotonic() < until:
            try:
                await asyncio.wait_for(bell.wait(), HEARTBEAT_SECONDS)
                await asyncio.sleep(SHORTEST_PAUSE)
                bell.clear()
                yield b"event: changed\ndata:\n\n"
            except TimeoutError:
                yield b":\n\n"
