"""Records that the filter of their source's mapping leaves out leave as those do that are no longer listed.

Revision ID: tzc_harvesting_0005
Revises: tzc_harvesting_0004
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0005"
down_revision = "tzc_harvesting_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Why a record is missing."""
    op.add_column("tzc_harvesting_item", sa.Column("left_out", sa.UnicodeText))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("tzc_harvesting_item", "left_out")
