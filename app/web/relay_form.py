"""A relay as somebody types it: in the form of the page, or after the command."""

import ipaddress
import re
from collections.abc import Callable
from typing import TypeVar

from app.domain.relay_urls import Doors
from app.domain.relays import NewRelay, Relay
from app.web.forms import Data, Errors, limited, line, required
from app.web.i18n import gettext as _


T = TypeVar("T")

NAME, REGION, HOST = 60, 40, 253
MOST_PORTS = 4
MOST_WEIGHT, MOST_CAPACITY = 1000, 1_000_000

_HOST = re.compile(
    r"(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)


def empty() -> dict[str, str]:
    """What the form shows at first: a relay as our playbook sets it up."""
    return _shown(Doors("")) | {"weight": "100"}


def filled(relay: Relay) -> dict[str, str]:
    """What the form shows of a relay that is there."""
    return _shown(Doors.of(relay.urls)) | {
        "name": relay.name,
        "region": relay.region,
        "weight": str(relay.weight),
        "capacity": str(relay.capacity or ""),
    }


def read(data: Data) -> NewRelay | Errors:
    """Check ``name``, ``host``, ``region``, ``udp``, ``tcp``, ``tls`` (ports),
    ``weight`` and ``capacity``.
    """
    errors: Errors = {}

    def take(name: str, reader: Callable[[str], T], otherwise: T) -> T:
        try:
            return reader(data.get(name) or "")
        except ValueError as wrong:
            errors[name] = str(wrong)
            return otherwise

    doors = Doors(
        take("host", host, ""),
        udp=take("udp", ports, ()),
        tcp=take("tcp", ports, ()),
        tls=take("tls", ports, ()),
    )
    if not (
        doors.udp or doors.tcp or doors.tls or errors.keys() & {"udp", "tcp", "tls"}
    ):
        errors["udp"] = _("Name at least one port, of UDP, TCP or TLS.")
    new = NewRelay(
        name=take("name", required(line, NAME), ""),
        urls=doors.urls,
        region=take("region", limited(line, REGION), ""),
        weight=take("weight", whole(1, MOST_WEIGHT), 100),
        capacity=take("capacity", lambda text: whole(0, MOST_CAPACITY)(text or "0"), 0),
    )
    return errors or new


def host(text: str) -> str:
    """A name or an address, without anything around it."""
    text = required(line, HOST)(text).lower().strip("[]")
    if _HOST.fullmatch(text) or _is_address(text):
        return text
    wrong = _("This is neither a name nor an address. Example: %(example)s")
    raise ValueError(wrong % {"example": "turn1.example.org"})


def ports(text: str) -> tuple[int, ...]:
    """Some ports, separated by commas or blanks; maybe none."""
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if len(parts) > MOST_PORTS:
        raise ValueError(_("Use at most %(most)d ports.") % {"most": MOST_PORTS})
    return tuple(dict.fromkeys(whole(1, 65535)(part) for part in parts))


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two bounds, both allowed."""

    def take(text: str) -> int:
        text = text.strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            number = int(text)
            if least <= number <= most:
                return number
        wrong = _("Use a whole number from %(least)s to %(most)s.")
        raise ValueError(wrong % {"least": least, "most": most})

    return take


def _shown(doors: Doors) -> dict[str, str]:
    def joined(numbers: tuple[int, ...]) -> str:
        return ", ".join(map(str, numbers))

    return {
        "host": doors.host,
        "udp": joined(doors.udp),
        "tcp": joined(doors.tcp),
        "tls": joined(doors.tls),
    }


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
