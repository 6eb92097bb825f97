"""What is hidden or closed hides its dataset's fragment in the same transaction, until that is made anew: whoever reads fragments need not look at datasets.

Revision ID: tzc_publishing_0005
Revises: tzc_publishing_0004
"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tzc_publishing_0005"
down_revision = "tzc_publishing_0004"
branch_labels = None
depends_on = None

SEEN = "state", "private", "type"
SEEN_EXTRAS = "access_level", "embargo", "archived"

HIDE = """
CREATE FUNCTION tzc_publishing_hide() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tzc_publishing_fragment SET hidden = true WHERE package_id = OLD.id AND published AND NOT hidden;
    RETURN NULL;
END $$
"""
HIDE_BY_FILE = """
CREATE FUNCTION tzc_publishing_hide_by_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nullif(OLD.extras, '')::jsonb ->> 'access_level' IS DISTINCT FROM nullif(NEW.extras, '')::jsonb ->> 'access_level' THEN
        -- the dataset first, as whoever makes fragments does: two that lock in another order would wait for each other
        PERFORM FROM package WHERE id = NEW.package_id FOR NO KEY UPDATE;
        UPDATE tzc_publishing_fragment SET hidden = true WHERE package_id = NEW.package_id AND published AND NOT hidden;
    END IF;
    RETURN NULL;
END $$
"""


def _changed() -> str:
    columns = [*SEEN, *(f"extras ->> '{name}'" for name in SEEN_EXTRAS)]
    return f"({', '.join(f'OLD.{column}' for column in columns)}) IS DISTINCT FROM ({', '.join(f'NEW.{column}' for column in columns)})"


def upgrade() -> None:
    """Watch datasets and files."""
    op.add_column("tzc_publishing_fragment", sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_column("tzc_publishing_fragment", "access_level")
    op.execute("CREATE INDEX tzc_publishing_identifier ON package ((extras ->> 'identifier')) WHERE extras ->> 'identifier' IS NOT NULL")
    op.create_index("tzc_publishing_fragment_hidden", "tzc_publishing_fragment", ["package_id"], postgresql_where=sa.text("hidden AND published"))
    # what changed and is not made yet may be closed meanwhile
    op.execute("UPDATE tzc_publishing_fragment SET hidden = true WHERE published AND package_id IN (SELECT package_id FROM tzc_publishing_change WHERE urgent)")
    op.execute(HIDE)
    op.execute(HIDE_BY_FILE)
    op.execute(f"CREATE TRIGGER tzc_publishing_hide AFTER UPDATE ON package FOR EACH ROW WHEN ({_changed()}) EXECUTE FUNCTION tzc_publishing_hide()")
    op.execute("CREATE TRIGGER tzc_publishing_hide_deleted AFTER DELETE ON package FOR EACH ROW EXECUTE FUNCTION tzc_publishing_hide()")
    op.execute(
        "CREATE TRIGGER tzc_publishing_hide AFTER UPDATE ON resource FOR EACH ROW WHEN (OLD.extras IS DISTINCT FROM NEW.extras) "
        "EXECUTE FUNCTION tzc_publishing_hide_by_file()"
    )


def downgrade() -> None:
    """As before: fragments are made anew, as none says its level."""
    for trigger, table in (("tzc_publishing_hide", "package"), ("tzc_publishing_hide_deleted", "package"), ("tzc_publishing_hide", "resource")):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP FUNCTION tzc_publishing_hide()")
    op.execute("DROP FUNCTION tzc_publishing_hide_by_file()")
    op.drop_index("tzc_publishing_fragment_hidden", "tzc_publishing_fragment")
    op.drop_index("tzc_publishing_identifier", "package")
    op.drop_column("tzc_publishing_fragment", "hidden")
    op.add_column("tzc_publishing_fragment", sa.Column("access_level", sa.UnicodeText, nullable=False, server_default=""))
    op.execute("UPDATE tzc_publishing_fragment SET world = ''")
