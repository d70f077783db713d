"""The rules of a room: two seats, one call, an end."""

from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from app.domain.commands import (
    Command,
    End,
    Enter,
    Join,
    Leave,
    Lost,
    Open,
    Resume,
    Route,
    SetMedia,
    Terms,
    Tick,
)
from app.domain.errors import NoRoom, Refusal, RefusalCode
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import (
    Address,
    FactId,
    NodeId,
    ParticipantId,
    RelayId,
    RoomId,
)
from app.domain.notices import (
    Ended,
    EndReason,
    Left,
    Media,
    Moved,
    Notice,
    PeerChanged,
    PeerView,
    Seated,
    Stage,
    Superseded,
)


class Seat(Struct, frozen=True, kw_only=True):
    """Who sits there, and on which socket.

    ``secret`` lets the same page resume, ``generation`` counts its sockets, and
    ``lost_at`` is when the last socket went (None while there is one).
    """

    participant: ParticipantId
    name: str
    secret: str
    instance: str
    address: Address
    generation: int
    stage: Stage = Stage.CHECKING
    media: Media = Media()
    lost_at: float | None = None


class Room(Struct, frozen=True, kw_only=True):
    """Everything a room remembers while it lives; times in seconds since the epoch.

    ``waiting_since`` runs while somebody is here and the two are not both present;
    ``sockets`` counts every socket ever seated, so a generation never comes twice.
    ``relay`` is the one that both sides are given first, as long as it is good.
    """

    id: RoomId
    terms: Terms
    incarnation: str
    seats: dict[Role, Seat] = {}
    sockets: int = 0
    facts: int = 0
    waiting_since: float | None = None
    started_at: float | None = None
    ended: EndReason | None = None
    relay: RelayId | None = None


class Outcome(Struct, frozen=True):
    """What a command comes to: stored, delivered and remembered together."""

    room: Room
    letters: tuple[tuple[Address, Notice], ...] = ()
    facts: tuple[Fact, ...] = ()


_NO_TERMS = Terms(
    expires_at=0.0, no_show_seconds=0.0, max_call_seconds=0.0, grace_seconds=0.0
)


def decide(room: Room | None, command: Command, now: float) -> Outcome:
    """Apply one command to a room.

    Raises:
        Refusal: the rules say no; nothing is to be stored.
        NoRoom: the command needs a room that does not exist.
    """
    if room is None:
        room = _made(command)
    if room.ended is not None:
        return _after_the_end(room, command)
    change = _Change(room, now)
    if room.facts == 0:
        change.remember(FactKind.OPENED)
    _apply(change, command)
    _settle(change)
    letters = tuple(_letters(room, change.room, command))
    return Outcome(change.room, letters, tuple(change.facts))


def deadline(room: Room) -> float | None:
    """Return when the room must be ticked next, or None when it is over."""
    if room.ended is not None:
        return None
    return min(when for when, _ in _alarms(room))


def holders(room: Room | None) -> frozenset[NodeId]:
    """Return the nodes whose death would cost this room a socket."""
    seats = room.seats.values() if room else ()
    return frozenset(seat.address.node for seat in seats if seat.lost_at is None)


def _made(command: Command) -> Room:
    match command:
        case Open():
            return Room(
                id=command.room, terms=command.terms, incarnation=command.incarnation
            )
        case Join():
            # A socket's name is unique, so it can name the making of the room too.
            return Room(
                id=command.room,
                terms=command.terms,
                incarnation=command.address.connection,
            )
        case End(incarnation=str(incarnation)):
            return Room(id=command.room, terms=_NO_TERMS, incarnation=incarnation)
        case Resume():
            # The live state was lost: the page must show a ticket once more.
            raise Refusal(RefusalCode.RESUME_FAILED)
        case _:
            raise NoRoom(command.room)


def _after_the_end(room: Room, command: Command) -> Outcome:
    if isinstance(command, Join | Resume):
        raise Refusal(RefusalCode.ROOM_ENDED)
    return Outcome(room)


def _apply(change: "_Change", command: Command) -> None:
    match command:
        case Open():
            pass
        case Join():
            _join(change, command)
        case Resume():
            _resume(change, command)
        case Enter() | SetMedia() | Route():
            _say(change, command)
        case Leave() | End():
            _go(change, command)
        case Lost():
            _lose(change, command)
        case Tick():
            _tick(change)
        case _:
            assert_never(command)


class _Change:
    """A room being changed, and the facts of it."""

    def __init__(self, room: Room, now: float) -> None:
        self.room = room
        self.now = now
        self.facts: list[Fact] = []

    def seat(self, role: Role) -> Seat | None:
        return self.room.seats.get(role)

    def put(self, role: Role, seat: Seat | None) -> None:
        seats = {key: held for key, held in self.room.seats.items() if key is not role}
        self.room = replace(self.room, seats=seats | ({role: seat} if seat else {}))

    def next_socket(self) -> int:
        self.room = replace(self.room, sockets=self.room.sockets + 1)
        return self.room.sockets

    def remember(
        self, kind: FactKind, role: Role | None = None, **data: str | bool | None
    ) -> None:
        number = self.room.facts + 1
        self.room = replace(self.room, facts=number)
        self.facts.append(
            Fact(
                id=FactId(f"{self.room.id}.{self.room.incarnation}.{number}"),
                room=self.room.id,
                at=self.now,
                kind=kind,
                role=role,
                data={**data},
            )
        )

    def end(self, reason: EndReason) -> None:
        self.room = replace(self.room, ended=reason, seats={}, waiting_since=None)
        self.remember(FactKind.ENDED, reason=reason.value)


def _held(change: _Change, role: Role, address: Address) -> Seat:
    seat = change.seat(role)
    if seat is None or seat.address != address:
        raise Refusal(RefusalCode.NOT_SEATED)
    return seat


def _join(change: _Change, command: Join) -> None:
    held = change.seat(command.role)
    if held is not None and held.participant != command.participant:
        raise Refusal(RefusalCode.ROOM_FULL)
    same_page = held is not None and held.instance == command.instance
    seat = Seat(
        participant=command.participant,
        name=command.name,
        secret=command.secret,
        instance=command.instance,
        address=command.address,
        generation=change.next_socket(),
        # The same page joins anew after a lost resume: its call goes on as it was.
        stage=held.stage if held and same_page else Stage.CHECKING,
        media=held.media if held and same_page else Media(),
    )
    change.put(command.role, seat)
    change.room = replace(change.room, relay=change.room.relay or command.relay)
    kind = _kind_of_join(held, same_page)
    who = {"name": command.name, "participant": command.participant}
    change.remember(kind, command.role, **who)


def _kind_of_join(held: Seat | None, same_page: bool) -> FactKind:
    if held is None:
        return FactKind.JOINED
    return FactKind.RESUMED if same_page else FactKind.MOVED


def _resume(change: _Change, command: Resume) -> None:
    seat = change.seat(command.role)
    if seat is None or seat.secret != command.secret:
        raise Refusal(RefusalCode.RESUME_FAILED)
    change.put(
        command.role,
        replace(
            seat,
            address=command.address,
            generation=change.next_socket(),
            lost_at=None,
        ),
    )
    change.remember(FactKind.RESUMED, command.role)


def _say(change: _Change, command: Enter | SetMedia | Route) -> None:
    seat = _held(change, command.role, command.address)
    if isinstance(command, Route):
        change.room = replace(change.room, relay=command.relay)
    else:
        _show(change, command, seat)


def _show(change: _Change, command: Enter | SetMedia, seat: Seat) -> None:
    seat = replace(seat, media=command.media)
    if isinstance(command, Enter) and seat.stage is not Stage.PRESENT:
        seat = replace(seat, stage=Stage.PRESENT)
        change.remember(FactKind.ENTERED, command.role)
    change.put(command.role, seat)


def _go(change: _Change, command: Leave | End) -> None:
    if command.address is not None:
        _held(change, command.role, command.address)
    ends_it = isinstance(command, End) and command.role is Role.AGENT
    if ends_it or _talking(change.room):
        change.end(_ended_by(command.role))
        return
    # A customer who gives up waiting may come back: the link stays good.
    change.put(command.role, None)
    change.remember(FactKind.LEFT, command.role, lapsed=False)


def _ended_by(role: Role) -> EndReason:
    if role is Role.AGENT:
        return EndReason.ENDED_BY_AGENT
    return EndReason.ENDED_BY_CUSTOMER


def _lose(change: _Change, command: Lost) -> None:
    seat = change.seat(command.role)
    if seat is None or seat.address != command.address or seat.lost_at is not None:
        return  # Old news: the person has moved on, or gone.
    change.put(command.role, replace(seat, lost_at=change.now))
    change.remember(FactKind.LOST, command.role)


def _tick(change: _Change) -> None:
    alarms = sorted(_alarms(change.room), key=lambda alarm: alarm[0])
    for due in [due for when, due in alarms if when <= change.now]:
        if isinstance(due, EndReason):
            change.end(due)
            return
        change.put(due, None)
        change.remember(FactKind.LEFT, due, lapsed=True)


def _alarms(room: Room) -> Iterator[tuple[float, EndReason | Role]]:
    """Yield what is to happen when: an end, or the lapse of a lost seat."""
    terms = room.terms
    for role, seat in room.seats.items():
        if seat.lost_at is not None:
            yield seat.lost_at + terms.grace_seconds, role
    if not room.seats:
        yield terms.expires_at, EndReason.EXPIRED
    if room.waiting_since is not None:
        yield room.waiting_since + terms.no_show_seconds, EndReason.NO_SHOW
    if room.started_at is not None:
        yield room.started_at + terms.max_call_seconds, EndReason.TOO_LONG


def _talking(room: Room) -> bool:
    return len(room.seats) == len(Role) and all(
        seat.stage is Stage.PRESENT for seat in room.seats.values()
    )


def _settle(change: _Change) -> None:
    """Bring clock and call in line with who sits where."""
    room = change.room
    if room.ended is not None:
        return
    if not room.seats and room.started_at is not None:
        change.end(EndReason.ABANDONED)
        return
    talking = _talking(room)
    if talking and room.started_at is None:
        change.room = replace(room, started_at=change.now)
        change.remember(FactKind.STARTED)
    waiting = bool(room.seats) and not talking
    since = (room.waiting_since or change.now) if waiting else None
    change.room = replace(change.room, waiting_since=since)


def _letters(
    before: Room, after: Room, command: Command
) -> Iterator[tuple[Address, Notice]]:
    for role in Role:
        old, new = before.seats.get(role), after.seats.get(role)
        if old is not None and (new is None or new.address != old.address):
            notice = _farewell(old, new, after, command)
            if notice is not None:
                yield old.address, notice
        if new is not None and new.lost_at is None:
            notice = _news(before, after, role)
            if notice is not None:
                yield new.address, notice


def _farewell(
    old: Seat, new: Seat | None, after: Room, command: Command
) -> Notice | None:
    """Return what a socket hears that has no seat any more."""
    if after.ended is not None:
        return Ended(after.ended)
    if new is not None:
        return Superseded() if new.instance == old.instance else Moved()
    return Left() if isinstance(command, Leave | End) else None


def _news(before: Room, after: Room, role: Role) -> Notice | None:
    """Return what a seated socket must hear of a change, if anything."""
    old, new = before.seats.get(role), after.seats[role]
    peer = after.seats.get(role.peer)
    view = _view(role.peer, peer)
    address = peer.address if peer else None
    if old is None or old.address != new.address:
        return Seated(
            role=role,
            name=new.name,
            secret=new.secret,
            resumed=old is not None and old.instance == new.instance,
            entered=new.stage is Stage.PRESENT,
            media=new.media,
            grace=after.terms.grace_seconds,
            started_at=after.started_at,
            peer=view,
            peer_address=address,
            relay=after.relay,
        )
    same_peer = view == _view(role.peer, before.seats.get(role.peer))
    if same_peer and after.relay == before.relay:
        return None
    return PeerChanged(
        peer=view,
        peer_address=address,
        started_at=after.started_at,
        relay=after.relay,
    )


def _view(role: Role, seat: Seat | None) -> PeerView | None:
    if seat is None:
        return None
    return PeerView(
        role=role,
        name=seat.name,
        stage=seat.stage,
        connected=seat.lost_at is None,
        instance=seat.instance,
        generation=seat.generation,
        media=seat.media,
    )
