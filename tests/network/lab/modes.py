"""What networks do: one table, and the rule by which two of them meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


Behaviour = Literal["endpoint", "address", "address and port"]
"""What a mapping or a filter depends on (RFC 4787, sections 4.1 and 5)."""
Way = Literal["udp", "tcp", "tls"]


class Together(StrEnum):
    """How two people behind one router can reach each other."""

    NO = ""
    LAN = "lan"
    ISOLATED = "isolated"


@dataclass(frozen=True)
class Mode:
    """One kind of network."""

    name: str
    words: str
    """What an operator would call it."""
    mapping: Behaviour = "endpoint"
    filtering: Behaviour = "address and port"
    way: Way = "udp"
    """The first way to a relay that is open: UDP, TCP 3478, TLS 443."""
    refused: bool = False
    """What is blocked is refused at once, not dropped."""
    carrier: bool = False
    """A second NAT, that of the provider."""
    proxy: bool = False
    """Nothing but an HTTP proxy."""
    ipv6: bool = False
    """IPv6 and no IPv4."""
    mtu: int = 1500
    together: Together = field(default=Together.NO)
    """With the other side behind one router; nobody else meets this mode."""


_ALL = (
    Mode("fullcone", "home router, full cone", filtering="endpoint"),
    Mode("restricted", "home router, restricted cone", filtering="address"),
    Mode("portrestricted", "home router, port-restricted"),
    Mode("symmetric", "company NAT, symmetric", mapping="address and port"),
    Mode("cgnat", "two NATs: home router and provider", carrier=True),
    Mode("udpdrop", "UDP dropped", way="tcp"),
    Mode("udpreject", "UDP refused", way="tcp", refused=True),
    Mode("tcp443", "only TCP 443, the rest dropped", way="tls"),
    Mode("tcp443reject", "only TCP 443, the rest refused", way="tls", refused=True),
    Mode("proxy", "only an HTTP proxy", way="tls", proxy=True),
    Mode("ipv6", "IPv6 only", ipv6=True),
    Mode("vpn", "VPN: packets of 1280 bytes", mtu=1280),
    Mode("onelan", "both in one LAN", together=Together.LAN),
    Mode("onenat", "both behind one NAT, kept apart", together=Together.ISOLATED),
)

MODES: Mapping[str, Mode] = {mode.name: mode for mode in _ALL}
MEETING = tuple(mode for mode in _ALL if not mode.together)
"""Those that can meet any other."""


@dataclass(frozen=True)
class Path:
    """How the media of one side travels: directly or by a relay, and over what."""

    path: Literal["direct", "relay"]
    protocol: Way

    def __str__(self) -> str:
        return self.path if self.path == "direct" else f"{self.path}/{self.protocol}"


def pairs() -> list[tuple[Mode, Mode]]:
    """Everybody who can meet, agent first; those who meet themselves come last."""
    met = [(one, other) for one in MEETING for other in MEETING]
    return met + [(mode, mode) for mode in _ALL if mode.together]


def expected(mine: Mode, other: Mode) -> Path:
    """Which way the media of a side takes."""
    if direct(mine, other):
        return Path("direct", "udp")
    return Path("relay", mine.way)


def direct(one: Mode, other: Mode) -> bool:
    """Whether two networks let their people reach each other without a relay."""
    if one.together:
        return one.together == Together.LAN
    if one.way != "udp" or other.way != "udp" or one.ipv6 != other.ipv6:
        return False
    return _punches(one, other) and _punches(other, one)


def _punches(one: Mode, other: Mode) -> bool:
    """Whether what one sends gets through the other's filter.

    From a mapping that is new for each destination, it comes from a port that the
    other cannot have sent to.
    """
    return one.mapping == "endpoint" or other.filtering != "address and port"
