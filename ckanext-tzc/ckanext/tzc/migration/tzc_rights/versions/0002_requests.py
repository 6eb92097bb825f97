"""Requests for restricted data: what was asked, each partner's part, the thread, the terms that were accepted, and the rights that were given.

Revision ID: tzc_rights_0002
Revises: tzc_rights_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_rights_0002"
down_revision = "tzc_rights_0001"
branch_labels = None
depends_on = None


def _text(name: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not required)


def _moment(name: str, required: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not required)


def _yes_or_no(name: str, usually: bool = False) -> sa.Column:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.true() if usually else sa.false())


def _json(name: str, empty: str = "[]") -> sa.Column:
    return sa.Column(name, JSONB, nullable=False, server_default=empty)


def _id(name: str = "id") -> sa.Column:
    return sa.Column(name, sa.UnicodeText, primary_key=True)


def _number() -> sa.Column:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True)


def _to(name: str, table: str, required: bool = True) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, sa.ForeignKey(f"tzc_rights_{table}.id", ondelete="CASCADE"), nullable=not required, index=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table("tzc_rights_terms", _id(), _text("partner", False), _json("texts", "{}"), _text("hash"), _text("by", False), _moment("since", True))
    op.create_index("ix_tzc_rights_terms_partner", "tzc_rights_terms", ["partner", "since"])
    op.create_table(
        "tzc_rights_request", _id(), _text("requester"), _text("purpose"), _text("words"), _text("project"), _text("organisation"), sa.Column("days", sa.Integer, nullable=False),
        _json("team"), _text("key"), _moment("created", True), _moment("changed", True),
    )  # fmt: skip
    op.create_index("ix_tzc_rights_request_requester", "tzc_rights_request", ["requester", "created"])
    op.create_table(
        "tzc_rights_part", _id(), _to("request", "request"), _text("partner"), _text("state"), _yes_or_no("personal"), _json("keys", "{}"), _json("decided_by"),
        _text("before", False),
        _yes_or_no("prolonged"), _yes_or_no("final"), _moment("due"), _moment("begins"), _moment("ends"), _moment("changed", True), _json("told"),
    )  # fmt: skip
    op.create_index("ix_tzc_rights_part_partner", "tzc_rights_part", ["partner", "state", "due"])
    op.create_index("ix_tzc_rights_part_due", "tzc_rights_part", ["state", "due"])
    op.create_index("ix_tzc_rights_part_ends", "tzc_rights_part", ["state", "ends"])
    op.create_table(
        "tzc_rights_covered",
        _number(),
        _to("part", "part"),
        sa.Column("dataset", sa.UnicodeText, nullable=False, index=True),
        _json("resources"),
    )
    op.create_table(
        "tzc_rights_message", _number(), _to("request", "request"), _to("part", "part", False), _text("by", False), _moment("at", True), _text("move", False),
        _text("text"),
    )  # fmt: skip
    op.create_table(
        "tzc_rights_accepted",
        _number(),
        _to("request", "request"),
        _text("terms"),
        _text("hash"),
        _text("by"),
        _moment("at", True),
    )
    op.create_table(
        "tzc_rights_grant", _id(), _to("part", "part"), _text("account"), _text("dataset"), _json("resources"), _moment("begins", True), _moment("ends", True),
        _yes_or_no("live", True),
        _text("terms_hash"), _text("purpose"), _text("words"), _moment("created", True), sa.UniqueConstraint("part", "account", "dataset"),
    )  # fmt: skip
    op.create_index("ix_tzc_rights_grant_account", "tzc_rights_grant", ["account", "dataset"])
    op.create_index("ix_tzc_rights_grant_dataset", "tzc_rights_grant", ["dataset"])


def downgrade() -> None:
    """Remove them."""
    for table in ("grant", "accepted", "message", "covered", "part", "request", "terms"):
        op.drop_table(f"tzc_rights_{table}")
