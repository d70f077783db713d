"""Reports of the check page, and the mailbox of two pages that check each other."""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
needs = None

INSTANT = sa.DateTime(timezone=True)
HASH = sa.LargeBinary(32)


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "check_reports",
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("device", sa.String(120), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_check_reports"),
    )
    op.create_index("ix_check_reports_at", "check_reports", ["at"])
    op.create_table(
        "check_pairs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("first_hash", HASH, nullable=False),
        sa.Column("second_hash", HASH),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check_pairs"),
    )
    op.create_index("ix_check_pairs_expires_at", "check_pairs", ["expires_at"])
    op.create_table(
        "check_letters",
        sa.Column("pair_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pair_id", "number", name="pk_check_letters"),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["check_pairs.id"],
            name="fk_check_letters_pair_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    for table in ("check_letters", "check_pairs", "check_reports"):
        op.drop_table(table)
