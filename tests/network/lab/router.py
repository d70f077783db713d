"""Routers between a LAN and the internet, which can be of every mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.network.lab import rules
from tests.network.lab.internet import (
    BITS,
    BRIDGE,
    NOWHERE,
    Internet,
    address,
    address6,
    routes,
)
from tests.network.lab.modes import MODES, Mode
from tests.network.lab.names import SERVER, SERVER6, Known, Names
from tests.network.lab.namespace import Namespace
from tests.network.lab.poor import PoorLine
from tests.network.lab.proxy import Proxy


FIRST, OTHER, CARRIER = 70, 86, 102
"""The last numbers of routers' addresses: at first, after a change, of carriers."""


class Router:
    """A router with a LAN; `number` is unique, 0 to 15."""

    def __init__(self, internet: Internet, number: int, folder: Path) -> None:
        self.internet, self.number = internet, number
        self.place = Namespace(f"router{number}", (SERVER, SERVER6))
        self.carrier: Namespace | None = None
        self.proxy = Proxy(folder, self.place, self.lan(1))
        self.names = Names(folder, self.place)
        self.mode_now = MODES["portrestricted"]
        self._here = FIRST + number
        self._link = f"router{number}"
        internet.attach(self.place, self._link, "pub")
        self.place.sysctl(
            "net.ipv4.ip_forward=1",
            "net.ipv6.conf.all.forwarding=1",
            "net.ipv4.conf.all.promote_secondaries=1",
        )
        self.place.ip(
            "link add lan type bridge",
            f"address add {self.lan(1)}/24 dev lan",
            f"address add {self.lan6(1)}/64 dev lan nodad",
            "link set lan up",
            f"address add {address(self._here)}/{BITS} dev pub",
            f"address add {address6(self._here)}/64 dev pub nodad",
            *routes("pub"),
        )
        self.names.start()
        via = address6(self._here)
        internet.ip(f"route add {self.lan6(0)}/64 via {via} dev {BRIDGE}")

    def lan(self, host: int) -> str:
        """An IPv4 address of the LAN; 1 is the router."""
        return f"10.{self.number + 1}.0.{host}"

    def lan6(self, host: int) -> str:
        """An IPv6 address of the LAN; 1 is the router."""
        return f"2001:db8:{self.number + 1}::{host or ''}"

    def mode(self, mode: Mode, client: str) -> None:
        """Be of this kind from now on, to the client with this address."""
        if mode.carrier != self.mode_now.carrier:
            self._behind_carrier(mode.carrier)
        if mode.proxy:
            self.proxy.start()
        self.place.nft(rules.of_router(mode, client))
        self.mode_now = mode
        self.flush()

    def know(self, known: Known) -> None:
        """Know these names from now on, and no others."""
        self.names.know(known)

    def block(self, said: str) -> None:
        """Forward no more what these rules drop, until another call; "" is nothing."""
        self.place.nft(rules.blocking(said))

    def flush(self) -> None:
        """Forget all mappings, as a router that has been restarted."""
        for place in filter(None, (self.place, self.carrier)):
            place.run("conntrack", "-F")

    def change_address(self) -> None:
        """Have another public address, as after a new dial-in; old mappings die."""
        new = FIRST + OTHER - self._here + 2 * self.number
        self.place.ip(
            f"address add {address(new)}/{BITS} dev pub",
            f"address delete {address(self._here)}/{BITS} dev pub",
            f"route replace default via {address(NOWHERE)}",
        )
        self._here = new
        self.flush()

    @contextmanager
    def poor(self) -> Iterator[PoorLine]:
        """Have a line to the internet that can be made poor; it is good at first."""
        with PoorLine(self.internet, self.number) as line:
            self.internet.ip(f"link set {self._link} master {line.bridge}")
            try:
                yield line
            finally:
                self.internet.ip(f"link set {self._link} master {BRIDGE}")

    @contextmanager
    def blackout(self) -> Iterator[None]:
        """Lose the internet, and have it again at the end; the LAN notices nothing."""
        self.internet.ip(f"link set {self._link} down")
        try:
            yield
        finally:
            self.internet.ip(f"link set {self._link} up")

    def close(self) -> None:
        """Take it away."""
        self.proxy.stop()
        self.names.stop()
        for place in filter(None, (self.place, self.carrier)):
            place.remove()

    def _behind_carrier(self, behind: bool) -> None:
        """Plug it into the provider's network, or back into the internet."""
        self.carrier = self.carrier or self._make_carrier()
        inside = [f"100.64.{self.number}.2/24", f"100.64.{self.number}.1"]
        public = [f"{address(self._here)}/{BITS}", address(NOWHERE)]
        (old, _), (new, gateway) = (public, inside) if behind else (inside, public)
        bridge = f"carrier{self.number}" if behind else BRIDGE
        self.internet.ip(f"link set {self._link} master {bridge}")
        self.place.ip(
            f"address add {new} dev pub",
            f"address delete {old} dev pub",
            f"route replace default via {gateway}",
        )

    def _make_carrier(self) -> Namespace:
        number, bridge = self.number, f"carrier{self.number}"
        made = Namespace(bridge)
        self.internet.ip(f"link add {bridge} type bridge", f"link set {bridge} up")
        self.internet.attach(made, f"outer{number}", "pub")
        self.internet.attach(made, f"inner{number}", "lan", bridge)
        made.sysctl("net.ipv4.ip_forward=1")
        made.ip(
            f"address add {address(CARRIER + number)}/{BITS} dev pub",
            f"address add 100.64.{number}.1/24 dev lan",
            f"route replace default via {address(NOWHERE)}",
        )
        made.nft(rules.of_carrier())
        return made
