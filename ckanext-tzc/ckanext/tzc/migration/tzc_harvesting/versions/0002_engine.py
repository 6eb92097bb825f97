"""Runs of harvests: what each found, what became of it, what is kept of a source.

Revision ID: tzc_harvesting_0002
Revises: tzc_harvesting_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0002"
down_revision = "tzc_harvesting_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. A source and a dataset are packages; the rows of ckanext-harvest may be made later than these, so that nothing here points to them."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_source",
        sa.Column("source_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("approved", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("reading", sa.UnicodeText),
        sa.Column("pages", JSONB),
    )
    op.create_table(
        "tzc_harvesting_item",
        sa.Column("source_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("identifier", sa.UnicodeText, primary_key=True),
        sa.Column("package_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="SET NULL")),
        sa.Column("digest", sa.UnicodeText),
        sa.Column("given", JSONB),
        sa.Column("missing", moment),
        sa.Column("kept", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("tzc_harvesting_item_of_package", "tzc_harvesting_item", ["package_id"])
    op.create_index("tzc_harvesting_item_missing", "tzc_harvesting_item", ["source_id", "missing"], postgresql_where=sa.text("missing IS NOT NULL"))
    op.create_table(
        "tzc_harvesting_run",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("source_id", sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False),
        sa.Column("host", sa.UnicodeText, nullable=False),
        sa.Column("state", sa.UnicodeText, nullable=False),
        sa.Column("dry", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("asks", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("wanted", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("whole", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("counts", JSONB, nullable=False, server_default="{}"),
        sa.Column("reading", sa.UnicodeText),
        sa.Column("pages", JSONB),
        sa.Column("owner", sa.UnicodeText),
        sa.Column("beat", moment),
        sa.Column("taken_over", sa.Integer, nullable=False, server_default="0"),
        sa.Column("begun", moment, nullable=False),
        sa.Column("planned", moment),
        sa.Column("approved", moment),
        sa.Column("approved_by", sa.UnicodeText),
        sa.Column("ended", moment),
    )
    op.create_index("tzc_harvesting_run_of_source", "tzc_harvesting_run", ["source_id", "begun"])
    op.create_index("tzc_harvesting_run_open", "tzc_harvesting_run", ["source_id"], unique=True, postgresql_where=sa.text("ended IS NULL"))
    op.create_table(
        "tzc_harvesting_entry",
        sa.Column("run_id", sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("identifier", sa.UnicodeText, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("change", sa.UnicodeText, nullable=False),
        sa.Column("title", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("words", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("differences", JSONB),
        sa.Column("given", JSONB),
        sa.Column("notes", JSONB),
        sa.Column("content", sa.UnicodeText),
        sa.Column("digest", sa.UnicodeText),
        sa.Column("package_id", sa.UnicodeText),
        sa.Column("outcome", sa.UnicodeText),
    )
    op.create_index("tzc_harvesting_entry_in_turn", "tzc_harvesting_entry", ["run_id", "number"])
    op.create_index("tzc_harvesting_entry_waiting", "tzc_harvesting_entry", ["run_id", "number"], postgresql_where=sa.text("outcome IS NULL OR outcome = 'written'"))


def downgrade() -> None:
    """Remove them."""
    for name in ("entry", "run", "item", "source"):
        op.drop_table(f"tzc_harvesting_{name}")
