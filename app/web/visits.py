"""What a customer may do after the join form: a signed cookie for one room."""

import base64
import hashlib
import hmac
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from quart import Response

from app.domain.ids import ParticipantId, RoomId
from app.domain.records import Room
from app.web.security import Cookies


LONGEST_CALL = timedelta(days=1)
"""What DESKSIDE_MAX_CALL_MINUTES allows at most."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has shown that they may enter a room."""

    room: RoomId
    participant: ParticipantId
    name: str


class Visits:
    """Remembers customers in their browsers, for as long as their room lives."""

    def __init__(self, secret: str, cookies: Cookies) -> None:
        self._secret = secret.encode()
        self._signer = URLSafeSerializer(secret, salt="visit")
        self._cookies = cookies

    def admit(self, response: Response, room: Room, name: str, phone: str) -> Visit:
        """Let this browser into the room, under this name."""
        visit = Visit(room.id, self.participant(room.id, phone), name)
        value = str(self._signer.dumps(asdict(visit)))
        # A call that began in time goes on after the room's expiry.
        left = room.expires_at - datetime.now(UTC) + LONGEST_CALL
        seconds = max(1, int(left.total_seconds()))
        self._cookies.put(response, _cookie(room.id), value, seconds)
        return visit

    def read(self, room_id: RoomId) -> Visit | None:
        """Who this browser was admitted as, if it was."""
        try:
            visit = Visit(**self._signer.loads(self._cookies.read(_cookie(room_id))))
        except (BadSignature, TypeError):
            return None
        return visit if visit.room == room_id else None

    def participant(self, room_id: RoomId, phone: str) -> ParticipantId:
        """The same for the same phone in the same room, and telling nothing of it."""
        digest = hmac.digest(self._secret, (room_id + phone).encode(), hashlib.sha256)
        return ParticipantId(base64.urlsafe_b64encode(digest).decode()[:22])


def _cookie(room_id: RoomId) -> str:
    return f"visit-{room_id}"
