"""Each published dataset as RDF, and what has changed since; triggers write down changes, whichever program makes them.

Revision ID: tzc_publishing_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_publishing_0001"
down_revision = None
branch_labels = None
depends_on = None

WATCHED = {"package": "id", "resource": "package_id", "package_tag": "package_id", "harvest_object": "package_id"}
"""Tables of which a row belongs to a dataset, and the column that names it."""

NOTE = """
CREATE FUNCTION tzc_publishing_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tzc_publishing_change (package_id) SELECT to_jsonb(NEW) ->> TG_ARGV[0] WHERE to_jsonb(NEW) ->> TG_ARGV[0] IS NOT NULL;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(NEW) ->> TG_ARGV[0]) THEN
        INSERT INTO tzc_publishing_change (package_id) SELECT to_jsonb(OLD) ->> TG_ARGV[0] WHERE to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL;
    END IF;
    RETURN NULL;
END $$
"""
NOTE_ORGANISATION = """
CREATE FUNCTION tzc_publishing_note_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tzc_publishing_change (organisation_id) VALUES (NEW.id);
    RETURN NULL;
END $$
"""
NOTE_SOURCE = """
CREATE FUNCTION tzc_publishing_note_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tzc_publishing_change (package_id) SELECT DISTINCT package_id FROM harvest_object WHERE current AND harvest_source_id = NEW.id AND package_id IS NOT NULL;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Make tables, functions and triggers; all datasets that are there are to be described."""
    op.create_table(
        "tzc_publishing_change",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("package_id", sa.UnicodeText),
        sa.Column("organisation_id", sa.UnicodeText),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("CREATE SEQUENCE tzc_publishing_position")
    op.execute("CREATE SEQUENCE tzc_publishing_revision")
    op.create_table(
        "tzc_publishing_fragment",
        sa.Column("package_id", sa.UnicodeText, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False, unique=True, server_default=sa.text("nextval('tzc_publishing_position')")),
        sa.Column("revision", sa.BigInteger, nullable=False, index=True, server_default=sa.text("nextval('tzc_publishing_revision')")),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("world", sa.UnicodeText, nullable=False),
        sa.Column("digest", sa.UnicodeText),
        sa.Column("changes", sa.DateTime(timezone=True), index=True),
        sa.Column("published", sa.Boolean, nullable=False, index=True),
        sa.Column("access_level", sa.UnicodeText, nullable=False, server_default=""),
        sa.Column("subject", sa.UnicodeText),
        sa.Column("owner_org", sa.UnicodeText, index=True),
        sa.Column("axes", sa.ARRAY(sa.UnicodeText), nullable=False, server_default="{}"),
        sa.Column("high_value", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("elsewhere", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("modified", sa.DateTime, index=True),
        *(sa.Column(syntax, sa.UnicodeText) for syntax in ("turtle", "rdf_xml", "json_ld", "n_triples")),
    )
    op.execute("ALTER SEQUENCE tzc_publishing_position OWNED BY tzc_publishing_fragment.position")
    op.execute("ALTER SEQUENCE tzc_publishing_revision OWNED BY tzc_publishing_fragment.revision")
    op.execute(NOTE)
    op.execute(NOTE_ORGANISATION)
    op.execute(NOTE_SOURCE)
    for table, column in WATCHED.items():
        op.execute(f"CREATE TRIGGER tzc_publishing AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION tzc_publishing_note('{column}')")
    op.execute('CREATE TRIGGER tzc_publishing AFTER UPDATE ON "group" FOR EACH ROW WHEN (NEW.is_organization) EXECUTE FUNCTION tzc_publishing_note_organisation()')
    op.execute("CREATE TRIGGER tzc_publishing AFTER UPDATE OF url, config ON harvest_source FOR EACH ROW EXECUTE FUNCTION tzc_publishing_note_source()")
    op.execute("INSERT INTO tzc_publishing_change (package_id) SELECT id FROM package WHERE type = 'dataset'")


def downgrade() -> None:
    """Remove them."""
    for table in (*WATCHED, '"group"', "harvest_source"):
        op.execute(f"DROP TRIGGER IF EXISTS tzc_publishing ON {table}")
    op.execute("DROP FUNCTION tzc_publishing_note()")
    op.execute("DROP FUNCTION tzc_publishing_note_organisation()")
    op.execute("DROP FUNCTION tzc_publishing_note_source()")
    op.drop_table("tzc_publishing_fragment")
    op.drop_table("tzc_publishing_change")
