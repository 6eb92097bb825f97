"""The audit: contents, the chain of their hashes, and triggers that keep both as they were written.

Revision ID: tzc_audit_0001
Revises:
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "tzc_audit_0001"
down_revision = None
branch_labels = None
depends_on = None

# what entries are found by is computed from the text that is hashed, so that it cannot say anything else
PERSONS = """
CREATE OR REPLACE FUNCTION tzc_audit_persons(whole jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT person), '{}') FROM (
        SELECT whole ->> 'by' UNION SELECT jsonb_array_elements_text(coalesce(whole -> 'told', '[]'))
        UNION SELECT value FROM jsonb_each_text(coalesce(whole -> 'about', '{}')) WHERE key IN ('person', 'holder', 'user', 'requester')
    ) AS named (person) WHERE person <> ''
$$
"""

# one transaction after the other gets its place, and only at its very end: nobody waits for longer than a commit takes
CHAIN = """
CREATE OR REPLACE FUNCTION tzc_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_id bigint;
    last_hash bytea;
    number bigint;
    line text;
    hashed bytea := sha256(convert_to(NEW.salt::text || E'\\n' || NEW.content, 'UTF8'));
BEGIN
    PERFORM pg_advisory_xact_lock(1954177876);
    SELECT id, hash INTO last_id, last_hash FROM tzc_audit_link ORDER BY id DESC LIMIT 1;
    number := coalesce(last_id, 0) + 1;
    last_hash := coalesce(last_hash, '');
    line := concat_ws(E'\\n', number, NEW.id, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.kind, encode(hashed, 'hex'), encode(last_hash, 'hex'));
    INSERT INTO tzc_audit_link (id, entry, at, kind, content, before, hash)
    VALUES (number, NEW.id, NEW.at, NEW.kind, hashed, last_hash, sha256(convert_to(line, 'UTF8')));
    RETURN NULL;
END $$
"""

REFUSE = """
CREATE OR REPLACE FUNCTION tzc_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit is only ever added to: % of % is refused.', TG_OP, TG_TABLE_NAME;
END $$
"""

ERASING = """
CREATE OR REPLACE FUNCTION tzc_audit_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kind = 'audit.erased' OR coalesce(current_setting('tzc.erasing', true), '') <> 'on' THEN
        RAISE EXCEPTION 'Contents of the audit are erased by its own command only, which records it: ckan tzc audit erase.';
    END IF;
    RETURN OLD;
END $$
"""

# changes that must be recorded whichever program makes them; who made them is known where CKAN did it within a request
WATCH = """
CREATE OR REPLACE FUNCTION tzc_audit_add(kind text, about jsonb, content jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tzc_audit_content (kind, content)
    VALUES (kind, jsonb_build_object('by', nullif(current_setting('tzc.by', true), ''), 'about', jsonb_strip_nulls(about), 'content', content)::text)
$$;
CREATE OR REPLACE FUNCTION tzc_audit_dataset() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about jsonb := jsonb_build_object('dataset', NEW.id, 'partner', NEW.owner_org);
    was jsonb := jsonb_build_object('level', 'open', 'private', false);
    becomes jsonb := jsonb_build_object('level', coalesce(nullif(NEW.extras ->> 'access_level', ''), 'open'), 'private', coalesce(NEW.private, false));
    embargo text := NEW.extras ->> 'embargo';
BEGIN
    IF NEW.type <> 'dataset' OR NEW.state <> 'active' THEN
        RETURN NULL;
    END IF;
    becomes := jsonb_strip_nulls(becomes || jsonb_build_object('embargo', embargo));
    IF TG_OP = 'UPDATE' AND OLD.state = 'active' THEN
        was := jsonb_strip_nulls(jsonb_build_object('level', coalesce(nullif(OLD.extras ->> 'access_level', ''), 'open'), 'private', coalesce(OLD.private, false),
                                                    'embargo', OLD.extras ->> 'embargo'));
        IF OLD.owner_org IS DISTINCT FROM NEW.owner_org THEN
            was := was || jsonb_build_object('partner', OLD.owner_org);
            becomes := becomes || jsonb_build_object('partner', NEW.owner_org);
        END IF;
        IF coalesce(OLD.license_id, '') <> coalesce(NEW.license_id, '') THEN
            PERFORM tzc_audit_add('licence.changed', about, jsonb_build_object('from', coalesce(OLD.license_id, ''), 'to', coalesce(NEW.license_id, '')));
        END IF;
    END IF;
    IF was <> becomes THEN
        PERFORM tzc_audit_add('access.changed', about, jsonb_build_object('from', was, 'to', becomes));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION tzc_audit_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := '';
    becomes text := coalesce(nullif(NEW.extras, '')::jsonb ->> 'access_level', '');
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := coalesce(nullif(OLD.extras, '')::jsonb ->> 'access_level', '');
    END IF;
    IF NEW.state = 'active' AND was <> becomes THEN
        PERFORM tzc_audit_add('access.changed', (SELECT jsonb_build_object('dataset', id, 'partner', owner_org, 'file', NEW.id) FROM package WHERE id = NEW.package_id),
            jsonb_build_object('from', jsonb_build_object('level', was), 'to', jsonb_build_object('level', becomes)));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION tzc_audit_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(NEW.sysadmin, false) <> (TG_OP = 'UPDATE' AND coalesce(OLD.sysadmin, false)) THEN
        PERFORM tzc_audit_add('administrator.changed', jsonb_build_object('person', NEW.id), jsonb_build_object('administrator', NEW.sysadmin));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION tzc_audit_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text := NULL;
    becomes text := CASE WHEN NEW.state = 'active' THEN NEW.capacity END;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'active' THEN
        was := OLD.capacity;
    END IF;
    IF NEW.table_name = 'user' AND was IS DISTINCT FROM becomes AND EXISTS (SELECT FROM "group" WHERE id = NEW.group_id AND is_organization) THEN
        PERFORM tzc_audit_add('member.changed', jsonb_build_object('person', NEW.table_id, 'partner', NEW.group_id), jsonb_build_object('from', was, 'to', becomes));
    END IF;
    RETURN NULL;
END $$
"""

TRIGGERS = {
    "package": ("tzc_audit_dataset", "INSERT OR UPDATE OF license_id, extras, private, state, owner_org, type"),
    "resource": ("tzc_audit_file", "INSERT OR UPDATE OF extras, state"),
    '"user"': ("tzc_audit_administrator", "INSERT OR UPDATE OF sysadmin"),
    "member": ("tzc_audit_member", "INSERT OR UPDATE OF capacity, state"),
}


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.execute(PERSONS)
    op.create_table(
        "tzc_audit_content",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("kind", sa.UnicodeText, sa.CheckConstraint(r"kind ~ '^[a-z_]+(\.[a-z_]+)*$'"), nullable=False),
        sa.Column("salt", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
        sa.Column("content", sa.UnicodeText, nullable=False),
        sa.Column("dataset", sa.UnicodeText, sa.Computed("content::jsonb -> 'about' ->> 'dataset'", persisted=True)),
        sa.Column("partner", sa.UnicodeText, sa.Computed("content::jsonb -> 'about' ->> 'partner'", persisted=True)),
        sa.Column("persons", ARRAY(sa.UnicodeText), sa.Computed("tzc_audit_persons(content::jsonb)", persisted=True)),
    )
    op.execute("CREATE INDEX tzc_audit_content_dataset ON tzc_audit_content (dataset, id) WHERE dataset IS NOT NULL")
    op.execute("CREATE INDEX tzc_audit_content_partner ON tzc_audit_content (partner, id) WHERE partner IS NOT NULL")
    op.execute("CREATE INDEX tzc_audit_content_persons ON tzc_audit_content USING gin (persons) WITH (fastupdate = off)")
    op.execute("CREATE INDEX tzc_audit_content_at ON tzc_audit_content USING brin (at)")
    op.create_table(
        "tzc_audit_link",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry", sa.BigInteger, nullable=False, unique=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.UnicodeText, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("before", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    for function in (CHAIN, REFUSE, ERASING, WATCH):
        op.execute(function)
    op.execute(
        "CREATE CONSTRAINT TRIGGER tzc_audit_chain AFTER INSERT ON tzc_audit_content DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tzc_audit_chain()"
    )
    op.execute("CREATE TRIGGER tzc_audit_erasing BEFORE DELETE ON tzc_audit_content FOR EACH ROW EXECUTE FUNCTION tzc_audit_erasing()")
    op.execute("CREATE TRIGGER tzc_audit_kept BEFORE UPDATE OR TRUNCATE ON tzc_audit_content FOR EACH STATEMENT EXECUTE FUNCTION tzc_audit_refuse()")
    op.execute("CREATE TRIGGER tzc_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON tzc_audit_link FOR EACH STATEMENT EXECUTE FUNCTION tzc_audit_refuse()")
    op.execute("CREATE TRIGGER tzc_audit_chained BEFORE INSERT ON tzc_audit_link FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION tzc_audit_refuse()")
    for table, (name, event) in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Remove them."""
    for table, (name, _event) in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.drop_table("tzc_audit_link")
    op.drop_table("tzc_audit_content")
    for name in ("tzc_audit_chain", "tzc_audit_refuse", "tzc_audit_erasing", "tzc_audit_persons", "tzc_audit_add", *(name for name, _event in TRIGGERS.values())):
        op.execute(f"DROP FUNCTION {name}")
