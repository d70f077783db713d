"""Records: what is kept in the database, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.facts import FactKind, Role
from app.domain.ids import AgentId, CustomerId, FactId, RoomId


T = TypeVar("T")


class AgentRole(StrEnum):
    """What an agent may do: an admin sees and manages everything."""

    AGENT = "agent"
    ADMIN = "admin"


class KeyScope(StrEnum):
    """What a key opens: the REST API as its agent, or load tests and nothing else."""

    API = "api"
    LOADTEST = "loadtest"


class RoomState(StrEnum):
    """Where a room stands, projected from its facts.

    ``waiting`` is somebody there and no call going on, ``live`` is a call with both
    parties in it, and ``ended`` is for good.
    """

    OPEN = "open"
    WAITING = "waiting"
    LIVE = "live"
    ENDED = "ended"


class Taken(Exception):
    """Another record has this value already; ``field`` says which of its fields."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class CursorError(ValueError):
    """A cursor that no page of this list has given out."""


LOAD_AGENT_DOMAIN = ".load.invalid"
"""How the addresses of made-up agents end; nobody can have one (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Someone with an account. ``locale`` is None where the browser's is to be used."""

    id: AgentId
    email: str
    name: str
    role: AgentRole
    locale: str | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def made_up(self) -> bool:
        """Whether a load test made them: they see rooms and history, no more."""
        return self.email.endswith(LOAD_AGENT_DOMAIN)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key to the REST API; it acts as its agent. ``prefix`` is how it begins."""

    id: str
    name: str
    agent_id: AgentId
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be stored; ``phone`` in E.164, ``reference`` the operator's own."""

    name: str
    phone: str
    email: str | None = None
    reference: str | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """An entry of the customer directory."""

    id: CustomerId
    name: str
    phone: str
    email: str | None
    reference: str | None
    notes: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room to be stored."""

    title: str
    passcode: str
    agent_id: AgentId
    expires_at: datetime
    description: str = ""
    customer_id: CustomerId | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """One room: its own text, who is there since when, and how it ended.

    ``link`` is the unguessable part of the customer's address; ``visitor_name`` and
    ``visitor_phone`` are what the customer gave on the join form.
    """

    id: RoomId
    link: str
    title: str
    passcode: str
    description: str
    agent_id: AgentId
    customer_id: CustomerId | None
    state: RoomState
    created_at: datetime
    expires_at: datetime
    agent_since: datetime | None
    customer_since: datetime | None
    visitor_name: str | None
    visitor_phone: str | None
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """The call of a room: it began when both were present. ``id`` is the room's."""

    id: RoomId
    room_id: RoomId
    title: str
    agent_id: AgentId
    agent_name: str
    customer_id: CustomerId | None
    visitor_name: str | None
    visitor_phone: str | None
    started_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One line of a room's timeline: a fact as it was stored."""

    id: FactId
    room_id: RoomId
    at: datetime
    kind: FactKind
    role: Role | None
    data: Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list; None means no limit.

    ``q`` is looked for in title, visitor and customer; ``since`` is inclusive,
    ``until`` exclusive, both by the start of the call.
    """

    agent_id: AgentId | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, and the cursor that asks for those after them."""

    items: tuple[T, ...]
    next_cursor: str | None
