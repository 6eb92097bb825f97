"""The header and the first rows of a source that is a table, to choose its columns by.

Revision ID: tzc_harvesting_0011
Revises: tzc_harvesting_0010
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0011"
down_revision = "tzc_harvesting_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for them."""
    op.add_column("tzc_harvesting_source", sa.Column("first_rows", JSONB))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("tzc_harvesting_source", "first_rows")
