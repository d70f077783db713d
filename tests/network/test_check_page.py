"""The check page, in each kind of network: it says what the laboratory knows."""

import pytest
from playwright.sync_api import expect

from tests.e2e.people import SLOW, Person
from tests.network.conftest import FULL
from tests.network.lab.firefox import Firefox
from tests.network.lab.laboratory import Lab
from tests.network.lab.modes import MODES
from tests.services import private_folder


WELL, NO_UDP, ONLY_443 = "open", "udp_blocked", "only_443"
VERDICTS = {
    "fullcone": WELL,
    "restricted": WELL,
    "portrestricted": WELL,
    "symmetric": WELL,
    "cgnat": WELL,
    "udpdrop": NO_UDP,
    "udpreject": NO_UDP,
    "tcp443": ONLY_443,
    "tcp443reject": ONLY_443,
    "proxy": ONLY_443,
    "ipv6": WELL,
    "vpn": WELL,
    "onelan": WELL,
    "onenat": WELL,
}
"""What the page is to find in each kind of network."""

FEW = ("symmetric", "tcp443reject")
"""What is tried in every run: the rest takes its time, or is much alike."""

PAIRS = [("portrestricted", "symmetric", "relay"), ("fullcone", "cgnat", "direct")]


NOWHERE = "203.0.113.126"
"""An address of the laboratory's internet that nobody has."""

NOTICED = 20
"""Seconds after which the service knows that a relay is down."""

MUTE = """
table inet mute {
  chain input {
    type filter hook input priority -10
    iifname "lan" udp dport 53 reject
    iifname "lan" tcp dport 53 reject
  }
}
"""
"""Nobody in the LAN is told a name; the router itself still is."""


def checked(person: Person, path: str = "/check") -> Person:
    """Run the check to its verdict."""
    person.go(path)
    person.press("Start the check")
    expect(person.button("Send to support")).to_be_visible(timeout=3 * SLOW)
    return person


def verdict(person: Person) -> str | None:
    """Return the word of the verdict about the network."""
    return person.page.locator("#verdict").get_attribute("data-network")


@pytest.mark.parametrize("mode", VERDICTS if FULL else FEW)
def test_check_names_the_network(lab: Lab, mode: str) -> None:
    """The verdict is that of the network, and bytes came back where it lets them."""
    _, customer = lab.people(mode, mode)
    assert verdict(checked(customer)) == VERDICTS[mode]
    customer.sees("Bytes came back after")


def test_check_knows_every_kind_of_network() -> None:
    """A new row of the table needs a verdict here."""
    assert set(VERDICTS) == set(MODES)


@pytest.mark.parametrize(("one", "other", "way"), PAIRS if FULL else PAIRS[:1])
def test_witness_finds_the_way_between_two_networks(
    lab: Lab, one: str, other: str, way: str
) -> None:
    """Both halves are joined, and the pair has the way that its networks leave."""
    agent, customer = lab.people(one, other)
    checked(customer)
    customer.press("Make a link for the other side")
    link = customer.field("Link for the other side")
    expect(link).not_to_have_value("")
    checked(agent, link.input_value())
    for person in (customer, agent):
        person.sees("Done: both halves are in the report now.")
        expect(person.page.locator("#pair")).to_have_attribute("data-pair", way)


def test_check_says_where_nothing_passes(lab: Lab) -> None:
    """With the relay out of reach there is no way, and the page says what to do."""
    _, customer = lab.people("portrestricted", "portrestricted")
    names = lab.servers.names()
    lab.router("customer").know(
        {n: [NOWHERE] if "turn" in n else where for n, where in names.items()}
    )
    try:
        # Nodes of the laboratory know no names: soon they miss the relay themselves.
        assert verdict(checked(customer)) in ("no_path", "relay_down")
    finally:
        lab.router("customer").know(names)


@pytest.mark.full
def test_check_does_not_blame_the_network_for_our_relay(lab: Lab) -> None:
    """A relay that is down is seen to be down by the service, too."""
    _, customer = lab.people("portrestricted", "portrestricted")
    for relay in lab.servers.relays:
        relay.kill()
    try:
        customer.page.wait_for_timeout(1000 * NOTICED)
        assert verdict(checked(customer)) == "relay_down"
        customer.sees("Your network is not the reason.")
    finally:
        for relay in lab.servers.relays:
            relay.start()


@pytest.mark.full
def test_check_tells_a_proxy_by_names(lab: Lab) -> None:
    """Whoever gets through without finding a name has a proxy that finds it."""
    _, customer = lab.people("proxy", "proxy")
    router = lab.router("customer").place
    router.nft(MUTE)
    try:
        assert verdict(checked(customer)) == "proxy_only"
    finally:
        router.nft("delete table inet mute")


def test_check_says_where_the_relay_has_no_name(lab: Lab) -> None:
    """A network whose name server does not know the relay."""
    _, customer = lab.people("portrestricted", "portrestricted")
    names = lab.servers.names()
    lab.router("customer").know(
        {name: where for name, where in names.items() if "turn" not in name}
    )
    try:
        assert verdict(checked(customer)) == "name_not_found"
    finally:
        lab.router("customer").know(names)


@pytest.mark.full
def test_check_says_the_same_in_firefox(lab: Lab) -> None:
    """Which tells less of what failed, and has another way with names."""
    authority = lab.servers.authority.certificate
    lab.place("portrestricted", "portrestricted")
    with (
        private_folder("firefox") as folder,
        Firefox(folder, lab.lan("customer"), authority) as browser,
    ):
        for mode in ("portrestricted", "udpreject", "tcp443reject"):
            lab.place(mode, mode)
            page = browser.page()
            page.go(f"{lab.url}/check")
            page.until("!document.querySelector('#start').disabled")
            page.click("#start")
            page.until("!document.querySelector('#result').hidden")
            found = page.evaluate("() => document.querySelector('#verdict').dataset")
            assert found["network"] == VERDICTS[mode]
            page.close()
