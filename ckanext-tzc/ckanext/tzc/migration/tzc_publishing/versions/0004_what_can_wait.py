"""A score that changed is not urgent: a reader of the feeds does not wait for it, as for a dataset that was hidden or corrected. Fragments are found by their IRI.

Revision ID: tzc_publishing_0004
Revises: tzc_publishing_0003
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_publishing_0004"
down_revision = "tzc_publishing_0003"
branch_labels = None
depends_on = None

NOTE = """
CREATE OR REPLACE FUNCTION tzc_publishing_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tzc_publishing_change ({columns}) SELECT to_jsonb(NEW) ->> TG_ARGV[0]{value} WHERE to_jsonb(NEW) ->> TG_ARGV[0] IS NOT NULL;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(NEW) ->> TG_ARGV[0]) THEN
        INSERT INTO tzc_publishing_change ({columns}) SELECT to_jsonb(OLD) ->> TG_ARGV[0]{value} WHERE to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Say of each change whether readers wait for it."""
    op.add_column("tzc_publishing_change", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_index("tzc_publishing_change_urgent", "tzc_publishing_change", ["id"], postgresql_where=sa.text("urgent"))
    op.create_index("ix_tzc_publishing_fragment_subject", "tzc_publishing_fragment", ["subject"])
    op.execute(NOTE.format(columns="package_id, urgent", value=", TG_TABLE_NAME <> 'tzc_quality_score'"))


def downgrade() -> None:
    """All are urgent again."""
    op.execute(NOTE.format(columns="package_id", value=""))
    op.drop_index("ix_tzc_publishing_fragment_subject", "tzc_publishing_fragment")
    op.drop_index("tzc_publishing_change_urgent", "tzc_publishing_change")
    op.drop_column("tzc_publishing_change", "urgent")
