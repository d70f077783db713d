"""The shape of every message on the wire; README.md beside this file explains them."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from app.domain.facts import Role
from app.domain.ice import IceServer
from app.domain.ids import RelayId
from app.domain.notices import EndReason, Media, PeerView
from app.domain.quality import Cause, Level, Path, Step, Transport


SUBPROTOCOL = "deskside.v1"
MAX_FRAME = 64 * 1024
"""Bytes of one frame; an SDP with every codec of a browser is about 12 kB."""

HEARTBEAT = 15.0
"""Seconds of sending nothing after which a browser sends ``ping``."""

Sdp = Annotated[str, Meta(max_length=60_000)]
ShortText = Annotated[str, Meta(max_length=4096)]
Seconds = Annotated[float, Meta(ge=0, le=3600)]
Milliseconds = Annotated[float, Meta(ge=0, le=60_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Kilobits = Annotated[float, Meta(ge=0, le=1_000_000)]
"""In a second."""

Pixels = Annotated[int, Meta(ge=0, le=16_384)]
RoundTrips = Annotated[
    dict[Annotated[RelayId, Meta(max_length=32)], Milliseconds], Meta(max_length=8)
]
Instance = Annotated[
    str, Meta(min_length=16, max_length=64, pattern="^[A-Za-z0-9_-]+$")
]


class SdpType(StrEnum):
    """``RTCSdpType`` (W3C WebRTC, section 4.3.1)."""

    OFFER = "offer"
    PRANSWER = "pranswer"
    ANSWER = "answer"
    ROLLBACK = "rollback"


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """``RTCSessionDescriptionInit`` (W3C WebRTC, section 4.6.2)."""

    type: SdpType
    sdp: Sdp = ""


class Candidate(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={
        "sdp_mid": "sdpMid",
        "sdp_m_line_index": "sdpMLineIndex",
        "username_fragment": "usernameFragment",
    },
):
    """``RTCIceCandidateInit`` (W3C WebRTC, section 4.8.1.1)."""

    candidate: ShortText = ""
    sdp_mid: Annotated[str, Meta(max_length=64)] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=65535)] | None = None
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


# Messages of a browser.


class ClientMessage(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """Anything a browser may say."""


class JoinMessage(ClientMessage, tag="join", frozen=True):
    """Take a seat with a ticket."""

    ticket: ShortText
    instance: Instance


class ResumeMessage(ClientMessage, tag="resume", frozen=True):
    """Take one's seat back after a lost socket."""

    token: ShortText


class EnterMessage(ClientMessage, tag="enter", frozen=True):
    """Go from the check to the call."""

    media: Media


class MediaMessage(ClientMessage, tag="media", frozen=True):
    """Say what is being sent now."""

    media: Media


class DescriptionMessage(ClientMessage, tag="description", frozen=True):
    """A session description for the other side."""

    description: Description


class CandidatesMessage(ClientMessage, tag="candidates", frozen=True):
    """ICE candidates for the other side, ``end`` with the last of a gathering."""

    candidates: Annotated[tuple[Candidate, ...], Meta(max_length=64)]
    end: bool = False


class RestartMessage(ClientMessage, tag="restart", frozen=True):
    """Ask the other side, who makes the offers, to restart ICE.

    With ``anew`` both sides make a new RTCPeerConnection.
    """

    anew: bool = False


class RefreshMessage(ClientMessage, tag="refresh", frozen=True):
    """Ask for ICE servers with fresh credentials.

    ``round_trips`` are milliseconds to those that ``welcome.measure`` has named.
    """

    round_trips: RoundTrips = {}


class ConnectedMessage(ClientMessage, tag="connected", frozen=True):
    """The two pages are connected, ``after`` so many seconds of trying."""

    after: Seconds
    path: Path
    protocol: Transport


class NotConnectedMessage(ClientMessage, tag="not_connected", frozen=True):
    """Both are present, and the two pages try in vain."""


class RecoveredMessage(ClientMessage, tag="recovered", frozen=True):
    """Media flows again after ``gap`` seconds without, thanks to a ``step``."""

    gap: Seconds
    step: Step
    path: Path
    protocol: Transport


class TroubleMessage(ClientMessage, tag="trouble", frozen=True):
    """Something is wrong here; no cause: no longer. The other side gets it, too."""

    cause: Cause


class QualityMessage(ClientMessage, tag="quality", frozen=True, kw_only=True):
    """The last ten seconds in numbers, as this side sees and hears them.

    ``rtt`` and ``jitter`` are in milliseconds, ``loss`` (the worse direction) and
    ``concealed`` (of the sound that was played) in percent, ``mos`` goes from 1 to 4.5,
    ``fps`` is frames a second of the picture that arrives, ``width`` and ``height``
    its size, and ``freezes`` counts.
    """

    rtt: Milliseconds
    jitter: Milliseconds
    loss: Percent
    mos: Annotated[float, Meta(ge=1, le=4.5)]
    in_kbps: Kilobits
    out_kbps: Kilobits
    width: Pixels
    height: Pixels
    fps: Annotated[float, Meta(ge=0, le=1000)]
    freezes: Annotated[int, Meta(ge=0, le=1000)]
    concealed: Percent
    path: Path
    protocol: Transport
    level: Level


Telling = (
    ConnectedMessage
    | NotConnectedMessage
    | RecoveredMessage
    | TroubleMessage
    | QualityMessage
)
"""What a page tells of its media."""


class PingMessage(ClientMessage, tag="ping", frozen=True):
    """I am alive."""


class LeaveMessage(ClientMessage, tag="leave", frozen=True):
    """Give the seat back."""


class EndMessage(ClientMessage, tag="end", frozen=True):
    """End the call for both."""


ForPeer = DescriptionMessage | CandidatesMessage | RestartMessage
"""What goes from browser to browser."""


FromBrowser = (
    JoinMessage
    | ResumeMessage
    | EnterMessage
    | MediaMessage
    | DescriptionMessage
    | CandidatesMessage
    | RestartMessage
    | RefreshMessage
    | ConnectedMessage
    | NotConnectedMessage
    | RecoveredMessage
    | TroubleMessage
    | QualityMessage
    | PingMessage
    | LeaveMessage
    | EndMessage
)


# Messages of the server.


class ServerMessage(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Anything the server may say."""


class Measured(Struct, frozen=True):
    """A relay that the page may measure its round trip to, by a STUN binding."""

    relay: RelayId
    url: str


class Welcome(ServerMessage, tag="welcome", frozen=True, kw_only=True):
    """The seat is yours; times in seconds, moments in seconds since the epoch."""

    room: str
    role: Role
    name: str
    token: str
    resumed: bool
    polite: bool
    heartbeat: float
    grace: float
    ice_servers: tuple[IceServer, ...]
    ice_expires_in: int
    peer: PeerView | None
    media: Media
    entered: bool
    started_at: float | None
    now: float
    measure: tuple[Measured, ...] = ()


class Peer(ServerMessage, tag="peer", frozen=True, kw_only=True):
    """The other side came, changed or went (None)."""

    peer: PeerView | None
    started_at: float | None


class Ice(ServerMessage, tag="ice", frozen=True, kw_only=True):
    """ICE servers with fresh credentials; ``move`` there now, by an ICE restart."""

    ice_servers: tuple[IceServer, ...]
    expires_in: int
    move: bool = False


class Pong(ServerMessage, tag="pong", frozen=True):
    """So am I."""


class MovedMessage(ServerMessage, tag="moved", frozen=True):
    """The same person took the seat elsewhere."""


class LeftMessage(ServerMessage, tag="left", frozen=True):
    """The seat was given back."""


class EndedMessage(ServerMessage, tag="ended", frozen=True):
    """The room is over."""

    reason: EndReason


class Goodbye(ServerMessage, tag="goodbye", frozen=True):
    """This node is going down: resume after so many seconds."""

    after: float


class ErrorCode(StrEnum):
    """Why a message was refused."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LARGE = "too_large"
    TOO_FAST = "too_fast"
    NOT_JOINED = "not_joined"
    ALREADY_JOINED = "already_joined"
    BAD_TICKET = "bad_ticket"
    EXPIRED_TICKET = "expired_ticket"
    ROOM_FULL = "room_full"
    ROOM_ENDED = "room_ended"
    RESUME_FAILED = "resume_failed"
    NOT_SEATED = "not_seated"
    NO_PEER = "no_peer"
    INTERNAL = "internal"


class ErrorMessage(ServerMessage, tag="error", frozen=True):
    """A message was refused and changed nothing; a ``fatal`` one precedes a close."""

    code: ErrorCode
    text: str
    fatal: bool


_decoder: msgspec.json.Decoder[FromBrowser] = msgspec.json.Decoder(FromBrowser)
_encoder = msgspec.json.Encoder()
_any = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KNOWN = frozenset(str(kind.__struct_config__.tag) for kind in FromBrowser.__args__)


class Malformed(ValueError):
    """A frame is not a message of this protocol; ``code`` and text say why."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def decode(text: str) -> FromBrowser:
    """Read one frame of a browser.

    Raises:
        Malformed: with a code and a text for its author.
    """
    if len(text) > MAX_FRAME:
        raise Malformed(
            ErrorCode.TOO_LARGE, f"A frame holds {MAX_FRAME} bytes at most."
        )
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise Malformed(_code_of(text), f"{error}.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        text = "A frame is one JSON object."
        raise Malformed(ErrorCode.MALFORMED, text) from None


def encode(message: ServerMessage | ClientMessage) -> str:
    """Write one frame for a browser."""
    return _encoder.encode(message).decode()


def _code_of(text: str) -> ErrorCode:
    """Tell an unknown message from a known one with wrong fields."""
    try:
        kind = msgspec.json.decode(_any.decode(text).get("type", b"null"))
    except msgspec.MsgspecError:
        return ErrorCode.MALFORMED
    if isinstance(kind, str) and kind not in _KNOWN:
        return ErrorCode.UNKNOWN_TYPE
    return ErrorCode.MALFORMED
