"""Links of mails that have served: each signs in once.

Revision ID: tzc_accounts_0002
Revises: tzc_accounts_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_accounts_0002"
down_revision = "tzc_accounts_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table("tzc_accounts_link", sa.Column("hash", sa.UnicodeText, primary_key=True), sa.Column("used", sa.DateTime, nullable=False, index=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_accounts_link")
