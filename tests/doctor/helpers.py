"""Small servers and single checks, for breaking one thing at a time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from app.adapters.turn_client import read_frame
from app.doctor import runner
from app.doctor.addresses import Site
from app.doctor.registry import choose
from app.doctor.results import Result, State
from app.doctor.target import Target
from app.settings import Settings
from tests.doctor.deployment import NAME
from tests.services import LOOPBACK, Service, free_port


async def examine(name: str, target: Target) -> Result:
    """Ask one check."""
    (check,) = choose([name])
    return await runner.examine(check, target)


async def finds(name: str, target: Target, *words: str) -> Result:
    """The check must fail, with these words among what was seen or the fix."""
    result = await examine(name, target)
    assert result.state is State.FAIL, result
    assert result.fix
    for word in words:
        assert word in f"{result.seen} {result.fix}", result
    return result


async def passes(name: str, target: Target) -> Result:
    """The check must be well."""
    result = await examine(name, target)
    assert result.state is State.OK, result
    return result


def settings(**given: str) -> Settings:
    """Settings by name, without the prefix."""
    known = {"secret": "s" * 40, **given}
    return Settings.load({f"DESKSIDE_{k.upper()}": v for k, v in known.items()})


def beside(
    secret: str, *urls: str, stun: str = "", site: str = f"https://{NAME}"
) -> Target:
    """A target that is known by the settings of its service alone."""
    own = settings(turn_urls=",".join(urls), turn_secret=secret, stun_urls=stun)
    return Target(site=Site.of(site), settings=own)


def _serving(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@asynccontextmanager
async def tls_server(
    certificate: tuple[Path, Path], unnamed: tuple[Path, Path] | None = None
) -> AsyncIterator[int]:
    """Something that speaks TLS and nothing else; gives its port.

    Clients that name nobody may be shown a certificate of their own.
    """
    named, context = _serving(certificate), _serving(unnamed or certificate)

    def choose(shaking: ssl.SSLObject, name: str | None, _own: ssl.SSLContext) -> None:
        if name:
            shaking.context = named

    context.sni_callback = choose

    async def hang_up(
        _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, LOOPBACK, free_port(), ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def http_server(answer: bytes) -> AsyncIterator[int]:
    """Something that gives every request this answer; gives its port."""

    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(give, LOOPBACK, free_port())
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def swallowing(host: str, port: int) -> AsyncIterator[int]:
    """A way to a relay on which requests pass and data is lost; gives its port."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError):
            while True:
                frame = await read_frame(reader)
                indication = frame[0] == 0 and frame[1] & 0x10
                if frame[0] & 0xC0 == 0 and not indication:
                    writer.write(frame)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    ended: list[asyncio.Task[None]] = []

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        ways = (carry(reader, far_writer), carry(far_reader, writer))
        ended.extend(map(asyncio.ensure_future, ways))

    server = await asyncio.start_server(join, LOOPBACK, free_port())
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*ended)


@contextmanager
def instead_of(running: Service, *others: Service) -> Iterator[None]:
    """Let others serve for a while where one did."""
    running.stop()
    try:
        with ExitStack() as stack:
            for other in others:
                stack.enter_context(other)
            yield
    finally:
        running.start()
