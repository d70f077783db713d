"""A relay that is broken is found, by what it really does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.doctor.results import State
from tests.doctor.deployment import Deployment, Door, Ports, Relay
from tests.doctor.helpers import beside, examine, finds, passes, swallowing
from tests.services import LOOPBACK, Turn, free_port, wait_until


@pytest.fixture
def relay(place: Path) -> Iterator[Relay]:
    """A relay as the template has it."""
    with Relay(place, Ports()) as relay:
        yield relay


def udp(relay: Relay) -> str:
    return f"turn:localhost:{relay.given['coturn_port']}?transport=udp"


async def test_relay_passes_bytes_both_ways(relay: Relay) -> None:
    """Two parties behind one relay get each other's bytes, and it is timed."""
    result = await passes("turn-udp", beside(relay.secret, udp(relay)))
    assert "1032 bytes there and back" in result.seen
    assert 0 < result.numbers["round_trip_seconds"] < 2


async def test_relay_over_tcp_passes_bytes_both_ways(turn: Turn) -> None:
    """The same, framed in a stream."""
    await passes("turn-tcp", beside(turn.secret, turn.tcp_url))


async def test_wrong_secret_is_told_with_its_fix(relay: Relay) -> None:
    """The secrets of service and relay must be one."""
    target = beside("another secret than that", udp(relay))
    await finds("turn-udp", target, "401", "static-auth-secret")


async def test_relay_that_refuses_itself_is_found(place: Path) -> None:
    """Denied ranges without its own address allowed: two relayed people are mute."""
    denied = Relay(
        place,
        Ports(),
        change=lambda text: text.replace("allowed-peer-ip=", "denied-peer-ip="),
        coturn_external_ip="",
    )
    with denied:
        target = beside(denied.secret, udp(denied))
        await finds("turn-udp", target, "refuses itself", "allowed-peer-ip")
        await finds("relay-peers", target, "refuses itself", "allowed-peer-ip")


async def test_relay_that_gives_relays_and_no_bytes_is_found(turn: Turn) -> None:
    """Allocations are well, and what is said in them is lost."""
    async with swallowing(turn.host, turn.port) as port:
        target = beside(turn.secret, f"turn:{LOOPBACK}:{port}?transport=tcp")
        await finds("turn-tcp", target, "do not come there", "49152-65535/udp")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_nobody_there_is_told_with_the_port_to_open(transport: str) -> None:
    """A closed port is named, with its protocol."""
    port = free_port()
    target = beside("s" * 20, f"turn:{LOOPBACK}:{port}?transport={transport}")
    await finds(f"turn-{transport}", target, f"{port}/{transport}", "firewall")


async def test_server_that_is_silent_is_found(relay: Relay) -> None:
    """A relay that hangs answers nothing, and the check ends."""
    wait_until(relay.ready, 5)
    relay.pause()
    try:
        target = beside(relay.secret, udp(relay))
        await finds("turn-udp", target, "does not answer", "firewall")
    finally:
        relay.resume()


async def test_missing_ways_to_the_relay_are_told() -> None:
    """Networks that let only one way through need that one."""
    target = beside("s" * 20, "turn:localhost:1?transport=udp")
    for name in ("turn-tcp", "turn-tls", "turn-443", "stun"):
        result = await examine(name, target)
        assert result.state is State.WARN, result
        assert "DESKSIDE_" in result.fix


async def test_tls_that_nobody_trusts_is_found() -> None:
    """TURN over TLS to a port without TLS is no relay."""
    target = beside("s" * 20, f"turns:localhost:{free_port()}?transport=tcp")
    await finds("turn-tls", target, "turns:localhost")


@pytest.mark.parametrize("check", ["turn-tls", "turn-443"])
async def test_tls_with_no_relay_behind_it_is_found(
    deployment: Deployment, place: Path, check: str
) -> None:
    """nginx ends TLS, and coturn is not there."""
    ports = Ports()
    port = ports.https if check == "turn-443" else ports.turns
    url = f"turns:localhost:{port}?transport=tcp"
    pages = f"https://localhost:{ports.https}"
    target = beside(deployment.relay.secret, url, site=pages)
    target.authority = deployment.authority.ca_file.read_text()
    pair, node = deployment.authority.issue(), deployment.node.port
    nobody = f"{LOOPBACK}:{free_port()}"
    with Door(place, ports, pair, node, nginx_relay_upstream=nobody):
        await finds(check, target, f"{port}/tcp", "hand TURN to coturn")


async def test_stun_tells_our_address(relay: Relay) -> None:
    """What the relay sees of us is told."""
    stun = f"stun:localhost:{relay.given['coturn_port']}"
    result = await passes("stun", beside(relay.secret, udp(relay), stun=stun))
    assert "127.0.0.1 (loopback" in result.seen


async def test_stun_that_nobody_answers_is_found() -> None:
    """Silence is a failure."""
    stun = f"stun:localhost:{free_port()}"
    target = beside("s" * 20, "turn:localhost:1", stun=stun)
    await finds("stun", target, "does not answer", "/udp")
