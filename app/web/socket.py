"""The signaling socket: checks the door, then only carries frames."""

import asyncio
import logging
from collections.abc import Callable

from quart import Blueprint, abort, websocket

from app.live.connection import Connection
from app.live.hub import Hub
from app.protocol.messages import SUBPROTOCOL
from app.web import idle


SEND_WITHIN = 20.0
"""Seconds a browser may take to accept one frame."""

logger = logging.getLogger(__name__)


def blueprint(
    hub: Hub, quiet: idle.Idle, origin_allowed: Callable[[str | None], bool]
) -> Blueprint:
    """Serve ``/ws``; ``origin_allowed`` is asked first (RFC 6455, section 10.2)."""
    socket = Blueprint("socket", __name__)

    @socket.websocket("/ws")
    async def signaling() -> None:
        if not origin_allowed(websocket.headers.get("Origin")):
            abort(403)
        if idle.SUBPROTOCOL in websocket.requested_subprotocols:
            return await quiet.hold()
        if SUBPROTOCOL not in websocket.requested_subprotocols:
            abort(400)
        if hub.full:
            abort(503)
        await websocket.accept(subprotocol=SUBPROTOCOL)
        connection = hub.attach()
        reader = asyncio.create_task(_read(hub, connection))
        try:
            await _write(connection)
        finally:
            # Synchronous: Quart cancels this handler when the browser goes.
            reader.cancel()
            hub.detach(connection)
            log_end(connection)

    return socket


async def _read(hub: Hub, connection: Connection) -> None:
    try:
        while True:
            frame = await websocket.receive()
            # A binary frame is no message; as text it gets the same answer.
            hub.receive(connection, frame if isinstance(frame, str) else "")
    except Exception:
        # A fault of ours must not leave a deaf socket behind: the browser resumes.
        logger.exception("socket not read")
        connection.session.receive_failure()
        connection.flush()


async def _write(connection: Connection) -> None:
    while (text := await connection.next_text()) is not None:
        async with asyncio.timeout(SEND_WITHIN):
            await websocket.send(text)
    if connection.closing is not None:
        await websocket.close(int(connection.closing), "")


def log_end(connection: Connection) -> None:
    """Log the end of a socket: one line of its life."""
    session = connection.session
    logger.info(
        "socket closed",
        extra={
            "connection": session.address.connection,
            "room": session.room,
            "role": session.role,
            "code": connection.closing,
        },
    )
