"""Which datasets were drafts when a run deleted them, so that they come back as drafts.

Revision ID: tzc_harvesting_0012
Revises: tzc_harvesting_0011
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0012"
down_revision = "tzc_harvesting_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for it."""
    op.add_column("tzc_harvesting_item", sa.Column("draft", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("tzc_harvesting_item", "draft")
