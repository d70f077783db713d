"""What the REST API takes and gives, field by field: the source of its OpenAPI."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from app.adapters.sql.records.paging import MOST
from app.domain.facts import FactKind, Role
from app.domain.ice import IceServer
from app.domain.records import Call, CallEvent, Customer, Room, RoomState
from app.domain.relays import Known, RelayState, Word
from app.web import forms


def told(description: str, **schema: Any) -> Meta:
    """Return words and bounds for the reader; `app.web.forms` checks them."""
    return Meta(description=description, extra_json_schema=schema)


Cursor = Annotated[str | None, told("`next_cursor` of the page before.")]
Limit = Annotated[int, Meta(ge=1, le=MOST, description="How many items at most.")]
Instant = Annotated[datetime, Meta(tz=True)]


class RoomIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A room to be made; it belongs to the agent of the key."""

    title: Annotated[
        str,
        told("What it is about.", minLength=1, maxLength=forms.TITLE),
    ]
    passcode: Annotated[
        str | None,
        told(
            "What the customer types to join. Left out: six digits are made up.",
            minLength=forms.PASSCODE_LEAST,
            maxLength=forms.PASSCODE_MOST,
        ),
    ] = None
    description: Annotated[
        str,
        told("The customer reads this before the call.", maxLength=forms.LONG_TEXT),
    ] = ""
    customer_id: Annotated[
        str | None, told("A customer; then only their phone can join.")
    ] = None


class RoomOut(Struct, kw_only=True):
    """A room."""

    id: str
    title: str
    passcode: str
    description: str
    customer_link: Annotated[str, told("What to send to the customer.", format="uri")]
    agent_id: str
    customer_id: str | None
    state: RoomState
    created_at: datetime
    expires_at: Annotated[datetime, told("When it ends by itself if unused.")]
    agent_since: Annotated[datetime | None, told("Since when the agent is there.")]
    customer_since: Annotated[
        datetime | None, told("Since when the customer is there.")
    ]
    visitor_name: Annotated[str | None, told("What the customer gave to join.")]
    visitor_phone: str | None
    ended_at: datetime | None
    end_reason: str | None

    @classmethod
    def of(cls, room: Room, public_url: str) -> "RoomOut":
        """Return a room as the API shows it."""
        link = f"{public_url}/j/{room.link}"
        return cls(
            customer_link=link,
            **{
                name: getattr(room, name)
                for name in cls.__struct_fields__
                if name != "customer_link"
            },
        )


class RoomList(Struct):
    """Rooms, the newest first."""

    items: list[RoomOut]
    next_cursor: str | None


class RoomQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which rooms; an agent's key sees the agent's own, an admin's all."""

    state: Annotated[list[RoomState], told("May be given several times.")] = []
    cursor: Cursor = None
    limit: Limit = 50


class TicketOut(Struct):
    """The right to the agent's seat of a room, for two minutes."""

    ticket: Annotated[str, told("For `join` on the signaling socket.")]


class IceIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """What credentials of the relay are wanted for."""

    seconds: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        told("How long they are good; left out, and at most, as long as browsers'."),
    ] = None


class IceOut(Struct):
    """What a browser takes as `RTCConfiguration.iceServers`."""

    ice_servers: list[IceServer]
    expires_in: Annotated[int, told("Seconds for which a call may begin with them.")]


class RelayOut(Struct, kw_only=True):
    """A relay, as the service sees it now."""

    name: str
    host: str
    region: str
    state: Annotated[RelayState, told("What an administrator wants of it.")]
    standing: Annotated[
        Word,
        told("How good it is to be given; `limping`: one of its ways is shut."),
    ]
    troubles: Annotated[dict[str, str], told("What the last probe said, by URL.")]
    load: Annotated[int | None, told("Allocations of calls; null: nobody knows.")]
    capacity: Annotated[int, told("Allocations it may hold; 0: nobody has said.")]

    @classmethod
    def of(cls, known: Known, now: float) -> "RelayOut":
        """Return what the API tells of a relay."""
        relay, health = known.relay, known.health
        return cls(
            name=relay.name,
            host=relay.host,
            region=relay.region,
            state=relay.state,
            standing=known.standing(now).word,
            troubles=health.last.troubles if health else {},
            load=known.load,
            capacity=relay.capacity,
        )


class RelayList(Struct):
    """All relays."""

    relays: list[RelayOut]


class CallOut(Struct, kw_only=True):
    """The call of a room; its id is the room's."""

    id: str
    room_id: str
    title: str
    agent_id: str
    agent_name: str
    customer_id: str | None
    visitor_name: str | None
    visitor_phone: str | None
    started_at: datetime
    ended_at: datetime | None
    end_reason: str | None

    @classmethod
    def of(cls, call: Call) -> "CallOut":
        """Return a call as the API shows it."""
        return cls(**{name: getattr(call, name) for name in cls.__struct_fields__})


class CallList(Struct):
    """Calls, the latest first."""

    items: list[CallOut]
    next_cursor: str | None


class EventOut(Struct, kw_only=True):
    """One thing that happened in a room."""

    at: datetime
    kind: FactKind
    role: Role | None
    data: dict[str, str | int | float | bool | None]

    @classmethod
    def of(cls, event: CallEvent) -> "EventOut":
        """Return an event as the API shows it."""
        return cls(at=event.at, kind=event.kind, role=event.role, data=dict(event.data))


class CallWithEvents(CallOut, kw_only=True):
    """A call and all that happened in its room, in order."""

    events: list[EventOut]


class CallQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which calls; an agent's key sees the agent's own, an admin's all."""

    q: Annotated[
        str | None, told("Words in title, visitor or customer.", maxLength=200)
    ] = None
    since: Annotated[Instant | None, told("Started then or later.")] = None
    until: Annotated[Instant | None, told("Started before.")] = None
    reason: Annotated[str | None, told("How it ended, as in `end_reason`.")] = None
    agent_id: Annotated[str | None, told("For an admin's key: one agent.")] = None
    cursor: Cursor = None
    limit: Limit = 50


class CustomerIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A customer for the directory."""

    name: Annotated[str, told("Of a person or a firm.", maxLength=forms.NAME)]
    phone: Annotated[
        str,
        told("With country code, or as dialled in the service's own country."),
    ]
    email: Annotated[str | None, told("E-mail address.", maxLength=forms.EMAIL)] = None
    reference: Annotated[
        str | None,
        told("Your own number for them, unique.", maxLength=forms.REFERENCE),
    ] = None
    notes: Annotated[
        str, told("Shown to agents in a call.", maxLength=forms.LONG_TEXT)
    ] = ""


class CustomerOut(Struct, kw_only=True):
    """A customer of the directory."""

    id: str
    name: str
    phone: Annotated[str, told("In E.164: + and digits.")]
    email: str | None
    reference: str | None
    notes: str
    created_at: datetime

    @classmethod
    def of(cls, customer: Customer) -> "CustomerOut":
        """Return a customer as the API shows it."""
        return cls(**{name: getattr(customer, name) for name in cls.__struct_fields__})


class CustomerList(Struct):
    """Customers, by name."""

    items: list[CustomerOut]
    next_cursor: str | None


class CustomerQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which customers."""

    q: Annotated[
        str | None, told("Words in name, phone, e-mail or reference.", maxLength=200)
    ] = None
    cursor: Cursor = None
    limit: Limit = 50


class LoadTestOut(Struct):
    """Load tests are allowed."""

    agents: Annotated[int, told("How many agents the key has.")]


class LoadAgentsIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Agents to be made for a load test."""

    count: Annotated[int, Meta(ge=1, le=500, description="How many.")]


class LoadAgentsOut(Struct):
    """Agents who may log in like any other."""

    emails: list[str]
    password: Annotated[str, told("Of all of them.")]


class ErrorBody(Struct, kw_only=True, omit_defaults=True):
    """What went wrong."""

    code: Annotated[str, told("Stable: for programs.")]
    text: Annotated[str, told("For people, in the language asked for.")]
    fields: Annotated[
        dict[str, str] | None, told("What is wrong with which field.")
    ] = None


class Error(Struct):
    """Every answer from 400 on."""

    error: ErrorBody


class OnceHeaders(Struct):
    """Headers of a request that changes something."""

    idempotency_key: Annotated[
        str | None,
        told(
            "Any text of your own, new for each order. The same request with the same "
            "key is done once; for 24 hours it gets the same answer again.",
            maxLength=255,
        ),
    ] = None
