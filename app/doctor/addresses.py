"""Names and addresses: what a URL means, and who can reach an address."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.doctor.results import Amiss


Address = ipaddress.IPv4Address | ipaddress.IPv6Address

DOCUMENTATION = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"),
    )
)
"""They stand for public addresses, in manuals and in networks made for tests."""

CARRIER = ipaddress.ip_network("100.64.0.0/10")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pages are."""

    scheme: str
    host: str
    port: int

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as in a `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @classmethod
    def of(cls, url: str) -> "Site":
        """Read scheme, host and port.

        Raises:
            ValueError: it is no http or https URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no https:// URL")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname, port)


def is_public(address: str) -> bool:
    """Whether anyone on the internet could reach this address."""
    found = ipaddress.ip_address(address)
    if any(found in network for network in DOCUMENTATION if _same(found, network)):
        return True
    return found.is_global and not found.is_multicast


def kind(address: str) -> str:
    """What sort of address it is, in words."""
    found = ipaddress.ip_address(address)
    if is_public(address):
        return "public"
    if found.is_loopback:
        return "loopback: this machine only"
    if found.is_link_local:
        return "link-local: one cable only"
    if found.version == 4 and found in CARRIER:
        return "carrier-grade NAT: not reachable from outside"
    return "private: not reachable from outside"


def _same(
    address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return address.version == network.version


async def resolve(host: str) -> list[str]:
    """Return the addresses of a name, IPv4 and IPv6.

    Raises:
        Amiss: it has none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise Amiss(
            f"{host} has no address ({error.args[-1]})",
            f"Add an A record (and AAAA where the host has IPv6) for {host}, and wait "
            "until its time to live has passed.",
        ) from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))
