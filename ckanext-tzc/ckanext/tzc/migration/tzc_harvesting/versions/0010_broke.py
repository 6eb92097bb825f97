"""How the process ended that broke off last at a run.

Revision ID: tzc_harvesting_0010
Revises: tzc_harvesting_0009
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0010"
down_revision = "tzc_harvesting_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("tzc_harvesting_run", sa.Column("broke", sa.UnicodeText, nullable=False, server_default=""))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("tzc_harvesting_run", "broke")
