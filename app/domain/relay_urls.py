"""STUN and TURN URLs, in their parts."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit


TURN_PORT, TURNS_PORT = 3478, 5349  # RFC 7064 and 7065, section 3.2
WEB_PORT = 443
"""Where networks that know only pages let TLS through."""


@dataclass(frozen=True, slots=True)
class RelayUrl:
    """A STUN or TURN URL (RFC 7064, RFC 7065), in its parts."""

    text: str
    scheme: str
    host: str
    port: int
    transport: str

    @property
    def secure(self) -> bool:
        return self.scheme == "turns"

    @property
    def tcp(self) -> bool:
        return self.transport == "tcp"

    @property
    def relays(self) -> bool:
        """Whether it is more than STUN."""
        return self.scheme in ("turn", "turns")

    @property
    def way(self) -> str:
        """How media goes there: udp, tcp, tls; or stun, where none does."""
        if not self.relays:
            return "stun"
        return "tls" if self.secure else self.transport

    @classmethod
    def of(cls, url: str) -> "RelayUrl":
        """Read a URL, with what it leaves out as the RFCs have it."""
        scheme, _colon, rest = url.partition(":")
        where, _mark, query = rest.partition("?")
        parts = urlsplit(f"//{where}")
        secure = scheme == "turns"
        transport = query.removeprefix("transport=") or ("tcp" if secure else "udp")
        port = parts.port or (TURNS_PORT if secure else TURN_PORT)
        return cls(url, scheme, parts.hostname or "", port, transport)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a relay listens: its host, and the ports of each way."""

    host: str
    udp: tuple[int, ...] = (TURN_PORT,)
    tcp: tuple[int, ...] = (TURN_PORT,)
    tls: tuple[int, ...] = (WEB_PORT, TURNS_PORT)

    @property
    def urls(self) -> tuple[str, ...]:
        """What browsers are given; STUN where there is UDP."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return (
            *(f"stun:{name}:{port}" for port in self.udp[:1]),
            *(f"turn:{name}:{port}?transport=udp" for port in self.udp),
            *(f"turn:{name}:{port}?transport=tcp" for port in self.tcp),
            *(f"turns:{name}:{port}?transport=tcp" for port in self.tls),
        )

    @classmethod
    def of(cls, urls: Iterable[str]) -> "Doors":
        """Read the URLs of one relay."""
        read = [RelayUrl.of(url) for url in urls]

        def ports(way: str) -> tuple[int, ...]:
            return tuple(dict.fromkeys(url.port for url in read if url.way == way))

        host = read[0].host if read else ""
        return cls(host, ports("udp"), ports("tcp"), ports("tls"))
