"""Signed slips: the right to a seat, and the right to have it back."""

from typing import Any, TypeVar

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from msgspec import Struct

from app.domain.commands import Terms
from app.domain.facts import Role
from app.domain.ids import ParticipantId, RoomId


_T = TypeVar("_T")

TICKET_SECONDS = 120.0
"""How long a ticket is good: the page that asked for it uses it at once."""


class SeatTicket(Struct, frozen=True, kw_only=True):
    """Who may take which seat of which room, on what terms."""

    room: RoomId
    role: Role
    participant: ParticipantId
    name: str
    terms: Terms


class ResumeToken(Struct, frozen=True, kw_only=True):
    """Which seat a page had; ``secret`` is compared with the seat's own."""

    room: RoomId
    role: Role
    secret: str


class BadTicket(ValueError):
    """It was not signed here, or not for this."""


class ExpiredTicket(ValueError):
    """It was good once."""


class _Dated(Struct, frozen=True):
    until: float
    ticket: SeatTicket


class _Serializer(URLSafeSerializer):
    """Never compresses, which took longer than signing; reads what is compressed."""

    def dump_payload(self, obj: Any, *_args: Any, **_options: Any) -> bytes:
        return base64_encode(msgspec.json.encode(obj))

    def load_payload(self, payload: bytes, *_args: Any, **_options: Any) -> Any:
        if payload.startswith(b"."):
            return super().load_payload(payload)
        return msgspec.json.decode(base64_decode(payload))


class Tickets:
    """Signs and reads tickets and resume tokens with the deployment's secret."""

    def __init__(self, secret: str) -> None:
        self._seats = _Serializer(secret, salt="deskside.seat")
        self._resumes = _Serializer(secret, salt="deskside.resume")

    def seat(self, ticket: SeatTicket, now: float) -> str:
        """Sign a ticket, good for TICKET_SECONDS from ``now``."""
        dated = _Dated(now + TICKET_SECONDS, ticket)
        return str(self._seats.dumps(dated))

    def read_seat(self, signed: str, now: float) -> SeatTicket:
        """Read a ticket.

        Raises:
            BadTicket: it was not signed here, or is no ticket.
            ExpiredTicket: its time is over.
        """
        dated = _read(self._seats, signed, _Dated)
        if now > dated.until:
            raise ExpiredTicket
        return dated.ticket

    def resume(self, token: ResumeToken) -> str:
        """Sign a resume token; the room's own rules say how long it is of use."""
        return str(self._resumes.dumps(token))

    def read_resume(self, signed: str) -> ResumeToken:
        """Read a resume token.

        Raises:
            BadTicket: it was not signed here, or is no token.
        """
        return _read(self._resumes, signed, ResumeToken)


def _read(serializer: URLSafeSerializer, signed: str, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(serializer.loads(signed), kind)
    except (BadData, msgspec.DecodeError):
        raise BadTicket from None
