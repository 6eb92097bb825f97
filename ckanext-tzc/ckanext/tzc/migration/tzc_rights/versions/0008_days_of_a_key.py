"""The thread says for how many days a key was turned.

Revision ID: tzc_rights_0008
Revises: tzc_rights_0007
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_rights_0008"
down_revision = "tzc_rights_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("tzc_rights_message", sa.Column("days", sa.Integer))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("tzc_rights_message", "days")
