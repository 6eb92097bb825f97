"""Requests and rights for single columns of files: `{file's id: [column, …]}`; a file that is not named has all its columns. And the
order of what waits and of what was decided, so that a page of a long queue is read, not sorted; who is in a team is found by an index too.

Revision ID: tzc_rights_0004
Revises: tzc_rights_0003
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_rights_0004"
down_revision = "tzc_rights_0003"
branch_labels = None
depends_on = None

TABLES = ("covered", "grant")
WAITING = "state IN ('submitted', 'under_review', 'appealed')"


def upgrade() -> None:
    """Add the column to both."""
    for table in TABLES:
        op.add_column(f"tzc_rights_{table}", sa.Column("columns", JSONB, nullable=False, server_default="{}"))
    op.create_index("ix_tzc_rights_part_waiting", "tzc_rights_part", ["due", "id"], postgresql_where=sa.text(WAITING))
    op.create_index("ix_tzc_rights_part_decided", "tzc_rights_part", [sa.text("changed DESC"), "id"], postgresql_where=sa.text(f"NOT ({WAITING}) AND state <> 'draft'"))
    op.create_index("ix_tzc_rights_request_team", "tzc_rights_request", ["team"], postgresql_using="gin")


def downgrade() -> None:
    """Remove it; rights to single columns are gone with it."""
    for index, table in (("part_waiting", "part"), ("part_decided", "part"), ("request_team", "request")):
        op.drop_index(f"ix_tzc_rights_{index}", f"tzc_rights_{table}")
    op.execute("DELETE FROM tzc_rights_grant WHERE columns <> '{}'")
    for table in TABLES:
        op.drop_column(f"tzc_rights_{table}", "columns")
