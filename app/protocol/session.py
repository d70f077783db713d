"""One socket's conversation, without the socket.

The session is driven by three kinds of sources:

- a frame of the browser (see :meth:`Session.receive_text`),
- a notice of the room (see :meth:`Session.receive_notice`, ``receive_refusal``),
- time passing (see :meth:`Session.receive_timer`).

After each of them drain :meth:`Session.actions` and :meth:`Session.texts_to_send`.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

import msgspec
from msgspec import Struct

from app.domain.commands import (
    Command,
    End,
    Enter,
    Join,
    Leave,
    Lost,
    Resume,
    Route,
    SetMedia,
)
from app.domain.errors import Refusal, RefusalCode
from app.domain.facts import Fact, FactKind, Role
from app.domain.ice import IceServer
from app.domain.ids import Address, FactId, RelayId, RoomId
from app.domain.notices import (
    Ended,
    Left,
    Moved,
    Notice,
    PeerChanged,
    Relayed,
    Seated,
    Superseded,
)
from app.domain.relays import Fleet
from app.protocol import messages as wire
from app.protocol.given import Given
from app.protocol.tickets import BadTicket, ExpiredTicket, ResumeToken, Tickets


JOIN_WITHIN = 10.0
"""Seconds in which a new socket must name its seat."""

SILENCE = 40.0
"""Seconds without a frame after which a browser counts as gone."""

BURST, FRAMES_PER_SECOND = 80.0, 20.0
"""The token bucket of frames; a busy start of a call needs about twenty."""

TELLINGS, TELLINGS_PER_SECOND = 20.0, 0.2
"""The token bucket of what a page tells of its media, without its quality."""

QUALITY_EVERY = 8.0
"""Seconds; pages tell their quality every ten."""

PATIENCE = 40
"""Refused frames after which the socket is closed."""


class CloseCode(int, Enum):
    """Why a socket is closed (RFC 6455, section 7.4.2: 4000-4999 are private)."""

    GOING_DOWN = 1012
    DONE = 4000
    RESUME = 4001
    ABUSE = 4002


class Submit(Struct, frozen=True):
    """Have the room decide a command."""

    command: Command


class Post(Struct, frozen=True):
    """Hand a relayed message to the other side's socket, past the room."""

    to: Address
    notice: Relayed


class Tell(Struct, frozen=True):
    """Count, and remember as a fact, what a page tells of its media."""

    message: wire.Telling
    fact: Fact


class HandOut(Struct, frozen=True):
    """Count that a call was given a relay, as its first."""

    relay: RelayId


class Close(Struct, frozen=True):
    """Close the socket once the texts are sent."""

    code: CloseCode


Action = Submit | Post | Tell | HandOut | Close


class State(Enum):
    """Where a session is; it never goes back."""

    NEW = auto()
    JOINING = auto()
    SEATED = auto()
    CLOSED = auto()


_TEXTS = {
    RefusalCode.ROOM_FULL: "This room is full. Ask the agent for a new link.",
    RefusalCode.ROOM_ENDED: "This room has ended.",
    RefusalCode.RESUME_FAILED: "This seat is gone: join with a new ticket.",
    RefusalCode.NOT_SEATED: "You no longer hold this seat.",
}


class _Bucket:
    """A token bucket (time is an argument)."""

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self.burst, self.per_second = burst, per_second
        self.tokens = burst
        self.at = now

    def take(self, now: float) -> bool:
        grown = self.tokens + max(0.0, now - self.at) * self.per_second
        self.tokens, self.at = min(self.burst, grown), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Session:
    """Understands one browser.

    Args:
        address: this socket, unique for all time.
        secret: a random string that becomes the seat's resume secret.
        tickets: reads tickets and resume tokens.
        fleet: returns the relays there are at the moment.
        now: seconds since the epoch, as in every other method.
    """

    def __init__(
        self,
        address: Address,
        secret: str,
        tickets: Tickets,
        fleet: Callable[[], Fleet],
        now: float,
    ) -> None:
        self.address = address
        self.state = State.NEW
        self.room: RoomId | None = None
        self.role: Role | None = None
        self._secret = secret
        self._tickets = tickets
        self._given = Given(fleet)
        self._bucket = _Bucket(BURST, FRAMES_PER_SECOND, now)
        self._tellings = _Bucket(TELLINGS, TELLINGS_PER_SECOND, now)
        self._quality_at = -QUALITY_EVERY
        self._told = 0
        self._refused = 0
        self._since = now
        self._peer: Address | None = None
        self._texts: list[str] = []
        self._actions: list[Action] = []

    # Draining.

    def texts_to_send(self) -> list[str]:
        """Return the frames to send, once."""
        texts, self._texts = self._texts, []
        return texts

    def actions(self) -> list[Action]:
        """Return what is to be done, in order, once."""
        actions, self._actions = self._actions, []
        return actions

    def timer(self) -> float | None:
        """Return when :meth:`receive_timer` is wanted, None after the close."""
        match self.state:
            case State.CLOSED:
                return None
            case State.SEATED:
                return self._since + SILENCE
            case State.NEW | State.JOINING:
                return self._since + JOIN_WITHIN
            case _:
                assert_never(self.state)

    # Receiving.

    def receive_text(self, text: str, now: float) -> None:
        """Take one text frame; anything wrong with it is answered, never raised."""
        if self.state is State.CLOSED:
            return
        if self.state is State.SEATED:
            self._since = now
        if not self._bucket.take(now):
            self._refuse(wire.ErrorCode.TOO_FAST, "Slow down: too many messages.")
            return
        try:
            message = wire.decode(text)
        except wire.Malformed as error:
            self._refuse(error.code, str(error))
            return
        self._understand(message, now)

    def receive_notice(self, notice: Notice, now: float) -> None:
        """Take what the room (or, through it, the other side) says."""
        if self.state is State.CLOSED:
            return
        match notice:
            case Seated():
                self._welcome(notice, now)
            case PeerChanged():
                self._peer = notice.peer_address
                self._send(wire.Peer(peer=notice.peer, started_at=notice.started_at))
                self._follow(notice.relay, now)
            case Relayed():
                # A leftover of an earlier peer would confuse the negotiation.
                if notice.sender == self._peer:
                    self._texts.append(notice.text)
            case Moved() | Superseded() | Left() | Ended():
                self._unseat(notice)
            case _:
                assert_never(notice)

    def receive_refusal(self, refusal: Refusal) -> None:
        """Take the room's no to the command submitted last."""
        code = wire.ErrorCode(refusal.code.value)
        text = _TEXTS[refusal.code]
        if self.state is State.JOINING:
            self._fail(code, text)
        elif self.state is State.SEATED:
            self._refuse(code, text)

    def receive_failure(self) -> None:
        """Take that the room could not be reached: the browser had better resume."""
        if self.state is not State.CLOSED:
            self._send_error(wire.ErrorCode.INTERNAL, "Please resume.", fatal=False)
            self._lose(CloseCode.RESUME)

    def receive_timer(self, now: float) -> None:
        """Take the time; does nothing before :meth:`timer`."""
        due = self.timer()
        if due is not None and now >= due:
            silent = self.state is State.NEW
            self._lose(CloseCode.DONE if silent else CloseCode.RESUME)

    def receive_disconnect(self) -> None:
        """Take that the socket is gone."""
        self._lose(None)

    def say_goodbye(self, after: float) -> None:
        """Send the browser to another node, ``after`` so many seconds."""
        if self.state is not State.CLOSED:
            self._send(wire.Goodbye(after=after))
            self._lose(CloseCode.GOING_DOWN)

    def wants_relays(self, now: float) -> bool:
        """Whether its browser has a relay that goes; then see :meth:`move_relays`."""
        return self.state is State.SEATED and self._given.is_lost(self._seat()[0], now)

    def move_relays(self, now: float) -> None:
        """Send the browser to other relays, if it still has one that goes."""
        if self.wants_relays(now):
            self._send_ice(now, move=True)

    def ask_to_resume(self) -> None:
        """Have the browser resume at once: letters to it may have been lost."""
        self._lose(CloseCode.RESUME)

    # Understanding.

    def _understand(self, message: wire.FromBrowser, now: float) -> None:
        if isinstance(message, wire.PingMessage):
            self._send(wire.Pong())
        elif isinstance(message, wire.JoinMessage | wire.ResumeMessage):
            self._take_seat(message, now)
        elif self.state is not State.SEATED:
            self._refuse(wire.ErrorCode.NOT_JOINED, "Join first.")
        elif isinstance(message, wire.ForPeer):
            self._relay(message)
        elif isinstance(message, wire.RefreshMessage):
            self._refresh(message, now)
        elif isinstance(message, wire.Telling):
            self._hear(message, now)
        else:
            self._submit(message)

    def _take_seat(
        self, message: wire.JoinMessage | wire.ResumeMessage, now: float
    ) -> None:
        if self.state is not State.NEW:
            self._refuse(wire.ErrorCode.ALREADY_JOINED, "This socket has joined.")
            return
        try:
            command = self._seat_command(message, now)
        except ExpiredTicket:
            self._fail(wire.ErrorCode.EXPIRED_TICKET, "This ticket is too old.")
        except BadTicket:
            self._fail(wire.ErrorCode.BAD_TICKET, "This ticket is not good here.")
        else:
            self.room, self.role = command.room, command.role
            self.state = State.JOINING
            self._actions.append(Submit(command))

    def _seat_command(
        self, message: wire.JoinMessage | wire.ResumeMessage, now: float
    ) -> Join | Resume:
        if isinstance(message, wire.ResumeMessage):
            token = self._tickets.read_resume(message.token)
            return Resume(
                room=token.room,
                role=token.role,
                secret=token.secret,
                address=self.address,
            )
        ticket = self._tickets.read_seat(message.ticket, now)
        return Join(
            room=ticket.room,
            role=ticket.role,
            participant=ticket.participant,
            name=ticket.name,
            address=self.address,
            instance=message.instance,
            secret=self._secret,
            terms=ticket.terms,
            relay=self._given.first(ticket.room, now),
        )

    def _relay(self, message: wire.ForPeer | wire.TroubleMessage) -> None:
        if self._peer is None:
            self._refuse(wire.ErrorCode.NO_PEER, "Nobody is there.")
            return
        # Written anew from what was understood: nothing unchecked passes through.
        text = wire.encode(message)
        self._actions.append(Post(self._peer, Relayed(self.address, text)))

    def _hear(self, message: wire.Telling, now: float) -> None:
        if not self._is_worth_telling(message, now):
            return
        self._actions.append(Tell(message, self._fact(message, now)))
        if isinstance(message, wire.TroubleMessage) and self._peer is not None:
            self._relay(message)

    def _is_worth_telling(self, message: wire.Telling, now: float) -> bool:
        """Too much is passed over without a word: a page in trouble has enough."""
        if isinstance(message, wire.QualityMessage):
            if abs(now - self._quality_at) < QUALITY_EVERY:
                return False
            self._quality_at = now
            return True
        if isinstance(message, wire.ConnectedMessage | wire.NotConnectedMessage):
            # One side is enough, and the customer's could be anybody's.
            return self.role is Role.AGENT and self._tellings.take(now)
        return self._tellings.take(now)

    def _fact(self, message: wire.Telling, now: float) -> Fact:
        room, role = self._seat()
        self._told += 1
        data = msgspec.to_builtins(message)
        kind = FactKind(data.pop("type"))
        return Fact(
            # A socket's name is unique; `t` keeps it apart from what the room decides.
            id=FactId(f"{room}.{self.address.connection}.t{self._told}"),
            room=room,
            at=now,
            kind=kind,
            role=role,
            data=data,
        )

    def _refresh(self, message: wire.RefreshMessage, now: float) -> None:
        room, role = self._seat()
        # The customer is the one who may be far away; agents sit where relays are.
        if message.round_trips and role is Role.CUSTOMER:
            self._given.round_trips = message.round_trips
        first = self._given.first(room, now)
        if message.round_trips and first and first != self._given.keep:
            self._actions.append(
                Submit(Route(room=room, role=role, address=self.address, relay=first))
            )
        self._send_ice(now)

    def _follow(self, relay: RelayId | None, now: float) -> None:
        """Use the relay that the room has now, as the other side does."""
        if relay and relay != self._given.keep:
            self._given.keep = relay
            if self._given.relays[:1] != (relay,):
                self._send_ice(now)

    def _submit(
        self,
        message: (
            wire.EnterMessage | wire.MediaMessage | wire.LeaveMessage | wire.EndMessage
        ),
    ) -> None:
        room, role, address = *self._seat(), self.address
        match message:
            case wire.EnterMessage(media):
                command: Command = Enter(
                    room=room, role=role, address=address, media=media
                )
            case wire.MediaMessage(media):
                command = SetMedia(room=room, role=role, address=address, media=media)
            case wire.LeaveMessage():
                command = Leave(room=room, role=role, address=address)
            case wire.EndMessage():
                command = End(room=room, role=role, address=address)
            case _:
                assert_never(message)
        self._actions.append(Submit(command))

    # Answering.

    def _welcome(self, notice: Seated, now: float) -> None:
        room, role = self._seat()
        self.state = State.SEATED
        self._since = now
        self._peer = notice.peer_address
        self._given.keep = notice.relay
        token = ResumeToken(room=room, role=role, secret=notice.secret)
        self._send(
            wire.Welcome(
                room=room,
                role=role,
                name=notice.name,
                token=self._tickets.resume(token),
                resumed=notice.resumed,
                polite=role is Role.CUSTOMER,
                heartbeat=wire.HEARTBEAT,
                grace=notice.grace,
                ice_servers=self._ice(now),
                ice_expires_in=self._given.ttl,
                peer=notice.peer,
                media=notice.media,
                entered=notice.entered,
                started_at=notice.started_at,
                now=now,
                measure=self._to_measure(notice, now),
            )
        )

    def _to_measure(self, notice: Seated, now: float) -> tuple[wire.Measured, ...]:
        if notice.role is Role.AGENT or notice.entered:
            return ()
        return self._given.to_measure(now)

    def _unseat(self, notice: Moved | Superseded | Left | Ended) -> None:
        match notice:
            case Moved():
                self._send(wire.MovedMessage())
            case Left():
                self._send(wire.LeftMessage())
            case Ended():
                self._send(wire.EndedMessage(notice.reason))
            case Superseded():
                pass  # The page listens on its newer socket.
            case _:
                assert_never(notice)
        self._close(CloseCode.DONE)

    def _refuse(self, code: wire.ErrorCode, text: str) -> None:
        self._refused += 1
        if self._refused > PATIENCE:
            self._send_error(code, text, fatal=True)
            self._lose(CloseCode.ABUSE)
        else:
            self._send_error(code, text, fatal=False)

    def _fail(self, code: wire.ErrorCode, text: str) -> None:
        self._send_error(code, text, fatal=True)
        self._close(CloseCode.DONE)

    def _send_error(self, code: wire.ErrorCode, text: str, fatal: bool) -> None:
        self._send(wire.ErrorMessage(code, text, fatal))

    def _lose(self, code: CloseCode | None) -> None:
        """Give the socket up; the room is told, and keeps the seat for the grace."""
        if self.state in (State.JOINING, State.SEATED):
            room, role = self._seat()
            self._actions.append(
                Submit(Lost(room=room, role=role, address=self.address))
            )
        if code is not None:
            self._close(code)
        self.state = State.CLOSED

    def _close(self, code: CloseCode) -> None:
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self._actions.append(Close(code))

    def _send(self, message: wire.ServerMessage) -> None:
        self._texts.append(wire.encode(message))

    def _send_ice(self, now: float, *, move: bool = False) -> None:
        servers = self._ice(now, move=move)
        self._send(wire.Ice(ice_servers=servers, expires_in=self._given.ttl, move=move))

    def _ice(self, now: float, *, move: bool = False) -> tuple[IceServer, ...]:
        before = self._given.relays[:1]
        servers = self._given.servers(*self._seat(), now, move=move)
        if self._given.relays[:1] not in (before, ()):
            self._actions.append(HandOut(self._given.relays[0]))
        return servers

    def _seat(self) -> tuple[RoomId, Role]:
        assert self.room is not None and self.role is not None  # noqa: S101, PT018
        return self.room, self.role
