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


@pytest.mark.parametrize("check", ["tls-turns", "tls-turn-443", "tls-no-name"])
async def test_relay_with_a_bad_certificate_is_found(
    authority: Authority, check: str
) -> None:
    """On its own port and on that of the pages: over, or for another name."""
    pairs = [authority.issue(days=-1), authority.issue(["other.example"])]
    for pair, word in zip(pairs, ("expired", "for other.example"), strict=True):
        async with tls_server(pair) as port:
            pages = 1 if check == "tls-turns" else port
            await finds(check, at(pages, authority, port), word, f"localhost:{port}")


async def test_clients_that_name_nobody_are_not_forgotten(
    authority: Authority,
) -> None:
    """Who says no name may get another certificate than all others."""
    good, other = authority.issue(), authority.issue(["other.example"])
    async with tls_server(good, unnamed=other) as port:
        target = at(port, authority, port)
        await passes("tls-turn-443", target)
        await finds("tls-no-name", target, "names nobody", "for other.example")


async def test_port_without_tls_is_found(authority: Authority, tmp_path: Path) -> None:
    """Nobody there, or somebody who speaks otherwise."""
    result = await finds("tls-web", at(1, authority))
    assert "refused" in result.seen or "Connect call failed" in result.seen
