"""A relay that lets in whom it should not is found."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.doctor.results import State
from app.doctor.target import Target
from tests.doctor.deployment import PUBLIC, Deployment, Ports, Relay, without_line
from tests.doctor.helpers import (
    beside,
    examine,
    finds,
    http_server,
    instead_of,
    passes,
)
from tests.services import LOOPBACK, Turn


def inner_relay(folder: Path) -> Relay:
    """A relay that tells others an address of this machine alone."""
    return Relay(folder, Ports(), coturn_addresses=[LOOPBACK], coturn_external_ip="")


def at(relay: Relay, site: str = "https://localhost") -> Target:
    url = f"turn:localhost:{relay.given['coturn_port']}?transport=udp"
    return beside(relay.secret, url, site=site)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay as the template has it."""
    with Relay(tmp_path_factory.mktemp("closed"), Ports()) as relay:
        yield relay


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay that asks nobody and forbids nothing."""
    change = without_line("use-auth-secret", "static-auth-secret", "denied-peer-ip")
    relay = Relay(
        tmp_path_factory.mktemp("open"),
        Ports(),
        change=lambda text: change(text) + "\nno-auth\n",
    )
    with relay:
        yield relay


# Where it relays to.


async def test_template_refuses_inner_networks(closed: Relay) -> None:
    """The configuration we ship is well."""
    await passes("relay-peers", at(closed))


async def test_relay_without_denied_peers_is_found(turn: Turn) -> None:
    """Everything that anyone could reach by it is named."""
    target = beside(turn.secret, turn.url)
    result = await finds("relay-peers", target, "denied-peer-ip", "169.254.169.254")
    for address in ("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1"):
        assert address in result.seen
    assert "127.0.0.1" in result.seen


@pytest.mark.parametrize(
    ("hole", "address"),
    [
        ("denied-peer-ip=169.254", "169.254.169.254"),
        ("denied-peer-ip=100.64", "100.64.0.1"),
        ("denied-peer-ip=172.16", "172.31.255.254"),
    ],
)
async def test_one_range_that_was_forgotten_is_found(
    place: Path, hole: str, address: str
) -> None:
    """A single missing line is enough."""
    with Relay(place, Ports(), change=without_line(hole)) as relay:
        result = await finds("relay-peers", at(relay), address)
        assert "192.168" not in result.seen


async def test_range_that_means_everybody_is_found(place: Path) -> None:
    """A relay that refuses all but itself is of no use to who is not relayed."""
    wide = Relay(place, Ports(), coturn_denied=["0.0.0.0-255.255.255.255"])
    with wide:
        await finds("relay-peers", at(wide), "everybody outside", "too wide")


async def test_relay_that_opens_tcp_is_found(place: Path, turn: Turn) -> None:
    """Nobody gets TCP connections out of a relay for browsers."""
    await finds("relay-tcp-peers", beside(turn.secret, turn.tcp_url), "no-tcp-relay")


# Whether the service itself gets through it.


async def becomes(target: Target, state: State) -> str:
    """What is seen of the service's relays, once they are in this state."""
    async with asyncio.timeout(40):
        while True:
            result = await examine("relays", target)
            if result.state is state:
                assert bool(result.fix) is (state is State.FAIL)
                return result.seen
            await asyncio.sleep(0.5)


async def test_relay_that_the_service_does_not_get_through_is_found(
    deployment: Deployment,
) -> None:
    """It is named; once it is back, all is well again."""
    target = deployment.target()
    with instead_of(deployment.relay):
        assert "localhost down" in await becomes(target, State.FAIL)
    assert "localhost good" in await becomes(target, State.OK)


# Where it is.


async def test_public_address_of_the_relay_is_well(closed: Relay) -> None:
    """It is the one that the name has."""
    port = closed.given["coturn_port"]
    result = await examine("relay-address", at(closed))
    assert (result.state, PUBLIC in result.seen) == (State.WARN, True)
    assert "localhost is 127.0.0.1" in result.seen
    assert port


async def test_private_address_of_the_relay_is_found(place: Path) -> None:
    """Pages that anyone reaches, and a relay that nobody does."""
    with inner_relay(place) as inner:
        target = at(inner, site="https://203.0.113.7")
        await finds("relay-address", target, LOOPBACK, "loopback", "external-ip")


async def test_private_address_is_well_in_a_private_network(place: Path) -> None:
    """Where the pages are inside, too, it may be meant so; it is told."""
    with inner_relay(place) as inner:
        result = await examine("relay-address", at(inner))
    assert result.state is State.WARN
    assert "private network" in result.seen


# Who may use it.


@pytest.mark.parametrize("name", ["relay-password", "relay-anonymous", "relay-expired"])
async def test_strangers_are_refused(closed: Relay, name: str) -> None:
    """The configuration we ship asks everybody who they are."""
    result = await passes(name, at(closed))
    assert "401" in result.seen


@pytest.mark.parametrize("name", ["relay-password", "relay-anonymous", "relay-expired"])
async def test_relay_for_strangers_is_found(open_to_all: Relay, name: str) -> None:
    """Whoever gets a relay without the right to it is told."""
    await finds(name, at(open_to_all), "gets a relay", "use-auth-secret")


# Clocks.


@pytest.fixture
async def behind() -> AsyncIterator[int]:
    """A service whose clock stands at the beginning of 2026."""
    answer = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    async with http_server(answer + b"Content-Length: 0\r\n\r\n") as port:
        yield port


async def test_clock_that_is_wrong_is_found(behind: int, closed: Relay) -> None:
    """Credentials made by it would be over before they begin."""
    target = at(closed, site=f"http://localhost:{behind}")
    result = await finds("clock", target, "behind", "timedatectl")
    assert result.numbers["skew_seconds"] < -60


async def test_nothing_is_asked_of_a_relay_that_is_not_known() -> None:
    """Without key, secret or name it says what it needs."""
    from app.doctor.addresses import Site

    for name in ("turn-udp", "relay-peers", "relay-expired"):
        result = await examine(name, Target(site=Site.of("https://localhost")))
        assert result.state is State.SKIPPED
        assert "--key-file" in result.seen
