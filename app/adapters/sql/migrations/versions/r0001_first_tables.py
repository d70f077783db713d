"""The first tables."""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
needs = "0001"

INSTANT = sa.DateTime(timezone=True)
HASH = sa.LargeBinary(32)


def upgrade() -> None:
    """Go to this schema."""
    _people()
    _directory()
    _history()


def downgrade() -> None:
    """Go back to an empty database."""
    for table in (
        "call_events",
        "calls",
        "visitors",
        "rooms",
        "customers",
        "idempotency_keys",
        "api_keys",
        "sessions",
        "agents",
    ):
        op.drop_table(table)


def _people() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(16)),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        sa.UniqueConstraint("email", name="uq_agents_email"),
        sa.CheckConstraint("role IN ('agent', 'admin')", name="role"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", HASH, nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        _agent("sessions", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_agent_id", "sessions", ["agent_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("key_hash", HASH, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        _agent("api_keys"),
    )
    op.create_index("ix_api_keys_agent_id", "api_keys", ["agent_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("api_key_id", sa.String(32), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("key_hash", HASH, nullable=False),
        sa.Column("request_hash", HASH, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("response", sa.Text()),
        sa.PrimaryKeyConstraint(
            "api_key_id", "route", "key_hash", name="pk_idempotency_keys"
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name="fk_idempotency_keys_api_key_id"
        ),
    )
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"]
    )


def _directory() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("reference", sa.String(64)),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("reference", name="uq_customers_reference"),
    )
    op.create_index("ix_customers_phone", "customers", ["phone"])
    op.create_index("ix_customers_sort_name_id", "customers", ["sort_name", "id"])
    if op.get_bind().dialect.name == "postgresql":
        # Comes with PostgreSQL; the owner of a database may switch it on.
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.create_index(
            "ix_customers_search",
            "customers",
            ["search"],
            postgresql_using="gin",
            postgresql_ops={"search": "gin_trgm_ops"},
        )
    op.create_table(
        "rooms",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("link", sa.String(32), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("passcode", sa.String(32), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(32)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("agent_since", INSTANT),
        sa.Column("customer_since", INSTANT),
        sa.Column("visitor_name", sa.String(120)),
        sa.Column("visitor_phone", sa.String(16)),
        sa.Column("ended_at", INSTANT),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.UniqueConstraint("link", name="uq_rooms_link"),
        sa.CheckConstraint(
            "state IN ('open', 'waiting', 'live', 'ended')", name="state"
        ),
        _agent("rooms"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_rooms_customer_id"
        ),
    )
    op.create_index("ix_rooms_customer_id", "rooms", ["customer_id"])
    _list_index("rooms", "created_at", "id")
    _list_index("rooms", "agent_id", "created_at", "id")
    _list_index("rooms", "state", "created_at", "id")
    op.create_table(
        "visitors",
        sa.Column("room_id", sa.String(32), nullable=False),
        sa.Column("participant", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "participant", name="pk_visitors"),
        _room("visitors"),
    )


def _history() -> None:
    op.create_table(
        "calls",
        sa.Column("room_id", sa.String(32), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("end_reason", sa.String(32)),
        sa.PrimaryKeyConstraint("room_id", name="pk_calls"),
        _room("calls"),
        _agent("calls"),
    )
    _list_index("calls", "started_at", "room_id")
    _list_index("calls", "agent_id", "started_at", "room_id")
    op.create_table(
        "call_events",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(120), nullable=False),
        sa.Column("room_id", sa.String(32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16)),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_call_events"),
        sa.UniqueConstraint("id", name="uq_call_events_id"),
        _room("call_events"),
    )
    op.create_index("ix_call_events_room_id", "call_events", ["room_id"])


def _agent(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["agent_id"], ["agents.id"], name=f"fk_{table}_agent_id", ondelete=ondelete
    )


def _room(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["room_id"], ["rooms.id"], name=f"fk_{table}_room_id"
    )


def _list_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
