"""What a room says to the sockets in it."""

from enum import StrEnum

from msgspec import Struct

from app.domain.facts import Role
from app.domain.ids import Address, RelayId


class Stage(StrEnum):
    """How far a seated person has come."""

    CHECKING = "checking"
    PRESENT = "present"


class EndReason(StrEnum):
    """Why a room is over."""

    ENDED_BY_AGENT = "ended_by_agent"
    ENDED_BY_CUSTOMER = "ended_by_customer"
    NO_SHOW = "no_show"
    TOO_LONG = "too_long"
    EXPIRED = "expired"
    ABANDONED = "abandoned"


class Media(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person sends at the moment."""

    microphone: bool = False
    camera: bool = False
    screen: bool = False


class PeerView(Struct, frozen=True, kw_only=True):
    """What one side may know of the other.

    ``instance`` changes with the page (a new RTCPeerConnection is needed),
    ``generation`` with every new socket (signaling may have been lost).
    """

    role: Role
    name: str
    stage: Stage
    connected: bool
    instance: str
    generation: int
    media: Media


class Seated(Struct, frozen=True, kw_only=True, tag=True):
    """The seat is yours, from this socket."""

    role: Role
    name: str
    secret: str
    resumed: bool
    entered: bool
    media: Media
    grace: float
    started_at: float | None
    peer: PeerView | None
    peer_address: Address | None
    relay: RelayId | None = None


class PeerChanged(Struct, frozen=True, kw_only=True, tag=True):
    """The other side came, changed, moved or went (``peer`` is None).

    Or the room has another ``relay``: an older node takes it for nothing new.
    """

    peer: PeerView | None
    peer_address: Address | None
    started_at: float | None
    relay: RelayId | None = None


class Moved(Struct, frozen=True, tag=True):
    """The same person took the seat elsewhere; this socket has no seat any more."""


class Superseded(Struct, frozen=True, tag=True):
    """The same page resumed on a newer socket; this one is a leftover."""


class Left(Struct, frozen=True, tag=True):
    """You gave the seat back."""


class Ended(Struct, frozen=True, tag=True):
    """The room is over."""

    reason: EndReason


class Relayed(Struct, frozen=True, tag=True):
    """A description or candidates of the other side, as it sent them."""

    sender: Address
    text: str


Notice = Seated | PeerChanged | Moved | Superseded | Left | Ended | Relayed
