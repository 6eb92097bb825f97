"""Fragments, and what has changed since they were made, in CKAN's own database.

Triggers write the changes (migration `tzc_publishing_0001`), in the transaction that makes them and whichever program that is. A fragment that is withdrawn keeps its row,
without content: its place in the order stays taken, so that no page of a feed moves while somebody reads them one after the other.
"""
from __future__ import annotations

from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tzc.publishing.documents import BY_NAME


class Change(tk.BaseModel):
    """One thing that changed: a dataset, or an organisation with all its datasets. For an `urgent` one readers wait; a score is left to the job."""

    __tablename__ = "tzc_publishing_change"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    package_id = sa.Column(sa.UnicodeText)
    organisation_id = sa.Column(sa.UnicodeText)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    urgent = sa.Column(sa.Boolean, nullable=False, server_default=sa.true())


class Fragment(tk.BaseModel):
    """A published dataset as RDF. `hidden`: until it is made anew, as its dataset was hidden or closed since. `position`: its place in every feed, for good.
    `revision`: rises at every change of any. `changes`: when time alone changes it.

    The last four columns are packed (`tzc.publishing.packing`).
    """

    __tablename__ = "tzc_publishing_fragment"

    package_id = sa.Column(sa.UnicodeText, primary_key=True)
    position = sa.Column(sa.BigInteger, nullable=False, unique=True, server_default=sa.text("nextval('tzc_publishing_position')"))
    revision = sa.Column(sa.BigInteger, nullable=False, index=True, server_default=sa.text("nextval('tzc_publishing_revision')"))
    made = sa.Column(sa.DateTime(timezone=True), nullable=False)
    world = sa.Column(sa.UnicodeText, nullable=False)
    digest = sa.Column(sa.UnicodeText)
    changes = sa.Column(sa.DateTime(timezone=True), index=True)
    published = sa.Column(sa.Boolean, nullable=False, index=True)
    hidden = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    subject = sa.Column(sa.UnicodeText, index=True)
    owner_org = sa.Column(sa.UnicodeText, index=True)
    axes = sa.Column(ARRAY(sa.UnicodeText), nullable=False, server_default="{}")
    high_value = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    elsewhere = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    modified = sa.Column(sa.DateTime, index=True)
    turtle = sa.Column(sa.LargeBinary)
    rdf_xml = sa.Column(sa.LargeBinary)
    json_ld = sa.Column(sa.LargeBinary)
    n_triples = sa.Column(sa.LargeBinary)


LOCK = 0x747A63
"""One at a time makes fragments: a number for PostgreSQL's advisory locks."""


def lock(wait: bool) -> bool:
    """Be the one who makes fragments, until the transaction ends. Whether that could be had."""
    if wait:
        model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        return True
    return bool(model.Session.execute(sa.text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar())


def waiting() -> int:
    """How many changes wait."""
    return int(model.Session.query(sa.func.count(Change.id)).scalar())


def more_wait_than(most: int) -> bool | None:
    """Whether more urgent changes wait than this; None when none do. It looks at no more of them."""
    found = model.Session.execute(sa.text("SELECT count(*) FROM (SELECT FROM tzc_publishing_change WHERE urgent LIMIT :most) AS first"), {"most": most + 1}).scalar()
    return found > most if found else None


def take(most: int, urgent: bool = False) -> tuple[list[int], list[str]]:
    """The oldest changes, or the oldest urgent ones: their ids, and the datasets that they concern. Those that come later have ids of their own and stay."""
    every = model.Session.query(Change)
    rows = (every.filter(Change.urgent) if urgent else every).order_by(Change.id).limit(most).all()
    datasets = {row.package_id: None for row in rows if row.package_id}
    organisations = {row.organisation_id for row in rows if row.organisation_id}
    if organisations:
        owned = model.Session.query(model.Package.id).filter(model.Package.owner_org.in_(organisations), model.Package.type == "dataset")
        datasets.update(dict.fromkeys(row.id for row in owned))
    return [row.id for row in rows], list(datasets)


def done(ids: list[int]) -> None:
    """These changes are dealt with. Does not commit."""
    model.Session.execute(sa.delete(Change.__table__).where(Change.__table__.c.id.in_(ids)))


def hold(ids: list[str]) -> set[str]:
    """Keep these datasets as they are until the transaction ends. Returns those that somebody is changing right now: nobody waits for them, their change is noted once more.

    A fragment made of a dataset that is being hidden would else show it again.
    """
    held = set(model.Session.execute(sa.text("SELECT id FROM package WHERE id = ANY(:ids) FOR SHARE SKIP LOCKED"), {"ids": ids}).scalars())
    there = set(model.Session.execute(sa.text("SELECT id FROM package WHERE id = ANY(:ids)"), {"ids": ids}).scalars())
    busy = there - held
    if busy:
        model.Session.execute(insert(Change.__table__), [{"package_id": package_id} for package_id in sorted(busy)])
    return busy


def known(ids: list[str]) -> dict[str, Any]:
    """Digest and world of fragments that are published, and whether they are, by dataset."""
    table = Fragment.__table__
    columns = (table.c.package_id, table.c.digest, table.c.world, table.c.published, table.c.hidden, table.c.owner_org, table.c.elsewhere, table.c.modified, table.c.changes)
    return {row.package_id: row for row in model.Session.execute(sa.select(*columns).where(table.c.package_id.in_(ids)))}


def holders(subjects: list[str]) -> dict[str, str]:
    """The published dataset of each of these IRIs that has one."""
    table = Fragment.__table__
    query = sa.select(table.c.subject, table.c.package_id).where(table.c.subject.in_(subjects), table.c.published).order_by(table.c.position.desc())
    return {row.subject: row.package_id for row in model.Session.execute(query)} if subjects else {}


IDENTIFIED = sa.text("""
    SELECT DISTINCT ON (identifier) identifier, id FROM (
        SELECT id AS identifier, id, 0 AS rank, metadata_created FROM package WHERE id = ANY(:stated)
        UNION ALL
        SELECT extras ->> 'identifier', id, 1, metadata_created FROM package
        WHERE extras ->> 'identifier' = ANY(:stated) AND type = 'dataset' AND state = 'active' AND NOT private
    ) AS every ORDER BY identifier, rank, metadata_created, id
""")


def identified(stated: list[str]) -> dict[str, str]:
    """Whose each of these identifiers is: the dataset's whose id it is, else the first one's that states it."""
    return {row.identifier: row.id for row in model.Session.execute(IDENTIFIED, {"stated": stated})} if stated else {}


NEXT_REVISION = sa.text("nextval('tzc_publishing_revision')")


def write(rows: list[dict[str, Any]]) -> None:
    """Write fragments, new ones at the end of the order. Does not commit."""
    if rows:
        statement = insert(Fragment.__table__)
        renewed = {name: statement.excluded[name] for name in rows[0] if name != "package_id"}
        model.Session.execute(statement.on_conflict_do_update(index_elements=["package_id"], set_={**renewed, "revision": NEXT_REVISION}), rows)


def withdraw(ids: list[str], moment: datetime) -> None:
    """Empty fragments of what is published no more. Does not commit."""
    table = Fragment.__table__
    nothing: dict[str, Any] = dict.fromkeys((*BY_NAME, "digest", "subject", "changes"))
    empty = {**nothing, "published": False, "hidden": False, "made": moment, "revision": NEXT_REVISION}
    model.Session.execute(sa.update(table).where(table.c.package_id.in_(ids), table.c.published).values(**empty))


def samples(syntax: str) -> list[bytes]:
    """Packed fragments of some published datasets in a syntax, at most a thousand."""
    table = Fragment.__table__
    return [row[0] for row in model.Session.execute(sa.select(table.c[syntax]).where(table.c.published).order_by(table.c.position).limit(1000))]


def outdated(world: str, moment: datetime, after: str, most: int) -> list[str]:
    """Published datasets whose fragment was made in another world, or that time has changed; by id, after an id."""
    table = Fragment.__table__
    old = sa.or_(table.c.world != world, table.c.changes <= moment)
    query = sa.select(table.c.package_id).where(table.c.published, old, table.c.package_id > after).order_by(table.c.package_id).limit(most)
    return [row.package_id for row in model.Session.execute(query)]


def all_ids(after: str, most: int) -> list[str]:
    """Datasets that are there or have a fragment, by id, after an id."""
    either = sa.union(
        sa.select(model.package_table.c.id.label("id")).where(model.package_table.c.type == "dataset", model.package_table.c.id > after),
        sa.select(Fragment.__table__.c.package_id.label("id")).where(Fragment.__table__.c.published, Fragment.__table__.c.package_id > after),
    ).subquery()
    return [row.id for row in model.Session.execute(sa.select(either.c.id).order_by(either.c.id).limit(most))]
