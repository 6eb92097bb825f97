"""The state of each uploaded table.

Revision ID: tzc_tables_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_tables_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tzc_tables_state",
        sa.Column("resource_id", sa.UnicodeText, primary_key=True),
        sa.Column("state", sa.UnicodeText, nullable=False, index=True),
        sa.Column("fingerprint", sa.UnicodeText, nullable=False),
        sa.Column("rows", sa.BigInteger),
        sa.Column("columns", sa.Integer),
        sa.Column("reason", sa.UnicodeText),
        sa.Column("parameters", JSONB),
        sa.Column("geometry", JSONB),
        sa.Column("notes", JSONB),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("changed", sa.DateTime, nullable=False),
        sa.Column("started", sa.DateTime),
        sa.Column("ended", sa.DateTime),
    )


def downgrade() -> None:
    """Remove it; the tables in the DataStore stay."""
    op.drop_table("tzc_tables_state")
