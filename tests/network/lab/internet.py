"""203.0.113.64/26 and 2001:db8:113::/64 as the internet: one bridge."""

from tests.network.lab.namespace import Namespace


BRIDGE, BITS = "internet", 26
NOWHERE = 65
"""Where packets to other networks go: they vanish, as they do on the internet. With no
route at all, browsers and relays see errors instead."""


def address(number: int) -> str:
    """An IPv4 address of this internet."""
    return f"203.0.113.{number}"


def address6(number: int) -> str:
    """An IPv6 address of this internet."""
    return f"2001:db8:113::{number:x}"


class Internet(Namespace):
    """The bridge, to which hosts and routers are attached."""

    def __init__(self) -> None:
        super().__init__("internet")
        self.ip(
            f"link add {BRIDGE} type bridge",
            f"address add {address(NOWHERE)}/{BITS} dev {BRIDGE}",
            f"address add {address6(NOWHERE)}/64 dev {BRIDGE} nodad",
            f"link set {BRIDGE} up",
            "route add blackhole ::/0",
        )
        self.sysctl("net.ipv6.conf.all.forwarding=1")

    def attach(
        self, place: Namespace, link: str, device: str, bridge: str = BRIDGE
    ) -> None:
        """Give a namespace a device whose other end, `link`, is on a bridge here."""
        peer = f"peer name {device} netns {place.name}"
        self.ip(
            f"link add {link} type veth {peer}", f"link set {link} master {bridge} up"
        )
        place.ip(f"link set {device} up")

    def host(self, name: str, *numbers: int) -> Namespace:
        """Make a host with these addresses, of both kinds."""
        made = Namespace(name)
        self.attach(made, f"host{numbers[0]}", "eth0")
        made.sysctl("net.ipv6.conf.all.accept_redirects=0")
        for number in numbers:
            made.ip(
                f"address add {address(number)}/{BITS} dev eth0",
                f"address add {address6(number)}/64 dev eth0 nodad",
            )
        made.ip(*routes("eth0"))
        return made


def routes(device: str) -> tuple[str, str]:
    """What sends everything else to nowhere."""
    return (
        f"route replace default via {address(NOWHERE)}",
        f"route replace ::/0 via {address6(NOWHERE)} dev {device}",
    )
