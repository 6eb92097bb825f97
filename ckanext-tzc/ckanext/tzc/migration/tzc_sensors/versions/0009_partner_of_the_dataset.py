"""A source is of the partner who has its dataset: nothing else says so.

Revision ID: tzc_sensors_0009
Revises: tzc_sensors_0008
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_sensors_0009"
down_revision = "tzc_sensors_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget whose dataset it was when the source was made."""
    op.drop_column("tzc_sensors_source", "partner")


def downgrade() -> None:
    """Write down whose it is now."""
    op.add_column("tzc_sensors_source", sa.Column("partner", sa.UnicodeText))
    op.execute("UPDATE tzc_sensors_source AS own SET partner = coalesce(package.owner_org, '') FROM package WHERE package.id = own.dataset")
    op.alter_column("tzc_sensors_source", "partner", nullable=False)
