"""What is read of the relay's own load program, and a real relay under it."""

import base64
import hashlib
import hmac
import time

import pytest

from loadtests.client import Frame, Trouble
from loadtests.turn_load import Way, parse, relay, ways
from tests.services import Turn


def test_one_way_for_each_transport() -> None:
    """As browsers read the URLs (RFC 7065); STUN is no way to relay."""
    servers: list[Frame] = [
        {"urls": ["stun:r.test:3478"]},
        {
            "urls": [
                "turn:r.test:3478?transport=udp",
                "turn:[2001:db8::1]?transport=tcp",
                "turns:r.test:443?transport=tcp",
                "turn:spare.test:3478?transport=udp",
            ],
            "username": "u",
            "credential": "c",
        },
    ]
    found = [(way.transport, way.host, way.port) for way in ways(servers)]
    assert found == [
        ("udp", "r.test", 3478),
        ("tcp", "2001:db8::1", 3478),
        ("tls", "r.test", 443),
    ]


def test_nothing_through_is_told() -> None:
    """With the last words of the program."""
    with pytest.raises(Trouble, match="error 401"):
        parse("0: : Total connect time is 0\n0: : error 401 (Unauthorized)", 1.0)


def credentials(turn: Turn) -> tuple[str, str]:
    """As the service makes them (draft-uberti-behave-turn-rest)."""
    user = f"{int(time.time()) + 600}:load"
    digest = hmac.new(turn.secret.encode(), user.encode(), hashlib.sha1).digest()
    return user, base64.b64encode(digest).decode()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_real_relay_carries_what_is_sent(turn: Turn, transport: str) -> None:
    """Everything comes through an idle relay."""
    way = Way(transport, turn.host, turn.port, *credentials(turn))
    done = relay(way, clients=2, messages=20, size=500, interval_ms=20)
    assert done.received == done.sent == 40
    assert done.received_bytes == 20_000


def test_wrong_credentials_are_told(turn: Turn) -> None:
    """No allocation, no figures."""
    way = Way("udp", turn.host, turn.port, "1:nobody", "wrong")
    with pytest.raises(Trouble):
        relay(way, clients=2, messages=5, size=100, interval_ms=20)
