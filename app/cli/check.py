"""`deskside check`: whether the service could start, for the time before it does.

`deskside doctor` examines one that runs, as its customers meet it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import click

from app.cli.shared import brief, load_settings
from app.doctor import records
from app.doctor.addresses import Site
from app.doctor.results import Finding, NotApplicable, State, fail, ok
from app.doctor.target import Target
from app.domain.relay_urls import RelayUrl
from app.settings import Settings


SECONDS = 5

Check = Callable[[], Awaitable[Finding]]


@click.command()
def check() -> None:
    """Check settings and connections before the start; exit code 1 if any fails."""
    settings = load_settings()
    _say("settings", ok(settings.public_url))
    if not asyncio.run(_check_all(settings)):
        raise SystemExit(1)


async def _check_all(settings: Settings) -> bool:
    results = [await _run(name, probe) for name, probe in _checks(settings)]
    return all(results)


def _checks(settings: Settings) -> Iterator[tuple[str, Check]]:
    target = Target(site=Site.of(settings.public_url), settings=settings)
    yield "database", partial(records.database, target)
    yield "redis", partial(records.redis, target)
    for url in settings.turn_urls:
        yield "turn", partial(_turn, RelayUrl.of(url))
    if not settings.turn_urls:
        yield "turn", _no_turn


async def _run(name: str, probe: Check) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return _say(name, await probe())
    except TimeoutError:
        return _say(name, fail(f"no answer in {SECONDS} s", ""))
    except NotApplicable as reason:
        return _say(name, ok(f"none: {reason}"))


def _say(name: str, finding: Finding) -> bool:
    well = finding.state is State.OK
    text = " ".join([finding.seen, finding.fix]).strip()
    click.echo(f"{'ok' if well else 'FAIL':<5} {name:<9} {text}")
    return well


async def _turn(url: RelayUrl) -> Finding:
    try:
        _reader, writer = await asyncio.open_connection(url.host, url.port)
    except OSError as error:
        return fail(f"{url.text}: nobody answers by TCP ({brief(error)})", "")
    writer.close()
    return ok(f"{url.text} answers by TCP")


async def _no_turn() -> Finding:
    return ok("none: calls work only where browsers reach each other directly")
