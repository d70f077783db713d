from typing import Any

import pytest

from app.domain.commands import End, Enter, Join, Leave, Lost, Resume, SetMedia
from app.domain.errors import Refusal, RefusalCode
from app.domain.facts import Fact, FactKind, Role
from app.domain.notices import (
    Ended,
    EndReason,
    Left,
    Media,
    Moved,
    Notice,
    PeerChanged,
    Relayed,
    Superseded,
)
from app.protocol.session import (
    BURST,
    FRAMES_PER_SECOND,
    JOIN_WITHIN,
    PATIENCE,
    QUALITY_EVERY,
    SILENCE,
    TELLINGS,
    TELLINGS_PER_SECOND,
    Close,
    CloseCode,
    Post,
    State,
    Submit,
    Tell,
)
from app.protocol.tickets import TICKET_SECONDS
from tests.domain.table import ROOM
from tests.protocol.talk import (
    HERE,
    NOW,
    PAGE,
    PEER,
    THERE,
    Talk,
    seated,
    ticket,
    token,
)


LOST = Submit(Lost(room=ROOM, role=Role.AGENT, address=HERE))
MEDIA = {"microphone": True, "camera": True, "screen": False}
OFFER = {"type": "offer", "sdp": "v=0"}


@pytest.fixture
def talk() -> Talk:
    return Talk()


# Taking a seat.


def test_join_submits_the_ticket_s_seat(talk: Talk) -> None:
    """The seat is the ticket's; the page only names itself."""
    command = talk.say("join", ticket=ticket(), instance=PAGE).command()
    assert isinstance(command, Join)
    assert (command.room, command.role, command.address) == (ROOM, Role.AGENT, HERE)
    assert (command.instance, command.secret) == (PAGE, "secret")
    assert talk.frames() == []


def test_resume_submits_the_token_s_seat(talk: Talk) -> None:
    """The token names the seat and proves it."""
    command = talk.say("resume", token=token("kept")).command()
    assert isinstance(command, Resume)
    assert (command.room, command.secret) == (ROOM, "kept")


@pytest.mark.parametrize(
    ("role", "polite"), [(Role.AGENT, False), (Role.CUSTOMER, True)]
)
def test_welcome_says_all_a_page_needs(talk: Talk, role: Role, polite: bool) -> None:
    """Role, politeness, resume token, ICE servers and the peer come with the seat."""
    talk.say("join", ticket=ticket(role), instance=PAGE)
    talk.session.receive_notice(seated(role, PEER, THERE), NOW)
    welcome = talk.frame()
    assert (welcome["type"], welcome["role"]) == ("welcome", role)
    assert (welcome["polite"], welcome["now"]) == (polite, NOW)
    assert welcome["peer"]["stage"] == "checking"
    stun, turn = welcome["ice_servers"]
    assert stun == {"urls": ["stun:relay.test"]}
    assert turn["username"] == f"1600:a.{ROOM}-{role}"
    assert welcome["ice_expires_in"] == 600
    again = Talk().say("resume", token=welcome["token"]).command()
    assert isinstance(again, Resume)
    assert again.secret == "secret"


def test_forged_ticket_is_refused_and_closes(talk: Talk) -> None:
    """Only our own signature opens a seat."""
    talk.say("join", ticket="forged", instance=PAGE)
    assert talk.error() == "bad_ticket"
    assert talk.actions() == [Close(CloseCode.DONE)]


def test_resume_token_is_no_ticket(talk: Talk) -> None:
    """A slip for one thing does not serve for another."""
    talk.say("join", ticket=token(), instance=PAGE)
    assert talk.error() == "bad_ticket"


def test_forged_token_is_refused(talk: Talk) -> None:
    """A resume needs our signature too."""
    talk.say("resume", token=ticket())
    assert talk.error() == "bad_ticket"


def test_old_ticket_is_refused(talk: Talk) -> None:
    """A ticket is good for two minutes."""
    talk.now += TICKET_SECONDS + 1
    talk.say("join", ticket=ticket(), instance=PAGE)
    assert talk.error() == "expired_ticket"


def test_second_join_is_refused(talk: Talk) -> None:
    """One socket, one seat."""
    talk.join().say("join", ticket=ticket(), instance=PAGE)
    assert talk.error() == "already_joined"
    assert talk.actions() == []


@pytest.mark.parametrize("code", list(RefusalCode))
def test_refused_join_closes_for_good(talk: Talk, code: RefusalCode) -> None:
    """Who gets no seat is told why and let go."""
    talk.say("join", ticket=ticket(), instance=PAGE).actions()
    talk.session.receive_refusal(Refusal(code))
    frame = talk.frame()
    assert (frame["code"], frame["fatal"]) == (code, True)
    assert talk.actions() == [Close(CloseCode.DONE)]


def test_refused_command_changes_nothing(talk: Talk) -> None:
    """A seated page hears the no and goes on."""
    talk.join().session.receive_refusal(Refusal(RefusalCode.NOT_SEATED))
    assert talk.error() == "not_seated"
    assert talk.session.state is State.SEATED


def test_refusal_after_the_close_is_not_told(talk: Talk) -> None:
    """Nobody listens any more."""
    talk.join().session.receive_disconnect()
    talk.session.receive_refusal(Refusal(RefusalCode.NOT_SEATED))
    assert talk.frames() == []


# Speaking.


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("enter", {"media": MEDIA}, Enter),
        ("media", {"media": MEDIA}, SetMedia),
        ("leave", {}, Leave),
        ("end", {}, End),
    ],
)
def test_seated_page_commands_its_own_seat(
    talk: Talk, kind: str, fields: dict[str, object], expected: type
) -> None:
    """Every command names the seat that the socket holds, whatever the page says."""
    command = talk.join().say(kind, **fields).command()
    assert type(command) is expected
    assert isinstance(command, Enter | SetMedia | Leave | End)
    assert (command.room, command.role, command.address) == (ROOM, Role.AGENT, HERE)
    if isinstance(command, Enter | SetMedia):
        assert command.media == Media(microphone=True, camera=True)


@pytest.mark.parametrize("kind", ["leave", "end", "refresh"])
def test_page_without_a_seat_commands_nothing(talk: Talk, kind: str) -> None:
    """First the ticket."""
    assert talk.say(kind).error() == "not_joined"
    assert talk.actions() == []


def test_ping_is_answered_even_without_a_seat(talk: Talk) -> None:
    """A heartbeat is a heartbeat."""
    assert talk.say("ping").frame() == {"type": "pong"}


def test_refresh_brings_new_credentials(talk: Talk) -> None:
    """Credentials are made anew with the time of asking."""
    talk.join().now += 300
    frame = talk.say("refresh").frame()
    assert frame["type"] == "ice"
    assert frame["ice_servers"][1]["username"].startswith("1900:")


# Telling of one's media.

WAY = {"path": "relay", "protocol": "tls"}
QUALITY = {
    "rtt": 48.5,
    "jitter": 3,
    "loss": 0.4,
    "mos": 4.3,
    "in_kbps": 1210,
    "out_kbps": 1190,
    "width": 1280,
    "height": 720,
    "fps": 29.8,
    "freezes": 0,
    "concealed": 0.1,
    "level": "good",
} | WAY
OUTCOMES: list[dict[str, Any]] = [
    {"kind": "connected", "after": 0.25} | WAY,
    {"kind": "not_connected"},
]


def told(talk: Talk) -> list[Fact]:
    """Return the facts that are to be remembered."""
    return [action.fact for action in talk.actions() if isinstance(action, Tell)]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome["kind"])
def test_outcome_counts_from_the_agent(talk: Talk, outcome: dict[str, Any]) -> None:
    """One side tells for both, so a call counts once, and it is not a stranger."""
    (action,) = talk.join().say(**outcome).actions()
    assert isinstance(action, Tell)
    assert action.fact.kind == outcome["kind"]
    assert talk.frames() == []
    assert Talk().join(Role.CUSTOMER).say(**outcome).actions() == []


@pytest.mark.parametrize("after", [-1, 3601, "NaN"])
def test_outcome_with_an_unlikely_time_is_refused(talk: Talk, after: object) -> None:
    """What goes into a sum is bounded."""
    talk.join().say("connected", after=after, **WAY)
    assert talk.error() == "malformed"


@pytest.mark.parametrize("role", list(Role))
def test_quality_is_a_fact_of_either_side(role: Role) -> None:
    """What a page measures is remembered as it was told, with who and when."""
    talk = Talk().join(role)
    (fact,) = told(talk.say("quality", **QUALITY))
    assert (fact.kind, fact.role, fact.at) == (FactKind.QUALITY, role, NOW)
    assert fact.data == QUALITY
    assert talk.frames() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rtt", -1),
        ("jitter", 60_001),
        ("loss", 101),
        ("mos", 0.9),
        ("mos", 4.6),
        ("width", 1.5),
        ("freezes", 1001),
        ("concealed", None),
        ("path", "pigeon"),
        ("protocol", "sctp"),
        ("level", "splendid"),
        ("weather", "fine"),
    ],
)
def test_quality_out_of_bounds_is_refused(
    talk: Talk, field: str, value: object
) -> None:
    """Every number has a range, and every word is a known one."""
    talk.join().say("quality", **QUALITY | {field: value})
    assert talk.error() == "malformed"
    assert talk.actions() == []


def test_quality_too_often_is_passed_over(talk: Talk) -> None:
    """Seldom enough for history; a timer that is late by a little loses nothing."""
    talk.join()
    for _ in range(1000):
        talk.now += 0.1
        talk.say("quality", **QUALITY)
    assert len(told(talk)) == 100 // QUALITY_EVERY + 1
    assert talk.frames() == []


def test_recovery_is_a_fact_of_either_side(talk: Talk) -> None:
    """How long nothing came, what brought it back, and by which way."""
    fields = {"gap": 1.75, "step": "restart"} | WAY
    (fact,) = told(talk.join(Role.CUSTOMER).say("recovered", **fields))
    assert (fact.kind, fact.role) == (FactKind.RECOVERED, Role.CUSTOMER)
    assert fact.data == fields


@pytest.mark.parametrize("cause", ["udp_blocked", "microphone_silent", ""])
def test_trouble_is_a_fact_and_goes_to_the_peer(talk: Talk, cause: str) -> None:
    """Both people are to know what is wrong, and when it is over."""
    tell, post = talk.join(with_peer=True).say("trouble", cause=cause).actions()
    assert isinstance(tell, Tell)
    assert (tell.fact.kind, tell.fact.data) == (FactKind.TROUBLE, {"cause": cause})
    other = Talk().join(Role.CUSTOMER, with_peer=True)
    assert isinstance(post, Post)
    other.session.receive_notice(Relayed(THERE, post.notice.text), NOW)
    assert other.frame() == {"type": "trouble", "cause": cause}


def test_trouble_without_a_peer_is_a_fact_only(talk: Talk) -> None:
    """Whoever is alone may have a silent microphone, too; that is no mistake."""
    (fact,) = told(talk.join().say("trouble", cause="microphone_silent"))
    assert fact.role is Role.AGENT
    assert talk.frames() == []


def test_trouble_must_be_a_known_one(talk: Talk) -> None:
    """The other side shows only what it has words for."""
    talk.join(with_peer=True).say("trouble", cause="<b>you</b>")
    assert talk.error() == "malformed"
    assert talk.actions() == []


def test_tellings_too_often_are_passed_over(talk: Talk) -> None:
    """A page in trouble says a lot; the socket it needs is not cut for it."""
    talk.join(with_peer=True)
    for _ in range(60):
        talk.say("trouble", cause="offline")
    assert len(told(talk)) == TELLINGS
    talk.now += 1 / TELLINGS_PER_SECOND
    assert len(told(talk.say("recovered", gap=1, step="self", **WAY))) == 1
    assert talk.frames() == []


def test_tellings_have_names_of_their_own(talk: Talk) -> None:
    """A fact that is delivered twice is known by its name, and no other has it."""
    facts = told(talk.join().say("trouble", cause="offline").say("trouble", cause=""))
    assert [fact.id for fact in facts] == [f"{ROOM}.here.t1", f"{ROOM}.here.t2"]


# Relaying.


def test_description_goes_to_the_peer(talk: Talk) -> None:
    """SDP skips the room: the session knows the peer's socket."""
    talk.join(with_peer=True).say("description", description=OFFER)
    (post,) = talk.actions()
    assert isinstance(post, Post)
    assert (post.to, post.notice.sender) == (THERE, HERE)
    assert post.notice.text == (
        '{"type":"description","description":{"type":"offer","sdp":"v=0"}}'
    )


def test_candidates_keep_their_standard_names(talk: Talk) -> None:
    """What is relayed is an RTCIceCandidateInit again."""
    candidate = {
        "candidate": "candidate:1",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "abcd",
    }
    talk.join(with_peer=True).say("candidates", candidates=[candidate], end=True)
    (post,) = talk.actions()
    other = Talk().join(with_peer=True)
    assert isinstance(post, Post)
    other.session.receive_notice(Relayed(THERE, post.notice.text), NOW)
    assert other.frame() == {
        "type": "candidates",
        "candidates": [candidate],
        "end": True,
    }


def test_wish_for_a_restart_is_passed_on(talk: Talk) -> None:
    """The polite side asks, the other makes the offer."""
    talk.join(with_peer=True).say("restart")
    (post,) = talk.actions()
    other = Talk().join(with_peer=True)
    assert isinstance(post, Post)
    other.session.receive_notice(Relayed(THERE, post.notice.text), NOW)
    assert other.frame() == {"type": "restart", "anew": False}


def test_relay_without_a_peer_is_refused(talk: Talk) -> None:
    """There is nobody to negotiate with."""
    assert talk.join().say("description", description=OFFER).error() == "no_peer"


def test_relay_follows_the_peer(talk: Talk) -> None:
    """When the peer's socket changes, so does the address."""
    talk.join().session.receive_notice(
        PeerChanged(peer=PEER, peer_address=THERE, started_at=None), NOW
    )
    assert talk.frame()["peer"]["name"] == "Customer"
    talk.say("description", description=OFFER)
    (post,) = talk.actions()
    assert isinstance(post, Post)
    assert post.to == THERE


def test_relay_of_an_earlier_peer_is_dropped(talk: Talk) -> None:
    """A leftover would confuse the negotiation with the new one."""
    talk.join(with_peer=True).session.receive_notice(Relayed(HERE, "{}"), NOW)
    assert talk.frames() == []


# Leaving.


@pytest.mark.parametrize(
    ("notice", "frames"),
    [
        (Moved(), [{"type": "moved"}]),
        (Left(), [{"type": "left"}]),
        (Ended(EndReason.NO_SHOW), [{"type": "ended", "reason": "no_show"}]),
        (Superseded(), []),
    ],
)
def test_unseated_page_is_told_and_closed(
    talk: Talk, notice: Notice, frames: list[dict[str, str]]
) -> None:
    """Who has no seat any more hears why, and owes the room nothing."""
    talk.join().session.receive_notice(notice, NOW)
    assert talk.frames() == frames
    assert talk.actions() == [Close(CloseCode.DONE)]
    assert talk.session.timer() is None


def test_disconnect_tells_the_room_once(talk: Talk) -> None:
    """The room hears of a lost socket, and hears it once."""
    talk.join().session.receive_disconnect()
    talk.session.receive_disconnect()
    assert talk.actions() == [LOST]


def test_disconnect_without_a_seat_is_nobody_s_loss(talk: Talk) -> None:
    """A socket that never joined leaves no trace."""
    talk.session.receive_disconnect()
    assert talk.actions() == []


def test_closed_session_is_deaf(talk: Talk) -> None:
    """Nothing is understood after the close."""
    talk.join().session.receive_disconnect()
    talk.actions()
    talk.say("ping")
    talk.session.receive_notice(Moved(), NOW)
    talk.session.say_goodbye(1.0)
    talk.session.receive_failure()
    talk.session.ask_to_resume()
    talk.session.receive_timer(NOW + 9999)
    assert (talk.frames(), talk.actions()) == ([], [])


def test_goodbye_says_when_to_come_back(talk: Talk) -> None:
    """A draining node spreads its browsers over time."""
    talk.join().session.say_goodbye(1.5)
    assert talk.frame() == {"type": "goodbye", "after": 1.5}
    assert talk.actions() == [LOST, Close(CloseCode.GOING_DOWN)]


def test_resync_has_the_browser_resume(talk: Talk) -> None:
    """After a gap the socket is closed with the code that means resume."""
    talk.join().session.ask_to_resume()
    assert talk.actions() == [LOST, Close(CloseCode.RESUME)]


def test_failure_has_the_browser_resume(talk: Talk) -> None:
    """When the room cannot be reached the browser tries elsewhere."""
    talk.join().session.receive_failure()
    assert talk.error() == "internal"
    assert talk.actions() == [LOST, Close(CloseCode.RESUME)]


# Time.


def test_silence_counts_as_gone(talk: Talk) -> None:
    """A browser that says nothing for 40 s has lost its socket."""
    talk.join()
    assert talk.session.timer() == NOW + SILENCE
    talk.session.receive_timer(NOW + SILENCE - 0.1)
    assert talk.actions() == []
    talk.session.receive_timer(NOW + SILENCE)
    assert talk.actions() == [LOST, Close(CloseCode.RESUME)]


def test_heartbeat_breaks_the_silence(talk: Talk) -> None:
    """Any frame counts as a sign of life."""
    talk.join().now += 30
    talk.say("ping")
    assert talk.session.timer() == NOW + 30 + SILENCE


def test_socket_that_does_not_join_is_closed(talk: Talk) -> None:
    """A seat must be named within 10 s; pings do not extend that."""
    talk.now += 5
    talk.say("ping").frames()
    assert talk.session.timer() == NOW + JOIN_WITHIN
    talk.session.receive_timer(NOW + JOIN_WITHIN)
    assert talk.actions() == [Close(CloseCode.DONE)]


def test_join_that_is_not_answered_is_tried_again(talk: Talk) -> None:
    """When the backplane is slow the browser comes back."""
    talk.say("join", ticket=ticket(), instance=PAGE).actions()
    talk.session.receive_timer(NOW + JOIN_WITHIN)
    assert talk.actions() == [LOST, Close(CloseCode.RESUME)]


# Bounds.


def test_too_many_frames_are_refused(talk: Talk) -> None:
    """A burst is let through, a flood is not."""
    talk.join()
    for _ in range(int(BURST) - 1):
        talk.say("ping")
    talk.frames()
    assert talk.say("ping").error() == "too_fast"
    talk.now += 2 / FRAMES_PER_SECOND
    assert talk.say("ping").frame() == {"type": "pong"}


def test_time_that_runs_backwards_gives_no_frames(talk: Talk) -> None:
    """A clock set back does not break the bound."""
    talk.now -= 100
    assert talk.say("ping").frame() == {"type": "pong"}


def test_patience_has_an_end(talk: Talk) -> None:
    """Who sends rubbish on and on is closed, and the room is told."""
    talk.join()
    for _ in range(PATIENCE):
        talk.type("rubbish")
    talk.frames()
    talk.type("rubbish")
    assert talk.frame()["fatal"] is True
    assert talk.actions() == [LOST, Close(CloseCode.ABUSE)]
