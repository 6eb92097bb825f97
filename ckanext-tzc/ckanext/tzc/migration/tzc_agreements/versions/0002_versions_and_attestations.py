"""Frozen versions of files, the tokens that they are downloaded with, and what is attested at a right's end.

Revision ID: tzc_agreements_0002
Revises: tzc_agreements_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_agreements_0002"
down_revision = "tzc_agreements_0001"
branch_labels = None
depends_on = None

AGREEMENT = "tzc_agreements_agreement"


def _text(name: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not required)


def _moment(name: str, required: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


def upgrade() -> None:
    """Make the tables and columns."""
    for column in (_moment("attested"), _text("attested_by", False), _text("attested_words", False), sa.Column("told", JSONB, nullable=False, server_default="[]")):
        op.add_column(AGREEMENT, column)
    op.create_index("ix_tzc_agreements_agreement_ended", AGREEMENT, ["state", "ended"], postgresql_where=sa.text("attested IS NULL"))
    op.create_table(
        "tzc_agreements_version",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        _text("file"), _text("dataset"), _text("partner"), _text("sha256"), sa.Column("size", sa.BigInteger, nullable=False),
        _text("name"), _text("kind", False), _moment("made", True), _moment("gone"),
        sa.UniqueConstraint("file", "sha256"),
    )  # fmt: skip
    op.create_index("ix_tzc_agreements_version_sha256", "tzc_agreements_version", ["sha256"])
    op.create_table(
        "tzc_agreements_frozen",
        sa.Column("grant", sa.UnicodeText, primary_key=True), sa.Column("file", sa.UnicodeText, primary_key=True),
        sa.Column("version", sa.UnicodeText, sa.ForeignKey("tzc_agreements_version.id", ondelete="CASCADE"), nullable=False, index=True),
    )  # fmt: skip
    op.create_table(
        "tzc_agreements_token",
        sa.Column("grant", sa.UnicodeText, primary_key=True), sa.Column("hash", sa.UnicodeText, nullable=False, unique=True),
        _moment("made", True), _moment("used"),
    )  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    for table in ("token", "frozen", "version"):
        op.drop_table(f"tzc_agreements_{table}")
    op.drop_index("ix_tzc_agreements_agreement_ended", AGREEMENT)
    for name in ("told", "attested_words", "attested_by", "attested"):
        op.drop_column(AGREEMENT, name)
