"""Datasets that are the same and were merged, and proposals to do so.

Revision ID: tzc_harvesting_0007
Revises: tzc_harvesting_0006
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0007"
down_revision = "tzc_harvesting_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table: of two datasets one row at most, and no dataset is withdrawn twice."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_merge",
        sa.Column("kept_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("withdrawn_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("state", sa.UnicodeText, nullable=False),
        sa.Column("files", JSONB, nullable=False, server_default="[]"),
        sa.Column("added", JSONB, nullable=False, server_default="{}"),
        sa.Column("asked_by", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL")),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("merged_by", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL")),
        sa.Column("merged_at", moment),
        sa.CheckConstraint("kept_id <> withdrawn_id", name="tzc_harvesting_merge_of_two"),
        sa.CheckConstraint("state IN ('asked', 'merged')", name="tzc_harvesting_merge_state"),
    )
    op.create_index("tzc_harvesting_merge_pair", "tzc_harvesting_merge", [sa.text("LEAST(kept_id, withdrawn_id)"), sa.text("GREATEST(kept_id, withdrawn_id)")], unique=True)
    op.create_index("tzc_harvesting_merge_withdrawn", "tzc_harvesting_merge", ["withdrawn_id"], unique=True, postgresql_where=sa.text("state = 'merged'"))


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_harvesting_merge")
