"""A small HTTP/1.1 client: one request a connection, bounded."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any

import h11
from msgspec import Struct

from app.doctor.addresses import Site


MOST_BYTES = 4 * 1024 * 1024
CHUNK = 65536


class HttpError(Exception):
    """What came back is no HTTP, or too much of it."""


class Answer(Struct, frozen=True):
    """What a server answered; names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of that name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every header of that name."""
        return [value for key, value in self.headers if key == name]

    def json(self) -> Any:
        """Return the body read as JSON, or nothing."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def ask(
    site: Site,
    method: str,
    path: str,
    *,
    tls: ssl.SSLContext,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Send one request.

    Raises:
        OSError: nobody answers, or their certificate is not trusted.
        HttpError: what they say is no HTTP.
    """
    reader, writer = await asyncio.open_connection(
        site.host, site.port, ssl=tls if site.secure else None
    )
    try:
        connection = h11.Connection(h11.CLIENT)
        for event in _request(site, method, path, headers or {}, body):
            writer.write(connection.send(event) or b"")
        return await _answer(reader, connection)
    except h11.ProtocolError as error:
        raise HttpError(f"{site.origin}: no proper HTTP ({error})") from error
    finally:
        writer.close()


def _request(
    site: Site, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> list[h11.Event]:
    sent = {"Host": site.authority, "Connection": "close"} | dict(headers)
    sent.setdefault("User-Agent", "deskside-doctor")
    if body or method == "POST":
        sent["Content-Length"] = str(len(body))
    request = h11.Request(method=method, target=path, headers=list(sent.items()))
    return [request, h11.Data(data=body), h11.EndOfMessage()]


async def _answer(reader: asyncio.StreamReader, connection: h11.Connection) -> Answer:
    head: h11.Response | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _read(head, bytes(body))
        if len(body) > MOST_BYTES:
            raise HttpError("the answer is far too long")


def _read(head: h11.Response, body: bytes) -> Answer:
    headers = [(key.decode(), value.decode("latin-1")) for key, value in head.headers]
    return Answer(head.status_code, headers, body)
