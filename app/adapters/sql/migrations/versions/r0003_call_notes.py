"""What pages tell of their media during a call."""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
needs = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "call_notes",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(120), nullable=False),
        sa.Column("room_id", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_call_notes"),
        sa.UniqueConstraint("id", name="uq_call_notes_id"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name="fk_call_notes_room_id"
        ),
    )
    op.create_index("ix_call_notes_room_id_at", "call_notes", ["room_id", "at"])


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("call_notes")
