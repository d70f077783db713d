"""A small WebSocket client that says nothing by itself."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Mapping

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from app.doctor.addresses import Site


CHUNK = 65536


class Rejected(Exception):
    """The server answered the upgrade with another status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the upgrade was answered with {status}")
        self.status = status


class Closed(Exception):
    """The socket is closed; ``code`` is None where nobody said why."""

    def __init__(self, code: int | None) -> None:
        how = f"with code {code}" if code is not None else "without a word"
        super().__init__(f"the socket was closed {how}")
        self.code = code


class Socket:
    """One open socket; made by `connect`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._texts: deque[str] = deque()
        self._part = ""
        self._open = False
        self._closed: Closed | None = None

    async def shake_hands(self, request: Request) -> None:
        """Ask for the upgrade and wait for the answer."""
        self._write(request)
        while not self._open:
            await self._read()

    async def send(self, text: str) -> None:
        """Say something."""
        self._write(TextMessage(data=text))
        await self._writer.drain()

    async def receive(self) -> str:
        """Return what the other side says next.

        Raises:
            Closed: it says nothing more.
        """
        while not self._texts:
            await self._read()
        return self._texts.popleft()

    async def close(self) -> None:
        """Say goodbye and hang up."""
        with contextlib.suppress(ProtocolError):  # The other side was faster.
            self._write(CloseConnection(code=1000))
        self._writer.close()

    async def _read(self) -> None:
        if self._closed:
            raise self._closed
        try:
            data = await self._reader.read(CHUNK)
        except OSError:
            data = b""
        if not data:
            raise Closed(None)
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case AcceptConnection():
                self._open = True
            case RejectConnection(status_code=status):
                raise Rejected(status)
            case TextMessage(data=data, message_finished=finished):
                self._part += data
                if finished:
                    self._texts.append(self._part)
                    self._part = ""
            case Ping():
                self._write(event.response())
            case CloseConnection(code=code):
                self._closed = Closed(code)  # What was said before counts first.
            case _:
                pass

    def _write(self, event: Event) -> None:
        self._writer.write(self._protocol.send(event))


async def connect(
    site: Site,
    path: str,
    subprotocol: str,
    *,
    tls: ssl.SSLContext,
    headers: Mapping[str, str] | None = None,
) -> Socket:
    """Open a socket.

    Raises:
        OSError: nobody answers, or their certificate is not trusted.
        Rejected: they do not want to.
        Closed: they hang up.
    """
    reader, writer = await asyncio.open_connection(
        site.host, site.port, ssl=tls if site.secure else None
    )
    given = {"Origin": site.origin} | dict(headers or {})
    request = Request(
        host=site.authority,
        target=path,
        subprotocols=[subprotocol],
        extra_headers=[(key.encode(), value.encode()) for key, value in given.items()],
    )
    connection = Socket(reader, writer)
    try:
        await connection.shake_hands(request)
    except BaseException:
        writer.close()
        raise
    return connection
