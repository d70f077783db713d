"""203.0.113.0/26 as the internet: a bridge with hosts and clients on it.

The bridge stands in a network namespace, which is the control host, too: playbooks
run there. This machine has one link into it, by which hosts fetch Debian packages and
tests look at hosts. Filters work on the bridge, so that for a client they are
somewhere in the network.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.lab.programs import inside, run, succeeds


CONTROL = "deskside-control"
"""The namespace of the bridge."""
BRIDGE = "internet"
INTERNET, BITS = "203.0.113.0", 26
"""No more than we need: machines are seen to use the rest of these addresses for
themselves."""
GATEWAY = "203.0.113.1"
GATEWAY6 = "2001:db8:113::1"
OUTSIDE, OUTSIDE_NEAR, OUTSIDE_FAR = "deskside-out", "198.51.100.1", "198.51.100.2"
CLIENTS = {"deskside-agent": 21, "deskside-customer": 22}
"""Namespaces of the browsers, and the last number of their addresses."""

OPEN = ""
NO_DIRECT = """
    iifname "client21" oifname "client22" drop
    iifname "client22" oifname "client21" drop
"""
NO_UDP = """
    iifname "client*" meta l4proto udp drop
    oifname "client*" meta l4proto udp drop
"""
ONLY_443 = """
    iifname "client*" ether type arp accept
    iifname "client*" tcp dport 443 accept
    iifname "client*" drop
    oifname "client*" ether type arp accept
    oifname "client*" tcp sport 443 accept
    oifname "client*" drop
"""
"""What the bridge lets through; asking for names always works."""


def address(number: int) -> str:
    """An IPv4 address of this internet."""
    return f"203.0.113.{number}"


def address6(number: int) -> str:
    """An IPv6 address of this internet."""
    return f"2001:db8:113::{number}"


class Network:
    """The bridge, the clients, and the way out for packages."""

    def make(self) -> None:
        """Make it all; `remove` takes it away, also half of it."""
        self._make_control()
        self._make_way_out()
        for name, number in CLIENTS.items():
            self._make_client(name, number)

    def filter(self, rules: str) -> None:
        """Let through only this from now on: one of the constants above."""
        nft(
            CONTROL,
            f"""
            table bridge clients
            delete table bridge clients
            table bridge clients {{
              chain forward {{
                type filter hook forward priority 0
                {rules}
              }}
            }}
            """,
        )

    def _make_control(self) -> None:
        run("ip", "netns", "add", CONTROL)
        ip = ["ip", "-netns", CONTROL]
        run(*ip, "link", "set", "lo", "up")
        run(*ip, "link", "add", BRIDGE, "type", "bridge")
        run(*ip, "address", "add", f"{GATEWAY}/{BITS}", "dev", BRIDGE)
        run(*ip, "address", "add", f"{GATEWAY6}/64", "dev", BRIDGE, "nodad")
        run(*ip, "link", "set", BRIDGE, "up")
        run(*inside(CONTROL), "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def _make_way_out(self) -> None:
        """One link to this machine, which passes on what the hosts ask for."""
        peer = ["peer", "name", "out", "netns", CONTROL]
        run("ip", "link", "add", OUTSIDE, "type", "veth", *peer)
        run("ip", "address", "add", f"{OUTSIDE_NEAR}/30", "dev", OUTSIDE)
        run("ip", "link", "set", OUTSIDE, "up")
        run("ip", "route", "add", f"{INTERNET}/{BITS}", "via", OUTSIDE_FAR)
        ip = ["ip", "-netns", CONTROL]
        run(*ip, "address", "add", f"{OUTSIDE_FAR}/30", "dev", "out")
        run(*ip, "link", "set", "out", "up")
        run(*ip, "route", "add", "default", "via", OUTSIDE_NEAR)
        FORWARDING.write_text("1\n")
        nft(CONTROL, masquerade("nat", INTERNET, BITS, 'oifname "out"'))
        nft(None, masquerade(TABLE, OUTSIDE_FAR, 32, f'oifname != "{OUTSIDE}"'))

    def _make_client(self, name: str, number: int) -> None:
        run("ip", "netns", "add", name)
        peer = ["peer", "name", "eth0", "netns", name]
        link = f"client{number}"
        ip = ["ip", "-netns", CONTROL]
        run(*ip, "link", "add", link, "type", "veth", *peer)
        run(*ip, "link", "set", link, "master", BRIDGE, "up")
        ip = ["ip", "-netns", name]
        run(*ip, "link", "set", "lo", "up")
        run(*ip, "address", "add", f"{address(number)}/{BITS}", "dev", "eth0")
        run(*ip, "address", "add", f"{address6(number)}/64", "dev", "eth0", "nodad")
        run(*ip, "link", "set", "eth0", "up")
        # To nowhere: with no route at all, browsers and relays see errors instead.
        run(*ip, "route", "add", "default", "via", GATEWAY)


FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
TABLE = "deskside-lab"
"""This machine's own table of the firewall, while a run lasts."""


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """Make the network; afterwards it is gone."""
    forwarded = FORWARDING.read_text()
    made = Network()
    try:
        remove()
        made.make()
        yield made
    finally:
        remove()
        FORWARDING.write_text(forwarded)


def nft(namespace: str | None, rules: str) -> None:
    """Load rules of the firewall."""
    run(*(inside(namespace) if namespace else []), "nft", "-f", "-", text=rules)


def masquerade(table: str, source: str, bits: int, way: str) -> str:
    """Rules that let a network out under an address of ours."""
    return f"""
        table ip {table} {{
          chain out {{
            type nat hook postrouting priority 100
            ip saddr {source}/{bits} {way} masquerade
          }}
          chain segments {{
            type filter hook forward priority -150
            tcp flags syn tcp option maxseg size set rt mtu
          }}
        }}
    """


def remove() -> None:
    """Take away what this or an earlier run made; what is not there is no mistake."""
    for name in [*CLIENTS, CONTROL]:
        if Path("/run/netns", name).exists():
            run("ip", "netns", "delete", name)
    if succeeds("ip", "link", "show", OUTSIDE):
        # The kernel takes it with the namespace, but a moment later.
        with contextlib.suppress(Exception):
            run("ip", "link", "delete", OUTSIDE)
    if succeeds("nft", "list", "table", "ip", TABLE):
        run("nft", "delete", "table", "ip", TABLE)
