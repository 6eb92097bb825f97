"""Old files that are written down before they are replaced, so that they can be put back.

Revision ID: tzc_feeding_0002
Revises: tzc_feeding_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_feeding_0002"
down_revision = "tzc_feeding_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns, and find what has not ended by an index."""
    op.add_column("tzc_feeding_version", sa.Column("resource", sa.UnicodeText))
    op.add_column("tzc_feeding_version", sa.Column("changed", sa.DateTime))
    op.alter_column("tzc_feeding_version", "replaced", nullable=True)
    op.create_index("tzc_feeding_version_unsettled", "tzc_feeding_version", ["feed"], postgresql_where=sa.text("replaced IS NULL"))
    op.create_index("tzc_feeding_run_unended", "tzc_feeding_run", ["feed"], postgresql_where=sa.text("outcome = 'running'"))


def downgrade() -> None:
    """Remove them."""
    op.drop_index("tzc_feeding_run_unended", "tzc_feeding_run")
    op.drop_index("tzc_feeding_version_unsettled", "tzc_feeding_version")
    op.execute("DELETE FROM tzc_feeding_version WHERE replaced IS NULL")
    op.alter_column("tzc_feeding_version", "replaced", nullable=False)
    op.drop_column("tzc_feeding_version", "changed")
    op.drop_column("tzc_feeding_version", "resource")
