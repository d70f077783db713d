"""The database says which code can run on it."""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
needs = None


def upgrade() -> None:
    """Go to this schema."""
    op.create_table(
        "schema_state",
        sa.Column("needs", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("needs", name="pk_schema_state"),
    )


def downgrade() -> None:
    """Go back to the schema before."""
    op.drop_table("schema_state")
