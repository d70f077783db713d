"""A session and a browser that types at it: a vocabulary for protocol tests."""

import json
from typing import Any

from app.domain.commands import Command
from app.domain.facts import Role
from app.domain.ids import Address, ConnectionId, NodeId, ParticipantId, RelayId
from app.domain.notices import Media, PeerView, Seated, Stage
from app.domain.relays import Fleet
from app.protocol.session import Action, Session, Submit
from app.protocol.tickets import ResumeToken, SeatTicket, Tickets
from tests.domain.fleet import known
from tests.domain.table import ROOM, TERMS


SECRET = "a secret of the tests, long enough"
TICKETS = Tickets(SECRET)
FLEET = Fleet(
    known=(known("a", urls=("stun:relay.test", "turn:relay.test")),), secret="shared"
)
HERE = Address(NodeId("n1"), ConnectionId("here"))
THERE = Address(NodeId("n2"), ConnectionId("there"))
PAGE = "page-0123456789abcdef"
NOW = 1000.0

PEER = PeerView(
    role=Role.CUSTOMER,
    name="Customer",
    stage=Stage.CHECKING,
    connected=True,
    instance=PAGE,
    generation=1,
    media=Media(),
)


def ticket(role: Role = Role.AGENT, now: float = NOW) -> str:
    """Return a signed ticket for a seat."""
    return TICKETS.seat(
        SeatTicket(
            room=ROOM,
            role=role,
            participant=ParticipantId(role),
            name=role.title(),
            terms=TERMS,
        ),
        now,
    )


def token(secret: str = "kept") -> str:
    """Return a signed resume token."""
    return TICKETS.resume(ResumeToken(room=ROOM, role=Role.AGENT, secret=secret))


def seated(
    role: Role = Role.AGENT,
    peer: PeerView | None = None,
    peer_address: Address | None = None,
    relay: RelayId | None = None,
) -> Seated:
    """Return the notice that a seat was taken."""
    return Seated(
        role=role,
        name=role.title(),
        secret="secret",
        resumed=False,
        entered=False,
        media=Media(),
        grace=45.0,
        started_at=None,
        peer=peer,
        peer_address=peer_address,
        relay=relay,
    )


class Talk:
    """One session under test; times are literal, nothing waits."""

    def __init__(self, fleet: Fleet = FLEET) -> None:
        self.fleet = fleet
        self.session = Session(HERE, "secret", TICKETS, lambda: self.fleet, NOW)
        self.now = NOW

    def say(self, kind: str, **fields: Any) -> "Talk":
        """Have the browser send a message."""
        return self.type(json.dumps({"type": kind, **fields}))

    def type(self, text: str) -> "Talk":
        """Have the browser send a frame."""
        self.session.receive_text(text, self.now)
        return self

    def join(self, role: Role = Role.AGENT, with_peer: bool = False) -> "Talk":
        """Join and be welcomed, with nothing left to drain."""
        self.say("join", ticket=ticket(role), instance=PAGE)
        peer = (PEER, THERE) if with_peer else (None, None)
        self.session.receive_notice(seated(role, *peer), self.now)
        self.frames()
        self.actions()
        return self

    def frames(self) -> list[dict[str, Any]]:
        """Return what the browser gets to read."""
        return [json.loads(text) for text in self.session.texts_to_send()]

    def frame(self) -> dict[str, Any]:
        """Return the one frame the browser gets to read."""
        (frame,) = self.frames()
        return frame

    def actions(self) -> list[Action]:
        """Return what is to be done."""
        return self.session.actions()

    def command(self) -> Command:
        """Return the one command that was submitted."""
        (action,) = self.actions()
        assert isinstance(action, Submit)
        return action.command

    def error(self) -> str:
        """Return the code of the one error the browser gets."""
        frame = self.frame()
        assert frame["type"] == "error"
        assert frame["text"]
        return str(frame["code"])
