"""What files of harvested datasets are, by their first bytes.

Revision ID: tzc_harvesting_0008
Revises: tzc_harvesting_0007
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0008"
down_revision = "tzc_harvesting_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_content",
        sa.Column("url", sa.UnicodeText, primary_key=True),
        sa.Column("found", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("etag", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("modified", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("looked", moment, nullable=False),
        sa.Column("again", moment, nullable=False),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_harvesting_content")
