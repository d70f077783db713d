"""A network of its own for Docker: firewall rules and published ports stay there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.services import run


NAME = "deskside-docker"
LINK = "dsk-docker"
"""Our end of the cable to it; 15 characters are the most."""

OUTSIDE, ADDRESS, WIDTH = "10.213.7.1", "10.213.7.2", 30
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")

_NAT = f"""
table ip {NAME} {{
  chain out {{
    type nat hook postrouting priority 100;
    ip saddr {ADDRESS} oifname != "{LINK}" masquerade
  }}
}}
"""


class Machine:
    """A network namespace with a cable to this machine, and through it to mirrors.

    Whoever connects from this machine is another host to it, as a customer is.
    """

    address = ADDRESS

    def __enter__(self) -> Self:
        self.down()  # What a run that was killed has left.
        self._forwarding = FORWARDING.read_text()
        try:
            self._up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        if FORWARDING.read_text() != self._forwarding:
            FORWARDING.write_text(self._forwarding)

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, in this network.

        By nsenter: `ip netns exec` mounts a new /sys, without the cgroups that
        Docker needs.
        """
        return ["nsenter", f"--net=/run/netns/{NAME}", "--", *command]

    def _up(self) -> None:
        ip("netns", "add", NAME)
        ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAME)
        ip("address", "add", f"{OUTSIDE}/{WIDTH}", "dev", LINK)
        ip("link", "set", LINK, "up")
        ip("-n", NAME, "address", "add", f"{ADDRESS}/{WIDTH}", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", NAME, "link", "set", device, "up")
        ip("-n", NAME, "route", "add", "default", "via", OUTSIDE)
        FORWARDING.write_text("1\n")
        subprocess.run(["nft", "-f", "-"], input=_NAT, text=True, check=True)

    def down(self) -> None:
        """Take it down; what is not there is no trouble."""
        for command in (
            ["nft", "delete", "table", "ip", NAME],
            ["ip", "netns", "delete", NAME],
            ["ip", "link", "delete", LINK],
        ):
            subprocess.run(command, check=False, capture_output=True)


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    run(["ip", *arguments])
