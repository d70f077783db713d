"""Names, as a router tells them to its LAN."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.network.lab.namespace import Namespace
from tests.services import Service, find_program


SERVER, SERVER6 = "10.255.255.53", "2001:db8:ffff::53"
"""Where every router answers, so that who moves need not be told."""

Known = Mapping[str, Sequence[str]]
"""Addresses of each name, of both kinds."""


class Names(Service):
    """dnsmasq in a router, which knows what it is told and asks nobody.

    A hosts file would not do: for STUN and TURN, Chromium asks name servers alone.
    """

    program = "dnsmasq"

    def __init__(self, folder: Path, place: Namespace) -> None:
        super().__init__(folder)
        self.place, self.host, self.port = place, SERVER, 53
        self.log = folder / f"names-{place.name}.log"
        self.file = folder / f"names-{place.name}"
        self.file.touch()
        place.ip(f"address add {SERVER}/32 dev lo", f"address add {SERVER6}/128 dev lo")

    def command(self) -> list[str]:
        options = ["--no-daemon", "--conf-file=/dev/null", "--user=root", "--no-hosts"]
        options += [f"--listen-address={SERVER},{SERVER6}", "--bind-interfaces"]
        options += [f"--addn-hosts={self.file}", "--pid-file=", "--no-resolv"]
        return [find_program(self.program), *options, "--local=/test/", "--local-ttl=1"]

    def start(self, *, wait: bool = True) -> None:
        """Start it in its place."""
        self.place.do(lambda: super(Names, self).start(wait=wait))

    def know(self, known: Known) -> None:
        """Know these from now on, and no others."""
        lines = [f"{one} {name}\n" for name, found in known.items() for one in found]
        self.file.write_text("".join(lines))
        self._signal(signal.SIGHUP)
