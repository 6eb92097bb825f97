"""Our sessions at brokers, which keep messages for us until they are ended.

Revision ID: tzc_sensors_0007
Revises: tzc_sensors_0006
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_sensors_0007"
down_revision = "tzc_sensors_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    # without references: a session is ended after what it was for is gone
    op.create_table(
        "tzc_sensors_session",
        sa.Column("name", sa.UnicodeText, primary_key=True),
        sa.Column("partner", sa.UnicodeText, nullable=False),
        sa.Column("address", sa.UnicodeText, nullable=False),
        sa.Column("credential", sa.UnicodeText, nullable=False),
        sa.Column("ca", sa.UnicodeText, nullable=False),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.Column("topics", JSONB, nullable=False),
        sa.Column("unwanted", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Remove it. Sessions that nobody reads then stay at their brokers."""
    op.drop_table("tzc_sensors_session")
