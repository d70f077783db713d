"""Every network of the laboratory is what it is called, as RFC 5780 finds out."""

import errno
import socket

import pytest

from tests.network.lab.internet import address
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import MEETING, MODES, Mode
from tests.network.lab.probe import Found, probe
from tests.network.lab.servers import DESK, STUN
from tests.services import LOOPBACK, ServiceError, accepts


IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
"""Of <linux/in.h>: no packet is cut into pieces."""
HEADERS = 28
"""Bytes, of IPv4 and UDP."""
WITHIN = 0.5
"""Seconds for an answer."""

BLOCKING = [mode for mode in MEETING if mode.way != "udp"]


def look(lab: Lab, side: str = "agent") -> Found:
    """What a person's computer finds out about its network."""
    servers = [address(number) for number in STUN]
    return lab.lan(side).place.do(lambda: probe(servers[0], servers[1]))


def refuses(kind: socket.SocketKind) -> bool:
    """Whether somebody says at once that port 3478 is closed, or nobody says a word."""
    with socket.socket(socket.AF_INET, kind) as asking:
        asking.settimeout(WITHIN)
        try:
            asking.connect((address(STUN[0]), 3478))
            asking.send(b"?")
            asking.recv(1)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
    raise AssertionError("there was an answer")


def passes(size: int) -> bool:
    """Whether a packet of so many bytes leaves here in one piece."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        try:
            sending.sendto(bytes(size - HEADERS), (address(STUN[0]), 9))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            return False
        return True


@pytest.mark.parametrize("mode", MEETING, ids=lambda mode: mode.name)
def test_mode_is_what_it_is_called(lab: Lab, mode: Mode) -> None:
    """Mapping and filtering as the table says; where UDP is blocked, no answer."""
    lab.mode("agent", mode.name)
    found = look(lab)
    if mode.way == "udp" and not mode.ipv6:
        assert (found.mapping, found.filtering) == (mode.mapping, mode.filtering)
        assert found.mapped != lab.lan("agent").address
    else:
        assert found == Found(None, None)


@pytest.mark.parametrize("mode", MEETING, ids=lambda mode: mode.name)
def test_mode_opens_the_ports_it_says(lab: Lab, mode: Mode) -> None:
    """TCP 443 and 3478 of the desk, and nothing directly where a proxy is needed."""
    lab.mode("agent", mode.name)
    place, here = lab.lan("agent").place, lab.servers.names()[DESK][mode.ipv6]
    found = [place.do(lambda p=port: accepts(here, p)) for port in (443, 3478)]  # type: ignore[misc]
    assert found == [not mode.proxy, mode.way in ("udp", "tcp")]


@pytest.mark.parametrize("mode", BLOCKING, ids=lambda mode: mode.name)
def test_mode_refuses_or_drops_as_it_says(lab: Lab, mode: Mode) -> None:
    """Who is refused knows it at once; who is dropped waits in vain."""
    lab.mode("agent", mode.name)
    place = lab.lan("agent").place
    assert place.do(lambda: refuses(socket.SOCK_DGRAM)) == mode.refused
    if mode.way == "tls":
        assert place.do(lambda: refuses(socket.SOCK_STREAM)) == mode.refused


@pytest.mark.parametrize("name", ["portrestricted", "vpn"])
def test_mode_has_packets_as_large_as_it_says(lab: Lab, name: str) -> None:
    """Those of a VPN are smaller."""
    lab.mode("agent", name)
    place, most = lab.lan("agent").place, MODES[name].mtu
    assert place.do(lambda: [passes(size) for size in (most, most + 1)]) == [
        True,
        False,
    ]


def test_proxy_connects_to_443_alone(lab: Lab) -> None:
    """It says no to every other port, as proxies of companies do."""
    lab.mode("agent", "proxy")
    client = lab.lan("agent")
    proxy = client.router.proxy.url
    ask = ["curl", "-skS", "--max-time", "3", "--proxytunnel", "--proxy", proxy]
    client.place.run(*ask, f"https://{DESK}/healthz")
    with pytest.raises(ServiceError, match="CONNECT tunnel failed, response 403"):
        client.place.run(*ask, f"https://{DESK}:3478/healthz")


def test_two_providers_translate_twice(lab: Lab) -> None:
    """Behind a provider's NAT one is seen at the provider's address."""
    lab.mode("agent", "cgnat")
    assert look(lab).mapped == address(102)


def test_nobody_reaches_this_machine(lab: Lab) -> None:
    """What a client calls its own host is its own."""
    assert not lab.lan("agent").place.do(lambda: accepts(LOOPBACK, 8001))
