"""Records that were asked for before a source's first run, to show its mapping on.

Revision ID: tzc_harvesting_0006
Revises: tzc_harvesting_0005
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0006"
down_revision = "tzc_harvesting_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for them."""
    op.add_column("tzc_harvesting_source", sa.Column("samples", JSONB))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("tzc_harvesting_source", "samples")
