"""Who decides for whom, from when to when.

Revision ID: tzc_workflow_0002
Revises: tzc_workflow_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_workflow_0002"
down_revision = "tzc_workflow_0001"
branch_labels = None
depends_on = None


def _text(name: str, needed: bool = True, index: bool = False) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not needed, index=index)


def _moment(name: str, needed: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tzc_workflow_delegation", sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True), _text("partner_id", index=True), _text("duty"), _text("from_id"),
        _text("to_id"), _moment("begins"), _moment("ends"), _text("made_by"), _moment("made_at"), _text("ended_by", False), _moment("ended_at", False),
    )  # fmt: skip


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_workflow_delegation")
