"""An HTTP proxy that lets through nothing but CONNECT to port 443."""

import asyncio
import contextlib
import sys
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from tests.deploy.lab.programs import inside
from tests.network.lab.namespace import Namespace
from tests.services import Service


PORT = 3128
CHUNK = 65536


class Proxy(Service):
    """The proxy of a router, at its address in the LAN."""

    program = "proxy"

    def __init__(self, folder: Path, place: Namespace, host: str) -> None:
        super().__init__(folder)
        self.place, self.host, self.port = place, host, PORT
        self.log = folder / f"proxy-{place.name}.log"

    @property
    def url(self) -> str:
        """What browsers are told."""
        return f"http://{self.host}:{PORT}"

    def command(self) -> list[str]:
        own = [sys.executable, "-m", "tests.network.lab.proxy", self.host]
        return [*inside(self.place.name), *own]

    def start(self, *, wait: bool = True) -> None:
        """Start it in its place."""
        self.place.do(lambda: super(Proxy, self).start(wait=wait))


async def serve(host: str) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(one, host, PORT)
    await server.serve_forever()


async def one(reader: StreamReader, writer: StreamWriter) -> None:
    """Serve one client."""
    with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, *_ = head.decode().split()
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or port != "443":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            there = await asyncio.open_connection(host.strip("[]"), 443)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))
    writer.close()


async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Pass on what comes until there is no more."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
