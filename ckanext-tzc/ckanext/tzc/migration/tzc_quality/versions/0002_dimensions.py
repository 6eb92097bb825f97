"""Points by dimension, and whether the description obeyed DCAT-AP when they were computed; all are to be computed anew.

The RDF of a dataset holds its points: where they change, triggers note it for the room that publishes. CKAN migrates plugins by name, so its function is there before this.

Revision ID: tzc_quality_0002
Revises: tzc_quality_0001
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "tzc_quality_0002"
down_revision = "tzc_quality_0001"
branch_labels = None
depends_on = None

SCORED = {
    "tzc_publishing_scored": "AFTER INSERT ON tzc_quality_score FOR EACH ROW WHEN (NEW.score IS NOT NULL)",
    # only what differs: else scores and fragments would renew each other for ever
    "tzc_publishing_rescored": """
        AFTER UPDATE OF score, dimensions ON tzc_quality_score FOR EACH ROW WHEN ((OLD.score, OLD.dimensions) IS DISTINCT FROM (NEW.score, NEW.dimensions))
    """,
    "tzc_publishing_forgotten": "AFTER DELETE ON tzc_quality_score FOR EACH ROW WHEN (OLD.score IS NOT NULL)",
}


def upgrade() -> None:
    """Add columns and triggers."""
    op.add_column("tzc_quality_score", sa.Column("dimensions", JSONB))
    op.add_column("tzc_quality_score", sa.Column("conforms", sa.Boolean))
    op.execute("UPDATE tzc_quality_score SET changed = now() AT TIME ZONE 'UTC' WHERE changed IS NULL")
    for name, when in SCORED.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION tzc_publishing_note('package_id')")


def downgrade() -> None:
    """Remove them."""
    for name in SCORED:
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON tzc_quality_score")
    op.drop_column("tzc_quality_score", "conforms")
    op.drop_column("tzc_quality_score", "dimensions")
