"""Files that are attached to requests and their messages; for whom a delegate moved.

Revision ID: tzc_rights_0005
Revises: tzc_rights_0004
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_rights_0005"
down_revision = "tzc_rights_0004"
branch_labels = None
depends_on = None


def _text(name: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not required)


def upgrade() -> None:
    """Make the table, and add the column."""
    op.create_table(
        "tzc_rights_file",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("request", sa.UnicodeText, sa.ForeignKey("tzc_rights_request.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("part", sa.UnicodeText, sa.ForeignKey("tzc_rights_part.id", ondelete="CASCADE")),
        sa.Column("message", sa.BigInteger, sa.ForeignKey("tzc_rights_message.id", ondelete="CASCADE")),
        _text("by"), sa.Column("at", sa.DateTime(timezone=True), nullable=False), _text("name"), sa.Column("size", sa.BigInteger, nullable=False), _text("sha256"),
        _text("location", False), sa.Column("removed", sa.DateTime(timezone=True)),
    )  # fmt: skip
    op.create_index("ix_tzc_rights_file_by", "tzc_rights_file", ["by", "at"])
    op.add_column("tzc_rights_message", sa.Column("acting_for", JSONB, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Remove them. What is in the storage stays there."""
    op.drop_column("tzc_rights_message", "acting_for")
    op.drop_table("tzc_rights_file")
