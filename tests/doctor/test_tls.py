"""What is served on a port is what is judged."""

from pathlib import Path

import pytest

from app.doctor.addresses import Site
from app.doctor.results import State
from app.doctor.target import Target
from tests.doctor.authority import Authority
from tests.doctor.helpers import examine, finds, passes, settings, tls_server


def at(port: int, authority: Authority | None, turns: int = 0) -> Target:
    """The pages at this port, and perhaps TURN over TLS at another."""
    urls = f"turns:localhost:{turns}" if turns else "turn:localhost"
    return Target(
        site=Site.of(f"https://localhost:{port}"),
        authority=authority.ca_file.read_text() if authority else "",
        settings=settings(turn_urls=urls, turn_secret="s" * 20),
    )


@pytest.mark.parametrize(
    ("days", "state"),
    [(90, State.OK), (20, State.WARN), (6, State.FAIL), (-1, State.FAIL)],
)
async def test_days_left_are_counted(
    authority: Authority, days: float, state: State
) -> None:
    """Long is well, short is to look at, over is over; the end is a number."""
    async with tls_server(authority.issue(days=days)) as port:
        result = await examine("tls-web", at(port, authority))
    assert result.state is state
    assert abs(result.numbers["days_left"] - days) < 0.1
    assert ("expired" in result.seen) is (days < 0)
    assert bool(result.fix) is (state is not State.OK)


async def test_certificate_for_another_name_is_found(authority: Authority) -> None:
    """The names it is for are told."""
    async with tls_server(authority.issue(["other.example"])) as port:
        await finds("tls-web", at(port, authority), "for other.example", "localhost")


@pytest.mark.parametrize("names", [["localhost"], ["*.example", "localhost"]])
async def test_certificate_may_have_several_names(
    authority: Authority, names: list[str]
) -> None:
    """One that fits is enough."""
    async with tls_server(authority.issue(names)) as port:
        await passes("tls-web", at(port, authority))


async def test_chain_that_nobody_knows_is_found(authority: Authority) -> None:
    """Browsers know no internal authority; the fix names both ways out."""
    async with tls_server(authority.issue()) as port:
        await finds("tls-web", at(port, None), "not trusted", "fullchain", "--ca-file")


async def test_port_that_was_not_reloaded_is_found(authority: Authority) -> None:
    """One name, two certificates: somebody still serves the old one."""
    old, new = authority.issue(days=30), authority.issue()
    async with tls_server(new) as web, tls_server(old) as turns:
        target = at(web, authority, turns)
        await passes("tls-turns", target)
        await finds("tls-same", target, "different certificates", "reload nginx")
    async with tls_server(new) as web, tls_server(new) as turns:
        await passes("tls-same", at(web, authority, turns))


async def test_port_without_tls_is_found(authority: Authority, tmp_path: Path) -> None:
    """Nobody there, or somebody who speaks otherwise."""
    result = await finds("tls-web", at(1, authority))
    assert "refused" in result.seen or "Connect call failed" in result.seen
