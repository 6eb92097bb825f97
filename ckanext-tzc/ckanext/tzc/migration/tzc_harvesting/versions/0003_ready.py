"""A plan keeps its new datasets as the schema has them.

Revision ID: tzc_harvesting_0003
Revises: tzc_harvesting_0002
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0003"
down_revision = "tzc_harvesting_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column more."""
    op.add_column("tzc_harvesting_entry", sa.Column("ready", JSONB))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("tzc_harvesting_entry", "ready")
