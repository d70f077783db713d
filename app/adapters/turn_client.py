"""A small TURN client (RFC 8656) over UDP, TCP and TLS.

It does what a check asks for and nothing by itself: no refreshes, no guesses. The
messages are those of `aioice.stun`.
"""

import asyncio
import contextlib
import hashlib
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from aioice import stun
from aioice.stun import Class, Message, Method

from app.domain.relay_urls import RelayUrl


Peer = tuple[str, int]

UDP, TCP = 0x11000000, 0x06000000
"""What may be relayed: REQUESTED-TRANSPORT (RFC 8656, section 18.7)."""

IPV4, IPV6 = 1, 2
FIRST_CHANNEL = 0x4000
LIFETIME = 120
PAUSES = (0.5, 1.0, 2.0, 2.5)
"""Seconds until a request is sent again over UDP; then nobody is there."""
STREAM_SECONDS = 8.0
_name_threads = ThreadPoolExecutor(4, thread_name_prefix="names")
"""Where no name server answers, a lookup holds a thread for many seconds: of its own,
so that nothing else waits."""

FORBIDDEN, UNAUTHORIZED, STALE, MISMATCH = 403, 401, 438, 443


def _add_address_family() -> None:
    """Teach the codec REQUESTED-ADDRESS-FAMILY (RFC 8656, section 18.6)."""

    def pack(value: int) -> bytes:
        return struct.pack("!B3x", value)

    def unpack(data: bytes) -> int:
        return data[0]

    entry = (0x0017, "REQUESTED-ADDRESS-FAMILY", pack, unpack)
    stun.ATTRIBUTES_BY_TYPE[entry[0]] = stun.ATTRIBUTES_BY_NAME[entry[1]] = entry


_add_address_family()


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, message: Message) -> None:
        self.code, self.reason = message.attributes.get("ERROR-CODE", (0, "no reason"))
        self.message = message
        super().__init__(f"{self.code} {self.reason}".strip())


class Silence(Exception):
    """The server did not answer."""


# The way to the server.


class _Way:
    """Carries whole messages; what comes goes to `inbox`, None at the end."""

    reliable = True

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.error: Exception | None = None

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _Datagrams(_Way, asyncio.DatagramProtocol):
    reliable = False
    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _address: Any) -> None:
        self.inbox.put_nowait(data)

    def error_received(self, error: Exception) -> None:
        self.error = error
        self.inbox.put_nowait(None)

    def send(self, data: bytes) -> None:
        self.transport.sendto(data)

    def close(self) -> None:
        self.transport.close()


class _Stream(_Way):
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__()
        self.reader, self.writer = reader, writer
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self.inbox.put_nowait(await read_frame(self.reader))
        except (OSError, EOFError) as error:
            self.error = error
            self.inbox.put_nowait(None)

    def send(self, data: bytes) -> None:
        self.writer.write(data + bytes(-len(data) % 4))

    def close(self) -> None:
        self.task.cancel()
        self.writer.close()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read one STUN message or ChannelData of a stream, without its padding."""
    head = await reader.readexactly(4)
    length = int.from_bytes(head[2:])
    if head[0] & 0xC0 == 0:  # A STUN message (RFC 8489, section 5).
        return head + await reader.readexactly(stun.HEADER_LENGTH - 4 + length)
    # ChannelData: padded to four bytes, which its length does not count.
    padded = await reader.readexactly(length + -length % 4)
    return head + padded[:length]


async def _open(url: RelayUrl, tls: ssl.SSLContext | None) -> _Way:
    if url.transport == "udp":
        return await _open_datagrams(url)
    return await _open_stream(url, tls if url.secure else None)


async def _open_stream(url: RelayUrl, tls: ssl.SSLContext | None) -> _Way:
    """Take the first address that accepts; raises the last one's error."""
    name = url.host if tls else None
    trouble: Exception = Silence(f"{url.host} has no address")
    for address in await _addresses(url.host):
        try:
            streams = await asyncio.open_connection(
                address, url.port, ssl=tls, server_hostname=name
            )
            return _Stream(*streams)
        except OSError as error:
            trouble = error
    raise trouble


async def _open_datagrams(url: RelayUrl) -> _Way:
    """Take the first address that answers, as a browser would."""
    for address in await _addresses(url.host):
        way = await _datagrams(address, url.port)
        if way and await _answers(way):
            return way
    raise Silence(f"{url.host} does not answer on {url.port}/udp")


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _name_threads, socket.getaddrinfo, host, None, 0, socket.SOCK_DGRAM
    )
    return list(dict.fromkeys(str(info[4][0]) for info in found))


async def _datagrams(address: str, port: int) -> _Datagrams | None:
    loop = asyncio.get_running_loop()
    try:
        _transport, way = await loop.create_datagram_endpoint(
            _Datagrams, remote_addr=(address, port)
        )
    except OSError:  # For one, there is no IPv6 here.
        return None
    return way


async def _answers(way: _Datagrams) -> bool:
    answered = False
    try:
        answered = await _heard(way)
    finally:  # Also when whoever asks has no more time.
        if not answered:
            way.close()
    return answered


async def _heard(way: _Datagrams) -> bool:
    for pause in PAUSES[:-1]:
        way.send(bytes(Message(Method.BINDING, Class.REQUEST)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                return await way.inbox.get() is not None
    return False


# The client.


class TurnClient:
    """One client at one server; an async context manager that tidies up."""

    def __init__(self, way: _Way, url: RelayUrl) -> None:
        self.url = url
        self.relayed: Peer = ("", 0)
        self.mapped: Peer = ("", 0)
        self.data: asyncio.Queue[tuple[bytes, Peer]] = asyncio.Queue()
        self._way = way
        self._waiting: dict[bytes, asyncio.Future[Message]] = {}
        self._channels: dict[int, Peer] = {}
        self._key: bytes | None = None
        self._credentials: dict[str, Any] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, url: RelayUrl, tls: ssl.SSLContext | None = None
    ) -> "TurnClient":
        """Open the way to a server.

        Raises:
            OSError: its name is unknown, nobody listens, or the certificate is not
                trusted.
            Silence: it does not answer by UDP.
        """
        return cls(await _open(url, tls), url)

    async def __aenter__(self) -> "TurnClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Refused, Silence, OSError):
            if self.relayed[0]:
                async with asyncio.timeout(1):
                    await self.request(Method.REFRESH, {"LIFETIME": 0})
        self._reader.cancel()
        self._way.close()

    async def ask_address(self) -> Peer:
        """Return the address that the server sees us at (STUN)."""
        answer = await self.request(Method.BINDING, {})
        found: Peer = answer.attributes["XOR-MAPPED-ADDRESS"]
        return found

    async def allocate(
        self,
        username: str = "",
        password: str = "",
        *,
        transport: int = UDP,
        family: int = IPV4,
    ) -> Peer:
        """Get a relayed address; without a name, as nobody.

        Raises:
            Refused: the server does not give one.
        """
        wanted: dict[str, Any] = {"REQUESTED-TRANSPORT": transport}
        wanted |= {"LIFETIME": LIFETIME}
        if family == IPV6:
            wanted |= {"REQUESTED-ADDRESS-FAMILY": IPV6}
        answer = await self._challenged(wanted, username, password)
        self.relayed = answer.attributes["XOR-RELAYED-ADDRESS"]
        self.mapped = answer.attributes.get("XOR-MAPPED-ADDRESS", ("", 0))
        return self.relayed

    async def _challenged(
        self, wanted: dict[str, Any], username: str, password: str
    ) -> Message:
        try:
            return await self.request(Method.ALLOCATE, wanted)
        except Refused as refused:
            asked = refused.message.attributes
            if not username or refused.code != UNAUTHORIZED or "NONCE" not in asked:
                raise
        self._log_in(username, password, asked["REALM"], asked["NONCE"])
        return await self.request(Method.ALLOCATE, wanted)

    async def permit(self, address: str) -> None:
        """Let an address send to us, and us to it.

        Raises:
            Refused: the server does not relay there.
        """
        await self.request(Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (address, 9)})

    async def bind(self, peer: Peer) -> int:
        """Get a channel for a peer: shorter frames."""
        number = FIRST_CHANNEL + len(self._channels)
        wanted = {"CHANNEL-NUMBER": number, "XOR-PEER-ADDRESS": peer}
        await self.request(Method.CHANNEL_BIND, wanted)
        self._channels[number] = peer
        return number

    def send(self, data: bytes, peer: Peer) -> None:
        """Send something to a peer, in an indication."""
        attributes = {"XOR-PEER-ADDRESS": peer, "DATA": data}
        message = Message(Method.SEND, Class.INDICATION, attributes=attributes)
        self._way.send(bytes(message))

    def send_on(self, channel: int, data: bytes) -> None:
        """Send something on a channel."""
        self._way.send(struct.pack("!HH", channel, len(data)) + data)

    async def request(self, method: Method, attributes: dict[str, Any]) -> Message:
        """Ask, over UDP several times, and return the answer.

        Raises:
            Refused: it is an error.
            Silence: there is none.
        """
        try:
            return await self._request(method, attributes)
        except Refused as refused:
            if refused.code != STALE:
                raise
            self._credentials["NONCE"] = refused.message.attributes["NONCE"]
        return await self._request(method, attributes)

    async def _request(self, method: Method, attributes: dict[str, Any]) -> Message:
        message = Message(
            method, Class.REQUEST, attributes=attributes | self._credentials
        )
        if self._key:
            message.add_message_integrity(self._key)
        answer = await self._exchange(message)
        if answer.message_class is Class.ERROR:
            raise Refused(answer)
        return answer

    async def _exchange(self, message: Message) -> Message:
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[message.transaction_id] = future
        pauses = (STREAM_SECONDS,) if self._way.reliable else PAUSES
        try:
            for pause in pauses:
                self._way.send(bytes(message))
                done, _ = await asyncio.wait([future], timeout=pause)
                if done:
                    return future.result()
        finally:
            del self._waiting[message.transaction_id]
        raise Silence(f"{self.url.text} does not answer")

    def _log_in(self, username: str, password: str, realm: str, nonce: bytes) -> None:
        self._credentials = {"USERNAME": username, "REALM": realm, "NONCE": nonce}
        secret = f"{username}:{realm}:{password}".encode()
        # The protocol's own choice (RFC 8489, section 18.5.1).
        self._key = hashlib.md5(secret, usedforsecurity=False).digest()

    async def _read(self) -> None:
        while (data := await self._way.inbox.get()) is not None:
            with contextlib.suppress(ValueError):
                self._take(data)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_lost(self._way.error))

    def _take(self, data: bytes) -> None:
        if data[:1] and data[0] & 0xC0:
            channel, length = struct.unpack("!HH", data[:4])
            if channel in self._channels:
                self.data.put_nowait((data[4 : 4 + length], self._channels[channel]))
            return
        message = stun.parse_message(data)
        future = self._waiting.get(message.transaction_id)
        if future and not future.done():
            future.set_result(message)
        elif message.message_method is Method.DATA:
            given = message.attributes
            self.data.put_nowait((given["DATA"], given["XOR-PEER-ADDRESS"]))


def _lost(error: Exception | None) -> OSError:
    if isinstance(error, OSError):
        return error
    return ConnectionResetError("the relay hung up")
