"""Invitations of partners' deciders, and links for one recipient.

Revision ID: tzc_agreements_0003
Revises: tzc_agreements_0002
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_agreements_0003"
down_revision = "tzc_agreements_0002"
branch_labels = None
depends_on = None


def _text(name: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not required)


def _moment(name: str, required: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tzc_agreements_invitation",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        _text("account", False), _text("email", False), _text("partner"), _text("dataset"), sa.Column("files", JSONB, nullable=False, server_default="[]"),
        _text("purpose"), _text("words"), sa.Column("days", sa.Integer, nullable=False),
        _text("by"), _moment("made", True), _moment("until", True), _text("state"), _moment("ended"), _text("request", False),
    )  # fmt: skip
    op.create_index("ix_tzc_agreements_invitation_dataset", "tzc_agreements_invitation", ["dataset", "made"])
    op.create_index("ix_tzc_agreements_invitation_account", "tzc_agreements_invitation", ["account"])
    op.create_index("ix_tzc_agreements_invitation_by", "tzc_agreements_invitation", ["by", "made"])
    op.create_table(
        "tzc_agreements_link",
        sa.Column("id", sa.UnicodeText, primary_key=True), sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
        sa.Column("version", sa.UnicodeText, sa.ForeignKey("tzc_agreements_version.id", ondelete="CASCADE"), nullable=False, index=True),
        _text("partner"), _text("dataset"), _text("file"), _text("email"),
        _text("by"), _moment("made", True), _moment("until", True), sa.Column("most", sa.Integer, nullable=False),
        sa.Column("left", sa.Integer, nullable=False), _moment("revoked"),
        sa.CheckConstraint('"left" >= 0', name="ck_tzc_agreements_link_left"),
    )  # fmt: skip
    op.create_index("ix_tzc_agreements_link_dataset", "tzc_agreements_link", ["dataset", "made"])
    op.create_index("ix_tzc_agreements_link_by", "tzc_agreements_link", ["by", "made"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tzc_agreements_link")
    op.drop_table("tzc_agreements_invitation")
