"""Scores, how they changed, and how addresses answered.

Revision ID: tzc_quality_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_quality_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tzc_quality_score",
        sa.Column("package_id", sa.UnicodeText, primary_key=True),
        sa.Column("changed", sa.DateTime, index=True),
        sa.Column("score", sa.Integer),
        sa.Column("computed", sa.DateTime),
    )
    op.create_table(
        "tzc_quality_history",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("package_id", sa.UnicodeText, nullable=False, index=True),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "tzc_quality_link",
        sa.Column("resource_id", sa.UnicodeText, primary_key=True),
        sa.Column("kind", sa.UnicodeText, primary_key=True),
        sa.Column("package_id", sa.UnicodeText, nullable=False, index=True),
        sa.Column("url", sa.UnicodeText, nullable=False),
        sa.Column("upload", sa.Boolean, nullable=False),
        sa.Column("ok", sa.Boolean),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.UnicodeText),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("checked", sa.DateTime),
        sa.Column("due", sa.DateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("tzc_quality_link", "tzc_quality_history", "tzc_quality_score"):
        op.drop_table(name)
