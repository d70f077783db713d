"""The tables, for SQLite and PostgreSQL alike."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.schema import SchemaItem

from app.domain.checks import Side
from app.domain.facts import FactKind, Role
from app.domain.records import AgentRole, RoomState
from app.domain.relays import RelayState


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which knows no zones, stores it bare."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return what comes out."""
        return datetime

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = _in_utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        # The first hours of the year 1 east of Greenwich, the last of 9999 west of it.
        return at.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text of a bounded length.

    What PostgreSQL cannot take, a NUL or half of a surrogate pair, becomes a
    question mark, so that a made-up id finds nothing instead of failing.
    """

    impl = String
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        """Return what comes out."""
        return str

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "?").encode(errors="replace").decode()


class LongWords(Words):
    """Text of any length."""

    impl = Text
    cache_ok = True


def word(kind: type[StrEnum], name: str | None = None) -> Enum:
    """A word of an enumeration; with a ``name`` the database checks it too."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=name is not None,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = Words(32)
Hash = LargeBinary(32)
"""SHA-256 of a secret of 128 bits or more; such a secret needs no slower hash."""

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Words(254), nullable=False, unique=True),  # in lower case
    Column("name", Words(120), nullable=False),
    Column("role", word(AgentRole, "role"), nullable=False),
    Column("locale", Words(16)),
    Column("password_hash", Words(255), nullable=False),  # argon2id
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Hash, primary_key=True),
    Column("agent_id", ForeignKey("agents.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Instant, nullable=False),  # the log-in; rotation keeps it
    Column("expires_at", Instant, nullable=False, index=True),
    Index(None, "agent_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words(120), nullable=False),
    Column("agent_id", ForeignKey("agents.id"), nullable=False, index=True),
    Column("prefix", Words(16), nullable=False),
    Column("key_hash", Hash, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("api_key_id", ForeignKey("api_keys.id"), primary_key=True),
    Column("route", Words(120), primary_key=True),
    Column("key_hash", Hash, primary_key=True),
    Column("request_hash", Hash, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("status", SmallInteger),  # None while the request is being worked on
    Column("response", LongWords),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words(120), nullable=False),
    Column("phone", Words(16), nullable=False, index=True),  # E.164
    Column("email", Words(254)),
    Column("reference", Words(64), unique=True),
    Column("notes", LongWords, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sort_name", LongWords, nullable=False),  # folded by `search.fold`
    Column(
        "search", LongWords, nullable=False
    ),  # name, phone, e-mail, reference; folded
    Index("ix_customers_sort_name_id", "sort_name", "id"),
    # Finds text in the middle, too. SQLite reads the table through, which for a
    # directory that fits beside an embedded service takes milliseconds.
    Index(
        "ix_customers_search",
        "search",
        postgresql_using="gin",
        postgresql_ops={"search": "gin_trgm_ops"},
        info={"only": "postgresql"},
    ).ddl_if(dialect="postgresql"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("link", Id, nullable=False, unique=True),
    Column("title", Words(120), nullable=False),
    # Readable on purpose: the agent reads it out to the customer. The secret that
    # keeps strangers away is the link with its 128 random bits.
    Column("passcode", Words(32), nullable=False),
    Column("description", LongWords, nullable=False),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), index=True),
    Column("state", word(RoomState, "state"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("agent_since", Instant),
    Column("customer_since", Instant),
    Column("visitor_name", Words(120)),
    Column("visitor_phone", Words(16)),
    Column("ended_at", Instant),
    Column("end_reason", Words(32)),
    Column(
        "search", LongWords, nullable=False
    ),  # title, visitor's name and phone; folded
    Index("ix_rooms_created_at_id", "created_at", "id"),
    Index("ix_rooms_agent_id_created_at_id", "agent_id", "created_at", "id"),
    Index("ix_rooms_state_created_at_id", "state", "created_at", "id"),
)

# Who filled in the join form; whoever of them takes the seat becomes the visitor.
visitors = Table(
    "visitors",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("participant", Id, primary_key=True),
    Column("name", Words(120), nullable=False),
    Column("phone", Words(16), nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Words(32)),
    Index("ix_calls_started_at_room_id", "started_at", "room_id"),
    Index("ix_calls_agent_id_started_at_room_id", "agent_id", "started_at", "room_id"),
)

call_events = Table(
    "call_events",
    metadata,
    # The order of arrival; `id` is the fact's own name and keeps it from coming twice.
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("id", Words(120), nullable=False, unique=True),
    Column("room_id", ForeignKey("rooms.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("kind", word(FactKind), nullable=False),
    Column("role", word(Role)),
    Column("data", JSON, nullable=False),
)

# What pages tell of their media. Apart from the events, as there are many and no room's
# state follows from them; the release before knows nothing of it and need not.
call_notes = Table(
    "call_notes",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("id", Words(120), nullable=False, unique=True),
    Column("room_id", ForeignKey("rooms.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", word(FactKind), nullable=False),
    Column("role", word(Role), nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_call_notes_room_id_at", "room_id", "at"),
)

# What check pages sent to support; the oldest go when new ones come.
check_reports = Table(
    "check_reports",
    metadata,
    Column("code", Words(16), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("network", Words(64), nullable=False),  # a /24 or a /48
    Column("verdict", Words(32), nullable=False),
    Column("device", Words(120), nullable=False),
    Column("body", LongWords, nullable=False),  # JSON
)

# Two check pages that look whether they reach each other, and their letters.
check_pairs = Table(
    "check_pairs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("first_hash", Hash, nullable=False),
    Column("second_hash", Hash),  # None until somebody opened the link
    Column("expires_at", Instant, nullable=False, index=True),
)

check_letters = Table(
    "check_letters",
    metadata,
    Column(
        "pair_id", ForeignKey("check_pairs.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("side", word(Side), nullable=False),
    Column("body", LongWords, nullable=False),  # JSON
)


relays = Table(
    "relays",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words(60), nullable=False, unique=True),
    Column("region", Words(40), nullable=False),
    Column("urls", JSON, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),  # allocations; 0: nobody has said
    Column("state", word(RelayState, "state"), nullable=False),
    Column("declared", Boolean, nullable=False),  # the settings name it
    Column("created_at", Instant, nullable=False),
)

# One row: the newest migration that code must know to run on this schema.
schema_state = Table(
    "schema_state", metadata, Column("needs", Words(32), primary_key=True)
)


def belongs(dialect: str) -> Callable[..., bool]:
    """Return which tables and indexes a kind of database has, for Alembic."""

    def included(item: SchemaItem, *_: object) -> bool:
        return bool(item.info.get("only", dialect) == dialect)

    return included
