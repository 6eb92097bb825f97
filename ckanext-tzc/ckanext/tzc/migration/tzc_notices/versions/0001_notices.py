"""What people are told, how they want it, and calls to partners' programs.

Revision ID: tzc_notices_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_notices_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_notices_notice",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="CASCADE")),
        sa.Column("address", sa.UnicodeText),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("about", JSONB, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("path", sa.UnicodeText, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("read", moment),
        sa.Column("due", moment),
        sa.CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name="tzc_notices_notice_for_one"),
    )
    op.create_index("tzc_notices_notice_of_user", "tzc_notices_notice", ["user_id", sa.text("id DESC")])
    op.create_index("tzc_notices_notice_unread", "tzc_notices_notice", ["user_id"], postgresql_where=sa.text("read IS NULL"))
    op.create_index("tzc_notices_notice_due", "tzc_notices_notice", ["due"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_table(
        "tzc_notices_wish",
        sa.Column("user_id", sa.UnicodeText, sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("mail", sa.UnicodeText, nullable=False),
        sa.Column("language", sa.UnicodeText, nullable=False),
    )
    op.create_table(
        "tzc_notices_webhook",
        sa.Column("partner_id", sa.UnicodeText, sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("url", sa.UnicodeText, nullable=False),
        sa.Column("secret", sa.UnicodeText, nullable=False),
        sa.Column("since", moment, nullable=False),
    )
    op.create_table(
        "tzc_notices_call",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("partner_id", sa.UnicodeText, sa.ForeignKey("tzc_notices_webhook.partner_id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.UnicodeText, nullable=False, unique=True),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("body", sa.UnicodeText, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("due", moment),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("done", moment),
        sa.Column("error", sa.UnicodeText),
    )
    op.create_index("tzc_notices_call_of_partner", "tzc_notices_call", ["partner_id", sa.text("id DESC")])
    op.create_index("tzc_notices_call_due", "tzc_notices_call", ["due"], postgresql_where=sa.text("due IS NOT NULL"))


def downgrade() -> None:
    """Remove them."""
    for name in ("call", "webhook", "wish", "notice"):
        op.drop_table(f"tzc_notices_{name}")
