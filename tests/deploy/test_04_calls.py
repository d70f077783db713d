"""Two people call through it, whatever their network lets through."""

from tests.deploy.calls import Call, Path, media_path, signaling_works
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import (
    CLIENTS,
    NO_DIRECT,
    NO_UDP,
    ONLY_443,
    OPEN,
    address,
)


def relayed(path: Path) -> bool:
    """Whether one side or both use a relay."""
    return "relay" in (path.local, path.remote)


def talk(call: Call) -> list[Path]:
    """Expect picture, sound and signaling both ways; gives the paths of the media."""
    call.begin()
    for person in call.people:
        person.talks()
    signaling_works(call.agent, call.customer)
    paths = [media_path(person) for person in call.people]
    call.end()
    for person in call.people:
        assert person.errors == []
    return paths


def test_open_network_is_called_through_directly(call: Call, lab: Laboratory) -> None:
    """Where both can reach each other, no relay carries the media."""
    lab.network.filter(OPEN)
    assert not any(relayed(path) for path in talk(call))


def test_without_a_direct_path_the_relay_carries_it_over_udp(
    call: Call, lab: Laboratory
) -> None:
    """Where they cannot, the relay does, over UDP."""
    lab.network.filter(NO_DIRECT)
    paths = talk(call)
    assert all(relayed(path) for path in paths)
    assert {path.relay_protocol for path in paths} - {""} == {"udp"}


def test_without_udp_the_relay_carries_it_over_tcp(call: Call, lab: Laboratory) -> None:
    """Where UDP is blocked, everybody uses the relay over TCP or TLS."""
    lab.network.filter(NO_UDP)
    paths = talk(call)
    assert {path.local for path in paths} == {"relay"}
    assert {path.relay_protocol for path in paths} <= {"tcp", "tls"}


def test_with_443_alone_the_relay_carries_it_over_tls(
    call: Call, lab: Laboratory
) -> None:
    """Where nothing but TCP to 443 passes, pages and media share that port.

    Behind nginx the relay still knows who comes.
    """
    lab.network.filter(ONLY_443)
    paths = talk(call)
    assert {path.local for path in paths} == {"relay"}
    assert {path.relay_protocol for path in paths} == {"tls"}
    assert {":443" in path.relay_url for path in paths} == {True}
    assert {path.seen_as for path in paths} == set(map(address, CLIENTS.values()))
