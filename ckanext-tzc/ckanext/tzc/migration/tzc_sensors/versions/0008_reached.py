"""How far each stream of a source was read: a row each, no longer together in the source's cursor.

Revision ID: tzc_sensors_0008
Revises: tzc_sensors_0007
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_sensors_0008"
down_revision = "tzc_sensors_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. What cursors hold is moved by each source's next run."""
    op.create_table(
        "tzc_sensors_reached",
        sa.Column("source", sa.UnicodeText, sa.ForeignKey("tzc_sensors_source.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("stream", sa.UnicodeText, primary_key=True),
        sa.Column("until", sa.UnicodeText, nullable=False),
    )


def downgrade() -> None:
    """Remove it. Sources that are read stream by stream then begin anew, and what they say again changes nothing."""
    op.drop_table("tzc_sensors_reached")
