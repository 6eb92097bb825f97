"""Runs of other programs' harvesters: which runs are, and what their logs say. Jobs that their consumers, which are no more, had begun are closed.

Revision ID: tzc_harvesting_0009
Revises: tzc_harvesting_0008
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_harvesting_0009"
down_revision = "tzc_harvesting_0008"
branch_labels = None
depends_on = None

OPEN = "SELECT job.id FROM harvest_job job WHERE job.status <> 'Finished' AND NOT EXISTS (SELECT FROM tzc_harvesting_run run WHERE run.id = job.id)"
CLOSE = (
    f"UPDATE harvest_object SET state = 'ERROR' WHERE state NOT IN ('COMPLETE', 'ERROR') AND harvest_job_id IN ({OPEN})",  # noqa: S608 -- text of ours
    f"UPDATE harvest_job SET status = 'Finished', finished = now() AT TIME ZONE 'utc' WHERE id IN ({OPEN})",  # noqa: S608 -- text of ours
)
"""Nobody would go on with them."""


def upgrade() -> None:
    """Make them. The tables of ckanext-harvest may be made later than ours."""
    op.add_column("tzc_harvesting_run", sa.Column("bridged", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "tzc_harvesting_log",
        sa.Column("run_id", sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.UnicodeText, nullable=False),
        sa.Column("words", sa.UnicodeText, nullable=False),
    )
    if sa.inspect(op.get_bind()).has_table("harvest_job"):
        for statement in CLOSE:
            op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tzc_harvesting_log")
    op.drop_column("tzc_harvesting_run", "bridged")
