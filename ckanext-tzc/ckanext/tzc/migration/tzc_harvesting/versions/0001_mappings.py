"""Mappings of sources, in versions; datasets that are perhaps there twice.

Revision ID: tzc_harvesting_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_mapping",
        sa.Column("source_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("mapping", JSONB, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("user_id", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL")),
    )
    op.create_table(
        "tzc_harvesting_double",
        sa.Column("one_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("other_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("reason", sa.UnicodeText, nullable=False),
        sa.Column("found", moment, nullable=False),
        sa.Column("decision", sa.UnicodeText),
        sa.Column("user_id", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL")),
        sa.Column("decided", moment),
        sa.CheckConstraint("one_id < other_id", name="tzc_harvesting_double_ordered"),
    )
    op.create_index("tzc_harvesting_double_other", "tzc_harvesting_double", ["other_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tzc_harvesting_double")
    op.drop_table("tzc_harvesting_mapping")
