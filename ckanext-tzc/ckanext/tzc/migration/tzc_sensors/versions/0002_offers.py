"""Which file of a dataset stands for its streams.

Revision ID: tzc_sensors_0002
Revises: tzc_sensors_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_sensors_0002"
down_revision = "tzc_sensors_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tzc_sensors_offer",
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("resource", sa.UnicodeText, nullable=False),
        sa.Column("told", JSONB),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_sensors_offer")
