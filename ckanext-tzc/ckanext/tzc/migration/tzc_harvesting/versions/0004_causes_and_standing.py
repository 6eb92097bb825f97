"""Causes of what went wrong in runs; which run one repeats; how sources stand.

Revision ID: tzc_harvesting_0004
Revises: tzc_harvesting_0003
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_harvesting_0004"
down_revision = "tzc_harvesting_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them. The words of a problem are ckanext-harvest's row of the same id."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tzc_harvesting_problem",
        sa.Column("id", sa.UnicodeText, primary_key=True),
        sa.Column("run_id", sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), nullable=False),
        sa.Column("cause", sa.UnicodeText, nullable=False),
    )
    op.create_index("tzc_harvesting_problem_of_run", "tzc_harvesting_problem", ["run_id"])
    op.add_column("tzc_harvesting_entry", sa.Column("cause", sa.UnicodeText, nullable=False, server_default=""))
    op.add_column("tzc_harvesting_run", sa.Column("by", sa.UnicodeText))
    op.add_column("tzc_harvesting_run", sa.Column("repeats", sa.UnicodeText))
    op.add_column("tzc_harvesting_run", sa.Column("done", JSONB))
    op.add_column("tzc_harvesting_source", sa.Column("trouble", sa.UnicodeText, nullable=False, server_default=""))
    op.add_column("tzc_harvesting_source", sa.Column("since", moment))
    op.add_column("tzc_harvesting_source", sa.Column("well", moment))


def downgrade() -> None:
    """Remove them."""
    for table, name in (("source", "well"), ("source", "since"), ("source", "trouble"), ("run", "done"), ("run", "repeats"), ("run", "by"), ("entry", "cause")):
        op.drop_column(f"tzc_harvesting_{table}", name)
    op.drop_table("tzc_harvesting_problem")
