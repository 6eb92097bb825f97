"""What validation said of each dataset's RDF.

Revision ID: tzc_publishing_0002
Revises: tzc_publishing_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_publishing_0002"
down_revision = "tzc_publishing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tzc_publishing_validation",
        sa.Column("package_id", sa.UnicodeText, primary_key=True),
        sa.Column("digest", sa.UnicodeText, nullable=False),
        sa.Column("shapes", sa.UnicodeText, nullable=False),
        sa.Column("validated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conforms", sa.Boolean),
        sa.Column("results", JSONB, nullable=False),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_publishing_validation")
