"""Feeds of files, their runs, old files and keys, and partners' credentials.

Revision ID: tzc_feeding_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_feeding_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_feeding_credential",
        sa.Column("partner", sa.UnicodeText, sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.UnicodeText, primary_key=True),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("host", sa.UnicodeText, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", moment, nullable=False),
    )
    op.create_table(
        "tzc_feeding_feed",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("partner", sa.UnicodeText, nullable=False),
        sa.Column("dataset", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("resource", sa.UnicodeText, unique=True),
        sa.Column("definition", JSONB, nullable=False),
        sa.Column("cron", sa.UnicodeText),
        sa.Column("due", moment),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", moment, nullable=False),
        sa.Column("columns", JSONB),
        sa.Column("digest", sa.UnicodeText),
        sa.Column("etag", sa.UnicodeText),
        sa.Column("modified", sa.UnicodeText),
        sa.Column("filled", moment),
        sa.Column("trouble", sa.UnicodeText),
        sa.Column("since", moment),
    )
    op.create_index("tzc_feeding_feed_due", "tzc_feeding_feed", ["due"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_table(
        "tzc_feeding_run",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("feed", sa.UnicodeText, sa.ForeignKey("tzc_feeding_feed.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("ended", moment),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("way", sa.UnicodeText, nullable=False),
        sa.Column("by", sa.UnicodeText),
        sa.Column("outcome", sa.UnicodeText, nullable=False),
        sa.Column("code", sa.UnicodeText),
        sa.Column("parameters", JSONB),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("rows", sa.BigInteger),
        sa.Column("sha256", sa.UnicodeText),
    )
    op.create_index("tzc_feeding_run_of_feed", "tzc_feeding_run", ["feed", sa.text("id DESC")])
    op.create_table(
        "tzc_feeding_version",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("feed", sa.UnicodeText, nullable=False, index=True),
        sa.Column("sha256", sa.UnicodeText, nullable=False, index=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", sa.UnicodeText, nullable=False),
        sa.Column("kind", sa.UnicodeText),
        sa.Column("replaced", moment, nullable=False),
    )
    op.create_table(
        "tzc_feeding_key",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("feed", sa.UnicodeText, sa.ForeignKey("tzc_feeding_feed.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
        sa.Column("prefix", sa.UnicodeText, nullable=False),
        sa.Column("by", sa.UnicodeText, nullable=False),
        sa.Column("made", moment, nullable=False),
        sa.Column("ends", moment, nullable=False),
        sa.Column("revoked", moment),
        sa.Column("used", moment),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("key", "version", "run", "feed", "credential"):
        op.drop_table(f"tzc_feeding_{name}")
