"""What can be asked of a room."""

from msgspec import Struct

from app.domain.facts import Role
from app.domain.ids import Address, ParticipantId, RelayId, RoomId
from app.domain.notices import Media


class Terms(Struct, frozen=True, kw_only=True):
    """What was agreed for a room; times in seconds, ``expires_at`` since the epoch."""

    expires_at: float
    no_show_seconds: float
    max_call_seconds: float
    grace_seconds: float


class Open(Struct, frozen=True, kw_only=True):
    """Make the room, unless it is there. ``incarnation`` names this making of it."""

    room: RoomId
    terms: Terms
    incarnation: str


class Join(Struct, frozen=True, kw_only=True):
    """Take a seat with a ticket; the room is made where it is absent.

    ``relay`` is the first one that the room would be given now.
    """

    room: RoomId
    role: Role
    participant: ParticipantId
    name: str
    address: Address
    instance: str
    secret: str
    terms: Terms
    relay: RelayId | None = None


class Resume(Struct, frozen=True, kw_only=True):
    """Take one's own seat back on a new socket."""

    room: RoomId
    role: Role
    secret: str
    address: Address


class Enter(Struct, frozen=True, kw_only=True):
    """Go from the check to the call."""

    room: RoomId
    role: Role
    address: Address
    media: Media


class SetMedia(Struct, frozen=True, kw_only=True):
    """Say what is being sent now."""

    room: RoomId
    role: Role
    address: Address
    media: Media


class Route(Struct, frozen=True, kw_only=True):
    """Let both sides use another relay first: it is nearer to the customer."""

    room: RoomId
    role: Role
    address: Address
    relay: RelayId


class Leave(Struct, frozen=True, kw_only=True):
    """Give the seat back; the room stays open. In a running call this ends it."""

    room: RoomId
    role: Role
    address: Address


class End(Struct, frozen=True, kw_only=True):
    """End it for both; without ``address`` it comes from the console or the API.

    A customer can end a call, not a room in which nobody talks: that is leaving.
    With an ``incarnation`` it ends a room too that is not live at the moment.
    """

    room: RoomId
    role: Role
    address: Address | None = None
    incarnation: str | None = None


class Lost(Struct, frozen=True, kw_only=True):
    """The socket at ``address`` is gone."""

    room: RoomId
    role: Role
    address: Address


class Tick(Struct, frozen=True, kw_only=True):
    """Time has passed: do what is due. Never refused, harmless twice."""

    room: RoomId


Command = Open | Join | Resume | Enter | SetMedia | Route | Leave | End | Lost | Tick
