"""Agreements, one a right each time that it is given, with their signatures; and the public keys that they are checked with.

Revision ID: tzc_agreements_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_agreements_0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not required)


def _moment(name: str, required: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tzc_agreements_agreement",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        _text("grant"), sa.Column("version", sa.Integer, nullable=False),
        _text("part"), _text("request"), _text("partner"), _text("account"), _text("requester"), _text("dataset"),
        sa.Column("files", JSONB, nullable=False, server_default="[]"), sa.Column("columns", JSONB, nullable=False, server_default="{}"),
        _moment("begins", True), _moment("ends", True), _moment("made", True),
        _text("state"), _moment("ended"),
        _text("document"), _text("signature"), _text("kid"), _text("sha256"),
        sa.UniqueConstraint("grant", "version"),
    )  # fmt: skip
    op.create_index("ix_tzc_agreements_agreement_part", "tzc_agreements_agreement", ["part"])
    op.create_index("ix_tzc_agreements_agreement_request", "tzc_agreements_agreement", ["request"])
    op.create_index("ix_tzc_agreements_agreement_account", "tzc_agreements_agreement", ["account", "made"])
    op.create_table(
        "tzc_agreements_key",
        sa.Column("kid", sa.UnicodeText, primary_key=True), sa.Column("number", sa.Integer, nullable=False),
        sa.Column("public", JSONB, nullable=False), _moment("since", True),
    )  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tzc_agreements_key")
    op.drop_table("tzc_agreements_agreement")
