"""Whatever a browser sends, the session answers; it never raises."""

import json
import random

from app.domain.facts import Role
from app.domain.notices import PeerChanged
from app.protocol.messages import ErrorCode
from app.protocol.session import State
from tests.protocol.talk import PAGE, PEER, THERE, Talk, seated, ticket, token


FRAMES = 100_000
FRAMES_A_SESSION = 50

MEDIA = {"microphone": True, "camera": False, "screen": False}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 10.0.0.1 1 typ host", "sdpMid": "0"}
GOOD: list[dict[str, object]] = [
    {"type": "join", "ticket": ticket(), "instance": PAGE},
    {"type": "join", "ticket": ticket(Role.CUSTOMER), "instance": PAGE},
    {"type": "resume", "token": token()},
    {"type": "enter", "media": MEDIA},
    {"type": "media", "media": MEDIA},
    {"type": "description", "description": {"type": "offer", "sdp": "v=0\r\n"}},
    {"type": "candidates", "candidates": [CANDIDATE], "end": True},
    {"type": "restart"},
    {"type": "refresh"},
    {"type": "connected", "after": 0.3, "path": "direct", "protocol": "udp"},
    {"type": "recovered", "gap": 2, "step": "self", "path": "relay", "protocol": "tls"},
    {"type": "trouble", "cause": "offline"},
    {"type": "ping"},
    {"type": "leave"},
    {"type": "end"},
]
ODD: list[object] = [
    None, True, -1, 1e308, 2**70, "", "\u0000", "é" * 300, "\ud800", [], {}, [[]],
    {"type": "offer"}, "x" * 70_000, [None] * 100, {"": {"": {}}},
]  # fmt: skip


def mutated(frame: dict[str, object], chance: random.Random) -> object:
    """Return a frame with something wrong, missing, added or nested."""
    frame = dict(frame)
    key = chance.choice([*frame, "extra"])
    match chance.randrange(4):
        case 0:
            frame[key] = chance.choice(ODD)
        case 1:
            frame.pop(key, None)
        case 2:
            frame[key] = {key: frame.get(key)}
        case _:
            return [frame]
    return frame


def scrambled(text: str, chance: random.Random) -> str:
    """Return a text with some characters cut, doubled or replaced."""
    at = chance.randrange(len(text))
    piece = chance.choice(["", '"', "{", "\\u0000", "\x00", "\ud800", "9" * 400])
    return text[:at] + piece + text[at + chance.randrange(3) :]


def a_frame(chance: random.Random) -> str:
    """Return any frame: good, wrong, scrambled or noise."""
    good = chance.choice(GOOD)
    match chance.randrange(5):
        case 0:
            return json.dumps(good)
        case 1 | 2:
            return json.dumps(mutated(good, chance))
        case 3:
            return scrambled(json.dumps(good), chance)
        case _:
            return "".join(chr(chance.randrange(0x2FFF)) for _ in range(40))


def test_session_takes_any_frames() -> None:
    """100,000 random and mutated frames: errors are answered, none is raised."""
    chance = random.Random(20261120)
    codes: set[str] = set()
    seats = 0
    for _ in range(FRAMES // FRAMES_A_SESSION):
        talk = Talk()
        for _ in range(FRAMES_A_SESSION):
            talk.now += chance.random()
            talk.type(a_frame(chance))
            if talk.session.state is State.JOINING:
                talk.session.receive_notice(seated(talk.session.role or Role.AGENT), 0)
                news = PeerChanged(peer=PEER, peer_address=THERE, started_at=None)
                talk.session.receive_notice(news, talk.now)
                seats += 1
            for frame in talk.frames():
                codes.add(frame.get("code", frame["type"]))
            talk.actions()
    assert seats > 100
    assert {ErrorCode.MALFORMED, ErrorCode.UNKNOWN_TYPE} <= codes
    assert {ErrorCode.NOT_JOINED, ErrorCode.TOO_LARGE, ErrorCode.BAD_TICKET} <= codes
    assert ErrorCode.INTERNAL not in codes
