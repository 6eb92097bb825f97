"""Who has which duty, which partners share one, where datasets stand on their way, each move, and changes that wait.

Revision ID: tzc_workflow_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_workflow_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("tzc_workflow_duty", "tzc_workflow_pool", "tzc_workflow_course", "tzc_workflow_move", "tzc_workflow_proposal")


def _text(name: str, needed: bool = True, index: bool = False) -> sa.Column:
    return sa.Column(name, sa.UnicodeText, nullable=not needed, index=index)


def _moment(name: str, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed, server_default=sa.func.now() if needed else None)


def _number() -> sa.Column:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tzc_workflow_duty", _number(), _text("partner_id", index=True), _text("user_id", index=True), _text("duty"), _moment("begins"), _moment("ends"),
        _text("given_by"), _moment("given_at", needed=True), _text("taken_by", needed=False), _moment("taken_at"),
    )  # fmt: skip
    op.create_table(
        "tzc_workflow_pool", _number(), _text("duty"), _text("partner_id", index=True), _text("with_id", index=True), _text("asked_by"), _moment("asked_at", needed=True),
        _text("agreed_by", needed=False), _moment("agreed_at"), _text("ended_by", needed=False), _moment("ended_at"),
    )  # fmt: skip
    op.create_index("tzc_workflow_duty_once", "tzc_workflow_duty", ["partner_id", "user_id", "duty"], unique=True, postgresql_where=sa.text("taken_at IS NULL"))
    op.create_table(
        "tzc_workflow_course", sa.Column("package_id", sa.UnicodeText, primary_key=True), _text("state", index=True),
        sa.Column("keys", JSONB, nullable=False, server_default="{}"), _text("asked_by", needed=False), _moment("asked_at"), _text("why", needed=False),
    )  # fmt: skip
    op.create_table(
        "tzc_workflow_move", _number(), _text("package_id", index=True), _text("move"), _text("before"), _text("after"), _text("role"), _text("by"), _moment("at", needed=True),
        _text("why"),
    )  # fmt: skip
    op.create_table(
        "tzc_workflow_proposal", _number(), _text("package_id", index=True), _text("duty"), _text("state", index=True), sa.Column("fields", JSONB, nullable=False),
        sa.Column("before", JSONB, nullable=False), _text("by"), _moment("at", needed=True), _text("decided_by", needed=False), _moment("decided_at"), _text("why", needed=False),
    )  # fmt: skip


def downgrade() -> None:
    """Remove them."""
    for table in TABLES:
        op.drop_table(table)
