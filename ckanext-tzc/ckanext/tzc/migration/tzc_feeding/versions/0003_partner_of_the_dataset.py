"""A feed is of the partner who has its dataset: nothing else says so.

Revision ID: tzc_feeding_0003
Revises: tzc_feeding_0002
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_feeding_0003"
down_revision = "tzc_feeding_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget whose dataset it was when the feed was made."""
    op.drop_column("tzc_feeding_feed", "partner")


def downgrade() -> None:
    """Write down whose it is now."""
    op.add_column("tzc_feeding_feed", sa.Column("partner", sa.UnicodeText))
    op.execute("UPDATE tzc_feeding_feed AS own SET partner = coalesce(package.owner_org, '') FROM package WHERE package.id = own.dataset")
    op.alter_column("tzc_feeding_feed", "partner", nullable=False)
