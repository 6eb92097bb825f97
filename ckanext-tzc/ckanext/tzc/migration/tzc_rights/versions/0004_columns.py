"""Requests and rights for single columns of files: `{file's id: [column, …]}`; a file that is not named has all its columns.

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


def upgrade() -> None:
    """Add the column to both."""
    for table in TABLES:
        op.add_column(f"tzc_rights_{table}", sa.Column("columns", JSONB, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Remove it; rights to single columns are gone with it."""
    op.execute("DELETE FROM tzc_rights_grant WHERE columns <> '{}'")
    for table in TABLES:
        op.drop_column(f"tzc_rights_{table}", "columns")
