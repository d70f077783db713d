"""How each system's own pages speak to it: addresses, frames, what is handed on."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Protocol

from app.domain.commands import Terms
from app.domain.facts import Role
from app.domain.ids import ParticipantId, RoomId
from app.protocol.messages import SUBPROTOCOL
from app.protocol.tickets import SeatTicket, Tickets


Said = tuple[str, bytes]
"""Who says it, and the frame."""

CALL = json.loads(Path(__file__).with_name("call.json").read_text())
"""A real call, as the pages of Chromium said it: see ``record.py``."""

SIDES = ("agent", "customer")
DAY = 86_400.0


class Wire(Protocol):
    """One system's language.

    ``relayed`` are the kinds of frames that come from the other side; ``seated`` is
    the kind with which a side is there; ``over`` that with which the call has ended
    (none where the sides just go); ``beat`` and ``every`` are what an idle page says
    and after how many seconds (``beat`` is an answer where ``beaten`` is asked).
    """

    relayed: frozenset[bytes]
    seated: bytes
    over: bytes | None
    end: bytes | None
    beat: bytes
    beaten: bytes | None
    every: float

    def address(self, port: int, room: str, side: str) -> str:
        """Where the socket is."""

    def headers(self, port: int, side: str) -> Mapping[str, str]:
        """What a browser sends with the request for it."""

    def hello(self, room: str, side: str) -> bytes | None:
        """What takes the seat once the socket is open."""

    def back(self, room: str, side: str, welcome: bytes) -> bytes | None:
        """What takes the seat again on a new socket, after this welcome."""

    def kind(self, frame: bytes) -> bytes:
        """What a frame is."""

    def answer(self, kind: bytes, room: str, side: str) -> bytes | None:
        """What a library says to a frame by itself."""

    def call(self, room: str) -> list[Said]:
        """Everything both sides say from the offer to the last state."""

    def note(self, room: str, side: str) -> bytes:
        """One message for the other side: a candidate."""


def compact(message: Any) -> bytes:
    """JSON as a browser writes it."""
    return json.dumps(message, separators=(",", ":")).encode()


class Deskside:
    """Our own: tickets, seats, candidates collected, states through the room."""

    relayed = frozenset({b"description", b"candidates"})
    seated = b"welcome"
    over: bytes | None = b"ended"
    end: bytes | None = b'{"type":"end"}'
    beat = b'{"type":"ping"}'
    beaten: bytes | None = None
    every = 15.0

    def __init__(self, secret: str) -> None:
        self._tickets = Tickets(secret)
        self._call = [
            (who, compact(message))
            for who, message in CALL["deskside"]
            if message["type"] not in ("join", "end")
        ]
        told = next(m for _, m in CALL["deskside"] if m["type"] == "candidates")
        self._note = compact({**told, "candidates": told["candidates"][:1]})

    def address(self, port: int, room: str, side: str) -> str:
        return f"ws://127.0.0.1:{port}/ws?room={room}"

    def headers(self, port: int, side: str) -> Mapping[str, str]:
        origin = f"http://127.0.0.1:{port}"
        return {"Origin": origin, "Sec-WebSocket-Protocol": SUBPROTOCOL}

    def hello(self, room: str, side: str) -> bytes | None:
        now = time.time()
        ticket = SeatTicket(
            room=RoomId(room),
            role=Role(side),
            participant=ParticipantId(f"{side}-{room}"),
            name=side.title(),
            terms=Terms(
                expires_at=now + DAY,
                no_show_seconds=DAY,
                max_call_seconds=DAY,
                grace_seconds=45.0,
            ),
        )
        signed = self._tickets.seat(ticket, now)
        return compact(
            {"type": "join", "ticket": signed, "instance": token_urlsafe(16)}
        )

    def back(self, room: str, side: str, welcome: bytes) -> bytes | None:
        return compact({"type": "resume", "token": json.loads(welcome)["token"]})

    def kind(self, frame: bytes) -> bytes:
        return frame[9 : frame.index(b'"', 9)]

    def answer(self, kind: bytes, room: str, side: str) -> bytes | None:
        return None

    def call(self, room: str) -> list[Said]:
        return self._call

    def note(self, room: str, side: str) -> bytes:
        return self._note


class PeerJs:
    """PeerJS's own library: a name for each side, each candidate by itself."""

    relayed = frozenset({b"OFFER", b"ANSWER", b"CANDIDATE"})
    seated = b"OPEN"
    over: bytes | None = None
    end: bytes | None = None
    beat = b'{"type":"HEARTBEAT"}'
    beaten: bytes | None = None
    every = 5.0

    def __init__(self) -> None:
        self._note = next(m for _, m in CALL["peerjs"] if m["type"] == "CANDIDATE")

    def address(self, port: int, room: str, side: str) -> str:
        query = f"key=peerjs&id={side}-{room}&token={token_urlsafe(8)}&version=1.5.5"
        return f"ws://127.0.0.1:{port}/peerjs?{query}"

    def headers(self, port: int, side: str) -> Mapping[str, str]:
        return {"Origin": f"http://127.0.0.1:{port}"}

    def hello(self, room: str, side: str) -> bytes | None:
        return None

    def back(self, room: str, side: str, welcome: bytes) -> bytes | None:
        return None

    def kind(self, frame: bytes) -> bytes:
        return frame[9 : frame.index(b'"', 9)]

    def answer(self, kind: bytes, room: str, side: str) -> bytes | None:
        return None

    def call(self, room: str) -> list[Said]:
        return [
            (who, compact({**message, "dst": f"{other(who)}-{room}"}))
            for who, message in CALL["peerjs"]
        ]

    def note(self, room: str, side: str) -> bytes:
        return compact({**self._note, "dst": f"{other(side)}-{room}"})


class SocketIo:
    """A page of one's own on Socket.IO: each candidate by itself, states as events.

    The same RTCPeerConnection as PeerJS's, so the same descriptions and candidates.
    It goes to WebSocket at once; what its library does unless told otherwise, polling
    first, would cost the server more.
    """

    relayed = frozenset({b"offer", b"answer", b"candidate", b"state"})
    seated = b"welcome"
    over: bytes | None = b"ended"
    end: bytes | None = b'42["end",{"reason":"ended"}]'
    beat = b"3"
    beaten: bytes | None = b"2"
    every = 25.0

    def __init__(self, cookies: Mapping[str, str] | None = None) -> None:
        self._cookies = cookies or {}
        self._call = list(_events())
        self._note = next(f for _, f in self._call if b'"candidate"' in f[:14])

    def address(self, port: int, room: str, side: str) -> str:
        return f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"

    def headers(self, port: int, side: str) -> Mapping[str, str]:
        origin = {"Origin": f"http://127.0.0.1:{port}"}
        return origin | ({"Cookie": self._cookies[side]} if self._cookies else {})

    def hello(self, room: str, side: str) -> bytes | None:
        return None

    def back(self, room: str, side: str, welcome: bytes) -> bytes | None:
        return None

    def kind(self, frame: bytes) -> bytes:
        if frame.startswith(b"42"):
            return frame[4 : frame.index(b'"', 4)]
        return frame[:2] if frame.startswith(b"4") else frame[:1]

    def answer(self, kind: bytes, room: str, side: str) -> bytes | None:
        if kind == b"0":
            return b"40"
        if kind == b"40":
            return _event("join", {"room": room})
        return self.beat if kind == self.beaten else None

    def call(self, room: str) -> list[Said]:
        return self._call

    def note(self, room: str, side: str) -> bytes:
        return self._note


def _event(name: str, data: Any) -> bytes:
    return b"42" + compact([name, data])


def _events() -> Iterator[Said]:
    for who, message in CALL["peerjs"]:
        name = message["type"].lower()
        key = "candidate" if name == "candidate" else "sdp"
        yield who, _event(name, message["payload"][key])
    for who in SIDES:
        yield who, _event("state", {"microphone": True, "camera": True})


def other(side: str) -> str:
    """The one that is not this one."""
    return SIDES[1 - SIDES.index(side)]
