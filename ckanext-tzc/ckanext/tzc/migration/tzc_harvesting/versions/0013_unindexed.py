"""Datasets that were written and that the index does not know so yet.

Revision ID: tzc_harvesting_0013
Revises: tzc_harvesting_0012
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0013"
down_revision = "tzc_harvesting_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_unindexed",
        sa.Column("package_id", sa.UnicodeText, primary_key=True),
        sa.Column("since", moment, nullable=False),
        sa.Column("again", moment, nullable=False, index=True),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_harvesting_unindexed")
