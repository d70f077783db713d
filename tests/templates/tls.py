"""Connections as clients of all kinds begin them, and what answers there."""

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aioice.stun import Class, Message, Method, parse_message


Address = tuple[str, int]


@contextmanager
def connected(
    address: Address,
    name: str | None = None,
    alpn: Sequence[str] = (),
    context: ssl.SSLContext | None = None,
) -> Iterator[ssl.SSLSocket]:
    """A TLS connection with this name and these protocols in its hello."""
    context = context or careless()
    if alpn:
        context.set_alpn_protocols(list(alpn))
    with (
        socket.create_connection(address, 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        yield secure


def careless() -> ssl.SSLContext:
    """A client that trusts anybody: these tests look at who answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def page(connection: socket.socket, host: str) -> str:
    """What a page answers to HTTP/1.1: the status line."""
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode())
    return connection.recv(4096).decode(errors="replace").partition("\r\n")[0]


def seen_address(connection: socket.socket) -> Address | None:
    """The address TURN sees us at (STUN Binding); None where no STUN answers."""
    connection.sendall(bytes(Message(Method.BINDING, Class.REQUEST)))
    head = connection.recv(20)
    if len(head) < 20 or head[:2] != b"\x01\x01":
        return None
    length = struct.unpack("!H", head[2:4])[0]
    answer = parse_message(head + connection.recv(length))
    found: Address = answer.attributes["XOR-MAPPED-ADDRESS"]
    return found
