"""Keys of before an appeal open nothing any more; which requests renew a right is looked for at each use of it.

Revision ID: tzc_rights_0007
Revises: tzc_rights_0006
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_rights_0007"
down_revision = "tzc_rights_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the keys back; make the index."""
    op.execute("UPDATE tzc_rights_part SET keys = '{}' WHERE state = 'appealed'")
    op.create_index("ix_tzc_rights_request_renews", "tzc_rights_request", ["renews"], postgresql_where=sa.text("renews IS NOT NULL"))


def downgrade() -> None:
    """Remove the index."""
    op.drop_index("ix_tzc_rights_request_renews", "tzc_rights_request")
