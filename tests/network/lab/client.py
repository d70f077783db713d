"""A client: somebody's computer in the LAN of a router."""

from tests.network.lab.modes import MODES, Mode
from tests.network.lab.names import SERVER, SERVER6
from tests.network.lab.namespace import Namespace
from tests.network.lab.router import Router


class Client:
    """One computer; `number` is unique, and its `home` router has the same."""

    def __init__(self, number: int, home: Router) -> None:
        self.number, self.home, self.router = number, home, home
        self.place = Namespace(f"client{number}", (SERVER, SERVER6))
        self.place.sysctl("net.ipv4.conf.all.promote_secondaries=1")
        self.host = 2
        self._links = 0
        self.mode_now = MODES["portrestricted"]
        self.plug(home)

    @property
    def address(self) -> str:
        """Its address in the LAN."""
        return self.router.lan(self.host)

    @property
    def device(self) -> str:
        """Its network card."""
        return f"eth{self._links}"

    def plug(self, router: Router, *, isolated: bool = False) -> None:
        """Leave one LAN for another: there is another network card, as of a phone."""
        if self._links and router is self.router:
            self._isolate(isolated)
            return
        if self._links:
            self.place.ip(f"link delete {self.device}")
        self._links += 1
        self.router = router
        port = f"client{self.number}"
        peer = f"peer name {self.device} netns {self.place.name}"
        router.place.ip(
            f"link add {port} type veth {peer}",
            f"link set {port} master lan up",
        )
        self._isolate(isolated)
        # Two may be behind one router; each has a host number of its own there.
        self.host = 2 + 2 * self.number
        self._dress(self.mode_now)

    def mode(self, mode: Mode) -> None:
        """Be in a network of this kind from now on."""
        if mode.ipv6 != self.mode_now.ipv6:
            self.place.ip(f"address flush dev {self.device} scope global")
            self._dress(mode)
        elif mode.mtu != self.mode_now.mtu:
            self._limit(mode.mtu)
        self.mode_now = mode
        self.router.mode(mode, self.address)

    def change_address(self) -> None:
        """Have another address in the same LAN, as from another lease."""
        old, self.host = self.address, self.host ^ 1
        self.place.ip(
            f"address add {self.address}/24 dev {self.device}",
            f"address delete {old}/24 dev {self.device}",
            f"route replace default via {self.router.lan(1)}",
        )

    def close(self) -> None:
        """Take it away."""
        self.place.remove()

    def _isolate(self, isolated: bool) -> None:
        """Keep it apart from others in the LAN, as guests' Wi-Fi does."""
        port, apart = f"client{self.number}", "on" if isolated else "off"
        self.router.place.ip(f"link set {port} type bridge_slave isolated {apart}")

    def _limit(self, mtu: int) -> None:
        """Have no larger packets pass, either way."""
        self.router.place.ip(f"link set client{self.number} mtu {mtu}")
        self.place.ip(f"link set {self.device} mtu {mtu}")

    def _dress(self, mode: Mode) -> None:
        """Give it the addresses and the packet size of a mode."""
        device, router = self.device, self.router
        mine, everything, gateway = (
            (f"{router.lan6(self.host)}/64", "::/0", router.lan6(1))
            if mode.ipv6
            else (f"{self.address}/24", "0.0.0.0/0", router.lan(1))
        )
        nodad = "nodad" if mode.ipv6 else ""
        self._limit(mode.mtu)
        self.place.ip(
            f"link set {device} up",
            f"address add {mine} dev {device} {nodad}",
            f"route replace {everything} via {gateway} dev {device}",
        )
