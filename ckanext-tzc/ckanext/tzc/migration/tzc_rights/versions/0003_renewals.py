"""Which request a request renews.

Revision ID: tzc_rights_0003
Revises: tzc_rights_0002
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_rights_0003"
down_revision = "tzc_rights_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("tzc_rights_request", sa.Column("renews", sa.UnicodeText))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("tzc_rights_request", "renews")
