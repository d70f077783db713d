"""`deskside check`: whether all that the service needs is there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import click
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.adapters.redis_backplane import RedisBackplane
from app.adapters.sql.migrations import obstacle
from app.adapters.sql.records import Records
from app.cli.shared import brief, load_settings
from app.domain.ids import NodeId
from app.ports import BackplaneError
from app.settings import Settings


SECONDS = 5
TURN_PORT, TURNS_PORT = 3478, 5349  # RFC 7065 section 3.2

Check = Callable[[], Awaitable[str]]
"""Returns what is well; raises what is not."""


class Amiss(Exception):
    """Something is there, and not as it must be."""


@click.command()
def check() -> None:
    """Check settings and connections, a line each; exit code 1 if any fails."""
    settings = load_settings()
    _say("settings", well=True, text=settings.public_url)
    if not asyncio.run(_check_all(settings)):
        raise SystemExit(1)


async def _check_all(settings: Settings) -> bool:
    results = [await _run(name, probe) for name, probe in _checks(settings)]
    return all(results)


def _checks(settings: Settings) -> Iterator[tuple[str, Check]]:
    yield "database", partial(_database, settings.database_url)
    yield "redis", partial(_redis, settings.redis_url)
    for url in settings.turn_urls:
        yield "turn", partial(_turn, url)
    if not settings.turn_urls:
        yield "turn", _no_turn


async def _run(name: str, probe: Check) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            text = await probe()
    except TimeoutError:
        return _say(name, well=False, text=f"no answer in {SECONDS} s")
    except (Amiss, BackplaneError, SQLAlchemyError, OSError) as error:
        return _say(name, well=False, text=brief(error))
    return _say(name, well=True, text=text)


def _say(name: str, *, well: bool, text: str) -> bool:
    click.echo(f"{'ok' if well else 'FAIL':<5} {name:<9} {text}")
    return well


async def _database(url: str) -> str:
    shown = make_url(url).render_as_string(hide_password=True)
    records = Records.open(url)
    try:
        if wrong := await obstacle(records.engine):
            raise Amiss(f"{shown}: {wrong}")
    finally:
        await records.close()
    return shown


async def _redis(url: str | None) -> str:
    if not url:
        return "none: live rooms are in the memory of one process"
    backplane = RedisBackplane(url, NodeId("check"))
    try:
        await backplane.ping()
    finally:
        await backplane.close()
    parts = urlsplit(url)
    return f"{parts.hostname or parts.path}:{parts.port or 6379}"


async def _turn(url: str) -> str:
    host, port = turn_address(url)
    try:
        _reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise Amiss(f"{url}: nobody answers by TCP ({brief(error)})") from error
    writer.close()
    return f"{url} answers by TCP"


async def _no_turn() -> str:
    return "none: calls work only where browsers reach each other directly"


def turn_address(url: str) -> tuple[str, int]:
    """Return host and port of a TURN URL (RFC 7065)."""
    scheme, _colon, rest = url.partition(":")
    parts = urlsplit(f"//{rest.partition('?')[0]}")
    standard = TURNS_PORT if scheme == "turns" else TURN_PORT
    return parts.hostname or "", parts.port or standard
