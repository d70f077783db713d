"""Two nodes, two seats, and everything that can happen, in any order."""

from itertools import count

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
)
from msgspec import Struct

from app.domain.commands import (
    Command,
    End,
    Enter,
    Join,
    Leave,
    Lost,
    Resume,
    SetMedia,
    Tick,
)
from app.domain.errors import NoRoom, Refusal
from app.domain.facts import Fact, FactKind, Role
from app.domain.ids import Address, ConnectionId, NodeId, ParticipantId
from app.domain.notices import Ended, Left, Media, Moved, Seated, Superseded
from app.domain.room import Room, deadline, decide
from tests.domain.table import ROOM, TERMS


class Socket(Struct, frozen=True):
    """A browser's socket as the test knows it."""

    role: Role
    address: Address


class Pending(Struct, frozen=True):
    """A command a node has decided on a version of the room, not yet committed."""

    command: Command
    version: int
    room: Room | None


roles = st.sampled_from(Role)
nodes = st.sampled_from([NodeId("n1"), NodeId("n2")])
media = st.builds(Media, st.booleans(), st.booleans(), st.booleans())


class RoomMachine(RuleBasedStateMachine):
    """Nodes load, then commit or retry; sockets believe what they are told."""

    sockets = Bundle("sockets")
    pendings = Bundle("pendings")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.room: Room | None = None
        self.version = 0
        self.names = count(1)
        self.seated: dict[Address, tuple[Role, str]] = {}
        self.dead: set[Address] = set()
        self.facts: list[Fact] = []

    # A node takes a command in one step or, as under a race, in two.

    def commit(self, pending: Pending) -> None:
        room, version = pending.room, pending.version
        if version != self.version:
            room, version = self.room, self.version
        try:
            outcome = decide(room, pending.command, self.now)
        except (Refusal, NoRoom):
            return
        self.room, self.version = outcome.room, version + 1
        self.facts.extend(outcome.facts)
        for to, notice in outcome.letters:
            if isinstance(notice, Seated):
                self.seated[to] = (notice.role, notice.secret)
            elif isinstance(notice, Moved | Superseded | Left | Ended):
                self.seated.pop(to, None)

    def submit(self, command: Command) -> None:
        self.commit(Pending(command, self.version, self.room))

    def fresh(self, node: NodeId) -> Address:
        return Address(node, ConnectionId(f"c{next(self.names)}"))

    @rule(
        target=sockets,
        role=roles,
        who=st.sampled_from("ab"),
        page=st.sampled_from("xyz"),
        node=nodes,
    )
    def join(self, role: Role, who: str, page: str, node: NodeId) -> Socket:
        address = self.fresh(node)
        self.submit(
            Join(
                room=ROOM,
                role=role,
                participant=ParticipantId(who),
                name=who,
                address=address,
                instance=f"{who}{page}",
                secret=f"s-{address.connection}",
                terms=TERMS,
            )
        )
        return Socket(role, address)

    @rule(target=sockets, socket=sockets, node=nodes)
    def resume(self, socket: Socket, node: NodeId) -> Socket:
        _, secret = self.seated.get(socket.address, (None, "forgotten"))
        address = self.fresh(node)
        self.submit(Resume(room=ROOM, role=socket.role, secret=secret, address=address))
        return Socket(socket.role, address)

    @rule(socket=sockets, media=media)
    def enter(self, socket: Socket, media: Media) -> None:
        self.submit(
            Enter(room=ROOM, role=socket.role, address=socket.address, media=media)
        )

    @rule(target=pendings, socket=sockets, media=media)
    def decide_media(self, socket: Socket, media: Media) -> Pending:
        command = SetMedia(
            room=ROOM, role=socket.role, address=socket.address, media=media
        )
        return Pending(command, self.version, self.room)

    @rule(target=pendings, socket=sockets)
    def decide_loss(self, socket: Socket) -> Pending:
        self.dead.add(socket.address)
        self.seated.pop(socket.address, None)
        command = Lost(room=ROOM, role=socket.role, address=socket.address)
        return Pending(command, self.version, self.room)

    @rule(target=pendings, socket=sockets)
    def decide_leave(self, socket: Socket) -> Pending:
        command = Leave(room=ROOM, role=socket.role, address=socket.address)
        return Pending(command, self.version, self.room)

    @rule(target=pendings, socket=sockets)
    def decide_end(self, socket: Socket) -> Pending:
        command = End(room=ROOM, role=socket.role, address=socket.address)
        return Pending(command, self.version, self.room)

    @rule(target=pendings)
    def decide_tick(self) -> Pending:
        return Pending(Tick(room=ROOM), self.version, self.room)

    @rule(pending=consumes(pendings))
    def commit_late(self, pending: Pending) -> None:
        self.commit(pending)

    @rule(seconds=st.floats(0.1, 1000))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    # What must hold at every moment.

    @invariant()
    def a_seat_has_one_holder(self) -> None:
        holders = [role for role, _ in self.seated.values()]
        assert len(holders) == len(set(holders)), self.seated

    @invariant()
    def whoever_believes_to_be_seated_is(self) -> None:
        for address, (role, _) in self.seated.items():
            assert self.room is not None
            assert self.room.seats[role].address == address

    @invariant()
    def what_happened_is_told_once_and_ends_with_the_end(self) -> None:
        kinds = [fact.kind for fact in self.facts]
        assert kinds.count(FactKind.STARTED) <= 1
        assert FactKind.ENDED not in kinds[:-1]
        assert len({fact.id for fact in self.facts}) == len(self.facts)

    @invariant()
    def a_room_that_lives_has_an_alarm(self) -> None:
        if self.room is not None:
            assert (deadline(self.room) is None) == (self.room.ended is not None)

    def teardown(self) -> None:
        """Left alone, with its sockets dead, every room ends by its alarms."""
        if self.room is None:
            return
        for role, seat in self.room.seats.items():
            self.seated.pop(seat.address, None)
            self.submit(Lost(room=ROOM, role=role, address=seat.address))
        assert not self.seated
        for _ in range(4):
            when = deadline(self.room)
            if when is None:
                break
            self.now = max(self.now, when)
            self.submit(Tick(room=ROOM))
        assert self.room.ended is not None
        assert self.facts[-1].kind is FactKind.ENDED


TestRoomMachine = RoomMachine.TestCase
TestRoomMachine.settings = settings(
    max_examples=300, stateful_step_count=60, deadline=None
)
