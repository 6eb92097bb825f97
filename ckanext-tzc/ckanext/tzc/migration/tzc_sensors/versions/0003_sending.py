"""How much is sent to a source by the hour, and which retained messages were taken.

Revision ID: tzc_sensors_0003
Revises: tzc_sensors_0002
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_sensors_0003"
down_revision = "tzc_sensors_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tzc_sensors_use",
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "tzc_sensors_retained",
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("topic", sa.UnicodeText, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tzc_sensors_retained")
    op.drop_table("tzc_sensors_use")
