"""How a NAT behaves, found from behind it by STUN (RFC 5780, sections 4.3 and 4.4)."""

import socket
from dataclasses import dataclass
from typing import Any

from aioice.stun import Class, Message, Method, parse_message

from tests.network.lab.modes import Behaviour


Address = tuple[str, int]

PORT, OTHER_PORT = 3478, 3479
CHANGE_ADDRESS_AND_PORT, CHANGE_PORT = 6, 2
TRIES, SECONDS = 3, 0.3
BUFFER = 2048


@dataclass(frozen=True)
class Found:
    """What the probe saw; without UDP, nothing."""

    mapping: Behaviour | None
    filtering: Behaviour | None
    mapped: str = ""
    """The address the NAT has outside."""


def probe(server: str, other: str) -> Found:
    """Ask a server that has two addresses."""
    with _socket() as asking:
        first = _ask(asking, (server, PORT))
        if first is None:
            return Found(None, None)
        # Before the other address is sent to: some filters then let it in.
        filtering = _filtering(server)
        further = [
            _ask(asking, place)
            for place in ((server, OTHER_PORT), (other, PORT), (other, OTHER_PORT))
        ]
    return Found(_mapping([first, *further]), filtering, first[0])


def _mapping(mapped: list[Address | None]) -> Behaviour:
    """Whether the same socket is seen as the same: port, address, both changed."""
    if len(set(mapped)) == 1:
        return "endpoint"
    return "address" if mapped[0] == mapped[1] else "address and port"


def _filtering(server: str) -> Behaviour:
    """Who gets an answer through: somebody else, or the same from another port."""
    with _socket() as asking:
        place = (server, PORT)
        _ask(asking, place)
        if _ask(asking, place, CHANGE_ADDRESS_AND_PORT):
            return "endpoint"
        return "address" if _ask(asking, place, CHANGE_PORT) else "address and port"


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", 0))
    made.settimeout(SECONDS)
    return made


def _ask(asking: socket.socket, place: Address, change: int = 0) -> Address | None:
    """Where a server sees us; None if no answer comes."""
    for _ in range(TRIES):
        request = Message(Method.BINDING, Class.REQUEST)
        if change:
            request.attributes["CHANGE-REQUEST"] = change
        try:
            asking.sendto(bytes(request), place)
            while True:
                answer = parse_message(asking.recv(BUFFER))
                if answer.transaction_id == request.transaction_id:
                    return _seen(answer.attributes)
        except OSError:
            continue
    return None


def _seen(attributes: dict[str, Any]) -> Address:
    seen: Address = attributes["XOR-MAPPED-ADDRESS"]
    return seen
