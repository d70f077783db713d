"""A room at a table: a small vocabulary for tests of the rules."""

from itertools import count

from app.domain.commands import (
    Command,
    End,
    Enter,
    Join,
    Leave,
    Lost,
    Open,
    Resume,
    SetMedia,
    Terms,
    Tick,
)
from app.domain.errors import Refusal, RefusalCode
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import Address, ConnectionId, NodeId, ParticipantId, RoomId
from app.domain.notices import Media, Notice
from app.domain.room import Outcome, Room, Seat, decide


ROOM = RoomId("room")
TERMS = Terms(
    expires_at=10_000.0,
    no_show_seconds=600.0,
    max_call_seconds=3600.0,
    grace_seconds=45.0,
)
AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
SENDING = Media(microphone=True, camera=True)


def address(name: str, node: str = "n1") -> Address:
    """Return a socket's address."""
    return Address(NodeId(node), ConnectionId(name))


class Table:
    """Runs commands on one room and remembers what came of them."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.room: Room | None = None
        self.outcome: Outcome | None = None
        self.facts: list[Fact] = []
        self._names = count(1)

    # Acting.

    def do(self, command: Command) -> Outcome:
        """Decide and keep the outcome."""
        self.outcome = decide(self.room, command, self.now)
        self.room = self.outcome.room
        self.facts.extend(self.outcome.facts)
        return self.outcome

    def open(self) -> Outcome:
        """Make the room."""
        return self.do(Open(room=ROOM, terms=TERMS, incarnation="first"))

    def join(
        self,
        role: Role,
        who: str | None = None,
        instance: str | None = None,
        node: str = "n1",
    ) -> Address:
        """Have someone sit down; return the new socket."""
        number = next(self._names)
        socket = address(f"{role}-{number}", node)
        self.do(
            Join(
                room=ROOM,
                role=role,
                participant=ParticipantId(who or role),
                name=(who or role).title(),
                address=socket,
                instance=instance or f"page-{number}",
                secret=f"secret-{number}",
                terms=TERMS,
            )
        )
        return socket

    def enter(self, role: Role, media: Media = SENDING) -> Outcome:
        """Go from the check to the call."""
        return self.do(Enter(room=ROOM, role=role, address=self.at(role), media=media))

    def show(self, role: Role, media: Media) -> Outcome:
        """Switch something on or off."""
        at = self.at(role)
        return self.do(SetMedia(room=ROOM, role=role, address=at, media=media))

    def lose(self, role: Role, at: Address | None = None) -> Outcome:
        """Lose a socket."""
        return self.do(Lost(room=ROOM, role=role, address=at or self.at(role)))

    def resume(
        self, role: Role, secret: str | None = None, node: str = "n1"
    ) -> Address:
        """Come back on a new socket; return it."""
        socket = address(f"{role}-{next(self._names)}", node)
        secret = secret or self.seat(role).secret
        self.do(Resume(room=ROOM, role=role, secret=secret, address=socket))
        return socket

    def leave(self, role: Role) -> Outcome:
        """Give the seat back."""
        return self.do(Leave(room=ROOM, role=role, address=self.at(role)))

    def end(self, role: Role) -> Outcome:
        """Press End call."""
        return self.do(End(room=ROOM, role=role, address=self.at(role)))

    def wait(self, seconds: float) -> Outcome:
        """Let time pass, then tick."""
        self.now += seconds
        return self.do(Tick(room=ROOM))

    def talk(self) -> None:
        """Bring both into the call."""
        self.join(AGENT)
        self.join(CUSTOMER)
        self.enter(AGENT)
        self.enter(CUSTOMER)

    # Looking.

    def seat(self, role: Role) -> Seat:
        """Return who sits there."""
        assert self.room is not None
        return self.room.seats[role]

    def at(self, role: Role) -> Address:
        """Return the socket of a seat."""
        return self.seat(role).address

    def heard(self, socket: Address) -> list[Notice]:
        """Return what the last command said to a socket."""
        assert self.outcome is not None
        return [notice for to, notice in self.outcome.letters if to == socket]

    def kinds(self) -> list[FactKind]:
        """Return what has happened so far."""
        return [fact.kind for fact in self.facts]


def refused(code: RefusalCode) -> "_Refused":
    """Expect a refusal: ``with refused(RefusalCode.ROOM_FULL): …``."""
    return _Refused(code)


class _Refused:
    def __init__(self, code: RefusalCode) -> None:
        self.code = code

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        assert isinstance(error, Refusal), f"nothing was refused, but {error!r}"
        assert error.code is self.code
        return True
