"""Relays, with what an administrator says of each."""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
needs = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "relays",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("region", sa.String(40), nullable=False),
        sa.Column("urls", sa.JSON(), nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("declared", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_relays"),
        sa.UniqueConstraint("name", name="uq_relays_name"),
        sa.CheckConstraint("state IN ('live', 'draining')", name="state"),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("relays")
