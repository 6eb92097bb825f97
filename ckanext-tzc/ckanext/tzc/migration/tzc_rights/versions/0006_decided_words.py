"""What each part of a request was decided on: the request may be completed for another partner afterwards. Of parts that were decided before, what is known now.

Revision ID: tzc_rights_0006
Revises: tzc_rights_0005
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_rights_0006"
down_revision = "tzc_rights_0005"
branch_labels = None
depends_on = None

TEXTS = ("purpose", "words", "project", "organisation")


def upgrade() -> None:
    """Make the table, and fill it."""
    op.create_table(
        "tzc_rights_decided",
        sa.Column("part", sa.UnicodeText, sa.ForeignKey("tzc_rights_part.id", ondelete="CASCADE"), primary_key=True),
        *(sa.Column(name, sa.UnicodeText, nullable=False) for name in TEXTS),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("team", JSONB, nullable=False),
    )
    op.execute(
        "INSERT INTO tzc_rights_decided (part, purpose, words, project, organisation, days, team) "
        "SELECT part.id, coalesce(given.purpose, request.purpose), coalesce(given.words, request.words), request.project, request.organisation, request.days, request.team "
        "FROM tzc_rights_part part JOIN tzc_rights_request request ON request.id = part.request "
        "LEFT JOIN LATERAL (SELECT purpose, words FROM tzc_rights_grant WHERE tzc_rights_grant.part = part.id LIMIT 1) given ON true "
        "WHERE part.state NOT IN ('draft', 'submitted', 'changes_requested', 'under_review')"
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("tzc_rights_decided")
