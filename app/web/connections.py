"""Hypercorn's connections, without what a stranger could wear the service out with."""

from dataclasses import replace
from typing import Any

import h11
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.protocol.events import Body, Data, Event, Request, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream


LAST_WORD_SECONDS = 1.0
"""How long a browser has to read why its socket is closed."""

COMPRESSION = b"sec-websocket-extensions"


def restrict() -> None:
    """Have Hypercorn make these connections; it has no settings for that."""
    hypercorn.protocol.H11Protocol = Http1  # type: ignore[attr-defined]
    for protocol in (hypercorn.protocol.h11, hypercorn.protocol.h2):
        protocol.WSStream = Socket  # type: ignore[attr-defined]


class Http1(H11Protocol):
    """HTTP/1.1 that stays what it is.

    A proxy that passes on ``Upgrade: h2c`` would become a tunnel, and what comes out
    of it could claim any address and read /metrics. HTTP/2 begins with TLS.
    """

    async def _check_protocol(self, event: h11.Request) -> None:
        """Go on with HTTP/1.1 whatever was offered."""


class Socket(WSStream):
    """A WebSocket that is not compressed, and that a frame too large ends."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.overfed = False

    async def handle(self, event: Event) -> None:
        """Take what came, unless it is more of what was too much."""
        if isinstance(event, Request):
            # 16 kB could unfold to 16 MB before anybody counts.
            event = replace(event, headers=_without(event.headers, COMPRESSION))
        if self.overfed and isinstance(event, Body | Data):
            return
        await super().handle(event)

    async def _handle_events(self) -> None:
        await super()._handle_events()
        # Hypercorn has said so (1009), but would go on to read and keep the rest.
        if self.buffer.length > self.buffer.max_length and not self.overfed:
            self.overfed = True
            self.buffer.clear()
            self.task_group.spawn(self._end)

    async def _end(self) -> None:
        await self.context.sleep(LAST_WORD_SECONDS)
        await self.send(StreamClosed(stream_id=self.stream_id))


def _without(
    headers: list[tuple[bytes, bytes]], name: bytes
) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0].lower() != name]
