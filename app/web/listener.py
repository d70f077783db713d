"""A second way to the signaling socket, for proxies: the same rules, less around them.

Hypercorn and Quart carry `/ws`, too. Here a frame comes from the parser right to the
session and back, without a task or a queue between, which is what most of a frame's
cost was. What is checked at the door and bounded behind it is the same.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from app.live.hub import Hub
from app.protocol.messages import MAX_FRAME, SUBPROTOCOL
from app.protocol.session import CloseCode
from app.web.security import origin_allowed
from app.web.socket import SEND_WITHIN, log_end


HANDSHAKE_SECONDS = 5.0
LAST_WORD_SECONDS = 1.0
"""How long a browser has to read why its socket is closed."""

MAX_WAITING = 64 * 1024
"""Bytes that may wait in a socket's transport before frames wait in the outbox."""

READ_BYTES = 1024
"""A socket's buffer at first; it grows with the frames."""

# It would log every stranger's bad frame as an error of ours.
_quiet = logging.getLogger("app.web.listener.frames")
_quiet.setLevel(logging.CRITICAL + 1)


@asynccontextmanager
async def listening(
    hub: Hub, address: tuple[str, int], hops: int, public_url: str
) -> AsyncIterator[None]:
    """Take signaling sockets at this address, until left.

    Several processes may share it: the system spreads connections among them.
    """
    server = await ws_create_server(
        Door(hub, hops, public_url).answer,
        *address,
        websocket_handshake_timeout=HANDSHAKE_SECONDS,
        logger_name=_quiet,
        enable_auto_pong=False,
        max_frame_size=MAX_FRAME,
        read_buffer_init_size=READ_BYTES,
        use_aiofastnet=False,
        reuse_port=True,
        backlog=1024,
    )
    try:
        yield
    finally:
        server.close()


class Door:
    """Who may have a socket, as ``app.web.socket`` has it."""

    def __init__(self, hub: Hub, hops: int, public_url: str) -> None:
        self._hub = hub
        self._hops = hops
        self._public_url = public_url

    def answer(self, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        """Open a socket, or say with a status why not."""
        refusal = self._refusal(request)
        if refusal:
            response = WSUpgradeResponse.create_error_response(refusal)
            return WSUpgradeResponseWithListener(response, None)
        chosen = {"Sec-WebSocket-Protocol": SUBPROTOCOL}
        response = WSUpgradeResponse.create_101_response(chosen)
        return WSUpgradeResponseWithListener(response, Socket(self._hub))

    def _refusal(self, request: WSUpgradeRequest) -> HTTPStatus | None:
        if urlsplit(request.path).path != b"/ws":
            return HTTPStatus.NOT_FOUND
        if not self._is_own(request):
            return HTTPStatus.FORBIDDEN
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if SUBPROTOCOL not in [name.strip() for name in offered.split(",")]:
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.SERVICE_UNAVAILABLE if self._hub.full else None

    def _is_own(self, request: WSUpgradeRequest) -> bool:
        headers = request.headers
        scheme = self._told(request, "X-Forwarded-Proto") or "http"
        host = self._told(request, "X-Forwarded-Host") or headers.get("Host") or ""
        return origin_allowed(headers.get("Origin"), scheme, host, self._public_url)

    def _told(self, request: WSUpgradeRequest, name: str) -> str | None:
        """Return what the farthest proxy that is trusted says, as on the other way."""
        said = ",".join(request.headers.getall(name, [])).split(",")
        trusted = 0 < self._hops <= len(said)
        return said[-self._hops].strip() or None if trusted else None


class Socket(WSListener):
    """One browser's socket: hands frames to the hub, and its connection's out."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        """A message in fragments (RFC 6455, section 5.4), so far."""
        self._patience: asyncio.TimerHandle | None = None
        """Runs while the browser accepts nothing."""
        self._closed = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(MAX_WAITING)
        self._connection = self._hub.attach(self._write)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End, on whatever side it did."""
        self._closed = True
        self._stop_waiting()
        self._hub.detach(self._connection)
        log_end(self._connection)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame; what breaks the protocol ends the socket."""
        if self._closed and frame.msg_type is not WSMsgType.CLOSE:
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            # Nothing was agreed that uses them: compression is not offered.
            self._close(WSCloseCode.PROTOCOL_ERROR)
            return
        match frame.msg_type:
            case WSMsgType.CLOSE:
                self._answer_close(frame)
            case WSMsgType.PING:
                self._pong(frame)
            case WSMsgType.PONG:
                pass
            case _:
                self._take_part(frame)

    def pause_writing(self) -> None:
        """Wait for a slow browser, so long."""
        self._patience = self._loop.call_later(SEND_WITHIN, self._give_up)

    def resume_writing(self) -> None:
        """Go on where it waited."""
        self._stop_waiting()
        self._write()

    # Inside.

    def _take_part(self, frame: WSFrame) -> None:
        begun = frame.msg_type is not WSMsgType.CONTINUATION
        if begun == bool(self._parts):
            self._close(WSCloseCode.PROTOCOL_ERROR)
            return
        payload = frame.get_payload_as_bytes()
        if begun and frame.fin:
            self._take(payload, text=frame.msg_type is WSMsgType.TEXT)
            return
        # A binary message is as wrong in pieces as it is whole.
        kind = b"" if frame.msg_type is WSMsgType.BINARY else b"t"
        self._parts += [kind, payload] if begun else [payload]
        if sum(map(len, self._parts)) > MAX_FRAME + 1:
            self._close(WSCloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            (kind, *parts), self._parts = self._parts, []
            self._take(b"".join(parts), text=bool(kind))

    def _take(self, payload: bytes, *, text: bool) -> None:
        try:
            # A binary frame is no message; as text it gets the same answer.
            self._hub.receive(self._connection, payload.decode() if text else "")
        except UnicodeDecodeError:
            self._close(WSCloseCode.INVALID_TEXT)
        except Exception:
            # A fault of ours must not leave a deaf socket behind: the browser resumes.
            logging.getLogger(__name__).exception("socket not read")
            self._connection.session.receive_failure()
            self._connection.flush()

    def _write(self) -> None:
        """Send what waits while the browser takes it; then close, if it is time."""
        while not self._patience and not self._closed:
            text = self._connection.take_text()
            if text is None:
                self._close_if_over()
                return
            self._transport.send(WSMsgType.TEXT, text.encode())

    def _close_if_over(self) -> None:
        if self._connection.over and self._connection.closing is not None:
            self._close(self._connection.closing)

    def _pong(self, frame: WSFrame) -> None:
        # Who asks without reading the answers does not fill our memory.
        if not self._patience:
            self._transport.send_pong(frame.get_payload_as_bytes())

    def _answer_close(self, frame: WSFrame) -> None:
        if not self._closed:
            self._transport.send_close(frame.get_close_code())
        self._transport.disconnect()

    def _close(self, code: WSCloseCode | CloseCode) -> None:
        """Say why, and leave the browser a moment to read it."""
        self._closed = True
        self._transport.send_close(code.value)
        self._loop.call_later(LAST_WORD_SECONDS, self._transport.disconnect)

    def _stop_waiting(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._transport.disconnect(graceful=False)
