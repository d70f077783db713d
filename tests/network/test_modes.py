"""Every network of the laboratory is what it is called, as RFC 5780 finds out."""

import pytest

from tests.network.lab.internet import address
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import MEETING, Mode
from tests.network.lab.probe import Found, probe
from tests.network.lab.servers import DESK, STUN
from tests.services import LOOPBACK, ServiceError, accepts


def look(lab: Lab) -> Found:
    """What the agent's computer finds out about its network."""
    servers = [address(number) for number in STUN]
    return lab.lan("agent").place.do(lambda: probe(servers[0], servers[1]))


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
