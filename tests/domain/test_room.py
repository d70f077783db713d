import pytest

from app.domain.commands import End, Join, Lost, Tick
from app.domain.errors import NoRoom, RefusalCode
from app.domain.facts import FactKind, Role
from app.domain.ids import NodeId, ParticipantId
from app.domain.notices import (
    Ended,
    EndReason,
    Left,
    Media,
    Moved,
    PeerChanged,
    Seated,
    Stage,
    Superseded,
)
from app.domain.room import deadline, holders
from tests.domain.table import (
    AGENT,
    CUSTOMER,
    ROOM,
    SENDING,
    TERMS,
    Table,
    address,
    refused,
)


BOTH = pytest.mark.parametrize("role", list(Role))


@pytest.fixture
def table() -> Table:
    return Table()


# Opening.


def test_open_makes_an_empty_room_that_expires(table: Table) -> None:
    """A new room has nobody in it and an alarm at its expiry."""
    table.open()
    assert table.kinds() == [FactKind.OPENED]
    assert table.room is not None
    assert deadline(table.room) == TERMS.expires_at


def test_open_twice_changes_nothing(table: Table) -> None:
    """Opening a room that is there is harmless."""
    before = table.open().room
    again = table.open()
    assert (again.room, again.letters, again.facts) == (before, (), ())


def test_expiry_ends_an_empty_room(table: Table) -> None:
    """A room nobody uses ends at its expiry."""
    table.open()
    table.wait(TERMS.expires_at - table.now)
    assert table.room is not None
    assert table.room.ended is EndReason.EXPIRED
    assert deadline(table.room) is None


def test_expiry_leaves_a_room_in_use_alone(table: Table) -> None:
    """Whoever is inside at the expiry stays."""
    table.now = TERMS.expires_at - 10
    table.talk()
    table.wait(20)
    assert table.room is not None
    assert table.room.ended is None


@pytest.mark.parametrize(
    "command",
    [Tick(room=ROOM), Lost(room=ROOM, role=AGENT, address=address("x"))],
)
def test_absent_room_is_made_by_no_other_command(
    table: Table, command: Tick | Lost
) -> None:
    """Only opening, joining and ending from outside may make a room."""
    with pytest.raises(NoRoom):
        table.do(command)


def test_absent_room_refuses_a_resume(table: Table) -> None:
    """A page whose room was forgotten is told to show a ticket once more."""
    with refused(RefusalCode.RESUME_FAILED):
        table.resume(AGENT, secret="lost")


# Sitting down.


@BOTH
def test_join_makes_the_room_and_welcomes(table: Table, role: Role) -> None:
    """The first to come makes the room and hears that nobody else is there."""
    socket = table.join(role)
    (welcome,) = table.heard(socket)
    assert isinstance(welcome, Seated)
    assert (welcome.role, welcome.peer, welcome.resumed) == (role, None, False)
    assert table.kinds() == [FactKind.OPENED, FactKind.JOINED]


@BOTH
def test_join_shows_each_side_the_other(table: Table, role: Role) -> None:
    """The second to come sees the first, and the first sees the second."""
    first = table.join(role.peer)
    second = table.join(role)
    (welcome,), (news,) = table.heard(second), table.heard(first)
    assert isinstance(welcome, Seated)
    assert isinstance(news, PeerChanged)
    assert welcome.peer is not None
    assert news.peer is not None
    assert (welcome.peer.role, welcome.peer_address) == (role.peer, first)
    assert (news.peer.role, news.peer_address) == (role, second)
    assert news.peer.stage is Stage.CHECKING


@BOTH
def test_join_of_a_third_person_is_refused(table: Table, role: Role) -> None:
    """A seat has one holder; a stranger changes nothing."""
    table.talk()
    before = table.room
    with refused(RefusalCode.ROOM_FULL):
        table.join(role, who="stranger")
    assert table.room == before


def test_join_of_a_third_person_is_refused_during_the_grace(table: Table) -> None:
    """A lost seat is still its holder's."""
    table.talk()
    table.lose(CUSTOMER)
    with refused(RefusalCode.ROOM_FULL):
        table.join(CUSTOMER, who="stranger")


@BOTH
def test_join_of_the_same_person_moves_the_call(table: Table, role: Role) -> None:
    """A second tab takes the seat over; the first one is told, the peer sees it."""
    table.talk()
    old, peer = table.at(role), table.at(role.peer)
    new = table.join(role)
    assert table.heard(old) == [Moved()]
    (welcome,), (news,) = table.heard(new), table.heard(peer)
    assert isinstance(welcome, Seated)
    assert not welcome.entered
    assert isinstance(news, PeerChanged)
    assert news.peer is not None
    assert news.peer.stage is Stage.CHECKING
    assert news.peer_address == new
    assert table.kinds()[-1] is FactKind.MOVED


def test_join_of_the_same_page_keeps_its_call(table: Table) -> None:
    """A page that joins again with a new ticket goes on where it was."""
    table.join(AGENT)
    table.join(CUSTOMER, instance="the-same-page-here")
    table.enter(AGENT)
    table.enter(CUSTOMER)
    old = table.at(CUSTOMER)
    new = table.join(CUSTOMER, instance="the-same-page-here")
    (welcome,) = table.heard(new)
    assert isinstance(welcome, Seated)
    assert (welcome.resumed, welcome.entered, welcome.media) == (True, True, SENDING)
    assert table.heard(old) == [Superseded()]
    assert table.kinds()[-1] is FactKind.RESUMED


def test_join_after_the_end_is_refused(table: Table) -> None:
    """The link of an ended room is of no more use."""
    table.talk()
    table.end(AGENT)
    with refused(RefusalCode.ROOM_ENDED):
        table.join(CUSTOMER)


# Talking.


def test_enter_of_both_starts_the_call_once(table: Table) -> None:
    """The call starts when both are present, and only then."""
    table.join(AGENT)
    table.join(CUSTOMER)
    table.enter(AGENT)
    assert FactKind.STARTED not in table.kinds()
    table.now += 5
    table.enter(CUSTOMER)
    table.enter(CUSTOMER)
    assert table.kinds().count(FactKind.STARTED) == 1
    assert table.kinds().count(FactKind.ENTERED) == 2
    assert table.room is not None
    assert table.room.started_at == table.now
    assert table.room.waiting_since is None


def test_enter_is_told_to_the_peer_alone(table: Table) -> None:
    """Who enters needs no answer; the other side sees it, with the start."""
    table.join(AGENT)
    table.enter(AGENT)
    table.join(CUSTOMER)
    table.enter(CUSTOMER)
    (news,) = table.heard(table.at(AGENT))
    assert isinstance(news, PeerChanged)
    assert news.peer is not None
    assert (news.peer.stage, news.peer.media) == (Stage.PRESENT, SENDING)
    assert news.started_at == table.now
    assert table.heard(table.at(CUSTOMER)) == []


@BOTH
def test_media_is_shown_to_the_peer(table: Table, role: Role) -> None:
    """What one side sends is always known to the other."""
    table.talk()
    muted = Media(camera=True)
    table.show(role, muted)
    (news,) = table.heard(table.at(role.peer))
    assert isinstance(news, PeerChanged)
    assert news.peer is not None
    assert news.peer.media == muted


def test_media_that_is_the_same_is_no_news(table: Table) -> None:
    """Nothing changed, so nothing is stored and nobody is told."""
    table.talk()
    before = table.room
    outcome = table.show(AGENT, SENDING)
    assert (outcome.room, outcome.letters) == (before, ())


def test_commands_of_an_old_socket_are_refused(table: Table) -> None:
    """Only the socket that holds the seat speaks for it."""
    table.talk()
    with refused(RefusalCode.NOT_SEATED):
        table.do(End(room=ROOM, role=AGENT, address=address("old")))


def test_commands_of_an_empty_seat_are_refused(table: Table) -> None:
    """Nobody speaks for a seat that nobody holds."""
    table.join(AGENT)
    with refused(RefusalCode.NOT_SEATED):
        table.do(End(room=ROOM, role=CUSTOMER, address=address("nobody")))


# Losing and resuming.


@BOTH
def test_loss_keeps_the_seat_and_tells_the_peer(table: Table, role: Role) -> None:
    """A lost socket costs nothing but the connection, for the grace."""
    table.talk()
    lost = table.at(role)
    table.lose(role)
    (news,) = table.heard(table.at(role.peer))
    assert isinstance(news, PeerChanged)
    assert news.peer is not None
    assert not news.peer.connected
    assert news.peer.stage is Stage.PRESENT
    assert table.heard(lost) == []
    assert table.room is not None
    assert deadline(table.room) == table.now + TERMS.grace_seconds


@BOTH
def test_resume_gives_the_seat_back(table: Table, role: Role) -> None:
    """Within the grace the same page sits where it sat, with its media."""
    table.talk()
    table.lose(role)
    table.now += TERMS.grace_seconds - 1
    new = table.resume(role, node="n2")
    (welcome,), (news,) = table.heard(new), table.heard(table.at(role.peer))
    assert isinstance(welcome, Seated)
    assert (welcome.resumed, welcome.entered, welcome.media) == (True, True, SENDING)
    assert isinstance(news, PeerChanged)
    assert news.peer is not None
    assert news.peer.connected
    assert news.peer_address == new


def test_resume_raises_the_generation_and_keeps_the_instance(table: Table) -> None:
    """The peer can tell a new socket of the same page from a new page."""
    table.talk()
    before = table.seat(CUSTOMER)
    table.lose(CUSTOMER)
    table.resume(CUSTOMER)
    after = table.seat(CUSTOMER)
    assert after.generation > before.generation
    assert after.instance == before.instance


def test_resume_supersedes_a_socket_that_was_not_missed(table: Table) -> None:
    """The browser knows first that a socket is dead; the old one is let go."""
    table.talk()
    old = table.at(AGENT)
    table.resume(AGENT)
    assert table.heard(old) == [Superseded()]


def test_resume_with_a_wrong_secret_is_refused(table: Table) -> None:
    """A seat is resumed by its own page only."""
    table.talk()
    with refused(RefusalCode.RESUME_FAILED):
        table.resume(CUSTOMER, secret="guessed")


def test_resume_of_an_empty_seat_is_refused(table: Table) -> None:
    """After the grace the seat is gone; a new ticket is needed."""
    table.join(AGENT)
    secret = table.seat(AGENT).secret
    table.lose(AGENT)
    table.wait(TERMS.grace_seconds)
    with refused(RefusalCode.RESUME_FAILED):
        table.resume(AGENT, secret=secret)


def test_loss_of_an_old_socket_is_old_news(table: Table) -> None:
    """The late news of a dead socket does not touch the one that followed it."""
    table.talk()
    old = table.at(AGENT)
    table.resume(AGENT)
    assert table.lose(AGENT, old).facts == ()


def test_loss_is_remembered_once(table: Table) -> None:
    """A loss told by two nodes is one loss."""
    table.talk()
    table.lose(AGENT)
    assert table.lose(AGENT).facts == ()


def test_loss_in_an_empty_room_is_harmless(table: Table) -> None:
    """Who is not seated cannot be lost."""
    table.open()
    assert table.lose(AGENT, address("never")).facts == ()


def test_grace_that_passes_frees_the_seat(table: Table) -> None:
    """After the grace the peer is alone, and waits."""
    table.talk()
    table.lose(CUSTOMER)
    table.wait(TERMS.grace_seconds)
    (news,) = table.heard(table.at(AGENT))
    assert isinstance(news, PeerChanged)
    assert news.peer is None
    assert table.kinds()[-1] is FactKind.LEFT
    assert table.room is not None
    assert table.room.waiting_since == table.now


def test_tick_before_anything_is_due_changes_nothing(table: Table) -> None:
    """A tick is harmless."""
    table.talk()
    table.lose(CUSTOMER)
    before = table.room
    assert table.wait(TERMS.grace_seconds - 1).room == before


def test_both_lost_for_good_ends_a_call(table: Table) -> None:
    """A call that both sides lost is over: no call is left without an end."""
    table.talk()
    table.lose(AGENT)
    table.lose(CUSTOMER)
    table.wait(TERMS.grace_seconds)
    assert table.room is not None
    assert table.room.ended is EndReason.ABANDONED


def test_both_lost_before_the_call_leaves_the_room_open(table: Table) -> None:
    """Before a call the link stays good."""
    table.join(AGENT)
    table.lose(AGENT)
    table.wait(TERMS.grace_seconds)
    assert table.room is not None
    assert table.room.ended is None
    assert deadline(table.room) == TERMS.expires_at


# Ending.


@BOTH
def test_end_of_a_call_ends_it_for_both(table: Table, role: Role) -> None:
    """Either side ends the call, and both hear who did."""
    table.talk()
    sockets = [table.at(AGENT), table.at(CUSTOMER)]
    table.end(role)
    assert table.room is not None
    reason = table.room.ended
    assert reason is EndReason(f"ended_by_{role}")
    assert [table.heard(socket) for socket in sockets] == [[Ended(reason)]] * 2
    assert table.facts[-1].data == {"reason": reason}


def test_end_by_the_agent_ends_a_room_without_a_call(table: Table) -> None:
    """The agent may close what the customer has not begun."""
    table.join(AGENT)
    table.end(AGENT)
    assert table.room is not None
    assert table.room.ended is EndReason.ENDED_BY_AGENT


def test_end_by_a_waiting_customer_is_leaving(table: Table) -> None:
    """A customer who gives up waiting may come back by the same link."""
    socket = table.join(CUSTOMER)
    table.end(CUSTOMER)
    assert table.heard(socket) == [Left()]
    assert table.room is not None
    assert table.room.ended is None


def test_end_from_the_console_needs_no_seat(table: Table) -> None:
    """The agent closes what the customer forgot, from outside."""
    customer = table.join(CUSTOMER)
    table.do(End(room=ROOM, role=AGENT, incarnation="other"))
    assert table.heard(customer) == [Ended(EndReason.ENDED_BY_AGENT)]


def test_end_from_the_console_ends_a_room_that_is_not_live(table: Table) -> None:
    """A room that the backplane forgot can still be ended, once and for all."""
    table.do(End(room=ROOM, role=AGENT, incarnation="late"))
    assert table.kinds() == [FactKind.OPENED, FactKind.ENDED]


def test_end_after_the_end_is_harmless(table: Table) -> None:
    """An end twice is one end."""
    table.talk()
    table.end(AGENT)
    assert table.do(End(room=ROOM, role=AGENT)).facts == ()


@BOTH
def test_leave_before_the_call_frees_the_seat(table: Table, role: Role) -> None:
    """Who leaves is let go at once, without a grace."""
    table.join(role.peer)
    socket = table.join(role)
    table.leave(role)
    assert table.heard(socket) == [Left()]
    assert table.room is not None
    assert role not in table.room.seats


@BOTH
def test_leave_of_a_call_ends_it(table: Table, role: Role) -> None:
    """There is no call with one person."""
    table.talk()
    table.leave(role)
    assert table.room is not None
    assert table.room.ended is EndReason(f"ended_by_{role}")


@BOTH
def test_no_show_ends_by_itself(table: Table, role: Role) -> None:
    """Nobody waits for ever."""
    table.join(role)
    socket = table.at(role)
    table.wait(TERMS.no_show_seconds)
    assert table.heard(socket) == [Ended(EndReason.NO_SHOW)]


def test_no_show_counts_from_the_first_to_come(table: Table) -> None:
    """The wait is not begun anew by a resume or by a peer who only checks."""
    table.join(AGENT)
    since = table.now
    table.now += 100
    table.join(CUSTOMER)
    table.resume(AGENT)
    assert table.room is not None
    assert deadline(table.room) == since + TERMS.no_show_seconds


def test_too_long_a_call_ends_by_itself(table: Table) -> None:
    """A forgotten call does not run for ever."""
    table.talk()
    table.wait(TERMS.max_call_seconds)
    assert table.room is not None
    assert table.room.ended is EndReason.TOO_LONG


# What the world needs to know.


def test_facts_have_ids_of_their_own(table: Table) -> None:
    """A fact delivered twice is known by its id; two makings never share one."""
    table.talk()
    table.end(AGENT)
    ids = [fact.id for fact in table.facts]
    other = Table()
    other.join(CUSTOMER)
    other.join(AGENT)
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {fact.id for fact in other.facts}


def test_holders_are_the_nodes_with_live_sockets(table: Table) -> None:
    """A node is remembered for a room as long as a seat's socket is there."""
    assert holders(None) == frozenset()
    table.join(AGENT, node="n1")
    table.join(CUSTOMER, node="n2")
    assert table.room is not None
    assert holders(table.room) == {NodeId("n1"), NodeId("n2")}
    table.lose(CUSTOMER)
    assert holders(table.room) == {NodeId("n1")}


def test_join_of_a_person_on_a_fresh_room_needs_no_open() -> None:
    """Taking a seat creates the room if absent, on the ticket's terms."""
    table = Table()
    table.do(
        Join(
            room=ROOM,
            role=CUSTOMER,
            participant=ParticipantId("c"),
            name="C",
            address=address("c1"),
            instance="page",
            secret="s",
            terms=TERMS,
        )
    )
    assert table.room is not None
    assert table.room.terms == TERMS
