"""Which licence a dataset was under, since when; a trigger writes it down, whichever program changes it.

Revision ID: tzc_rights_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_rights_0001"
down_revision = None
branch_labels = None
depends_on = None

NOTE = """
CREATE FUNCTION tzc_rights_note_licence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE now_in_force text := coalesce(nullif(NEW.license_id, ''), 'notspecified');
BEGIN
    IF NEW.type = 'dataset' AND NEW.state = 'active' AND now_in_force IS DISTINCT FROM
        (SELECT licence FROM tzc_rights_licence WHERE package_id = NEW.id ORDER BY id DESC LIMIT 1) THEN
        INSERT INTO tzc_rights_licence (package_id, licence) VALUES (NEW.id, now_in_force);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Make the table and the trigger. Of datasets that are there the licence of today is known, not since when."""
    op.create_table(
        "tzc_rights_licence",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("package_id", sa.UnicodeText, nullable=False, index=True),
        sa.Column("licence", sa.UnicodeText, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("exact", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.execute(
        "INSERT INTO tzc_rights_licence (package_id, licence, exact) SELECT id, coalesce(nullif(license_id, ''), 'notspecified'), false FROM package "
        "WHERE type = 'dataset' AND state = 'active'"
    )
    op.execute(NOTE)
    op.execute("CREATE TRIGGER tzc_rights_note_licence AFTER INSERT OR UPDATE OF license_id, state, type ON package FOR EACH ROW EXECUTE FUNCTION tzc_rights_note_licence()")


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TRIGGER tzc_rights_note_licence ON package")
    op.execute("DROP FUNCTION tzc_rights_note_licence()")
    op.drop_table("tzc_rights_licence")
