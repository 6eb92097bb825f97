"""The room's two tables, in CKAN's own database. Nothing here changes a row: entries are added, looked at, and their contents erased by rule."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tzc.audit import chain

BATCH = 10_000


class Entry(tk.BaseModel):
    """What was recorded; see migration `tzc_audit_0001`. `content` is JSON: `{"by", "about", "told", "content"}`; the last three columns are computed from it by the database."""

    __tablename__ = "tzc_audit_content"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()"))
    kind = sa.Column(sa.UnicodeText, nullable=False)
    salt = sa.Column(sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()"))
    content = sa.Column(sa.UnicodeText, nullable=False)
    dataset = sa.Column(sa.UnicodeText, sa.Computed("content::jsonb -> 'about' ->> 'dataset'", persisted=True))
    partner = sa.Column(sa.UnicodeText, sa.Computed("content::jsonb -> 'about' ->> 'partner'", persisted=True))
    persons = sa.Column(ARRAY(sa.UnicodeText), sa.Computed("tzc_audit_persons(content::jsonb)", persisted=True))


class Link(tk.BaseModel):
    """A link of the chain; the database makes it at the end of the transaction that recorded the content."""

    __tablename__ = "tzc_audit_link"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    entry = sa.Column(sa.BigInteger, nullable=False, unique=True)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    kind = sa.Column(sa.UnicodeText, nullable=False)
    content = sa.Column(sa.LargeBinary, nullable=False)
    before = sa.Column(sa.LargeBinary, nullable=False)
    hash = sa.Column(sa.LargeBinary, nullable=False)


ADD = sa.text("INSERT INTO tzc_audit_content (kind, content) VALUES (:kind, :content)")


def add(connection: Any, facts: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Record facts (kind, content) in the transaction of a connection or session."""
    rows = [{"kind": kind, "content": _storable(chain.canonical(content))} for kind, content in facts]
    if rows:
        connection.execute(ADD, rows)


def fact(by: str | None, about: Mapping[str, str], content: Mapping[str, Any], told: Iterable[str] = ()) -> dict[str, Any]:
    """The content of an entry."""
    return {"by": by, "about": {name: value for name, value in about.items() if value}, "content": dict(content), "told": sorted(told)}


def _storable(text: str) -> str:
    """PostgreSQL keeps neither NUL nor half a surrogate pair."""
    return text.replace("\\u0000", "\ufffd").encode("utf-8", "replace").decode()


LINKS = """
SELECT l.id, l.entry, (extract(epoch FROM l.at) * 1000000)::bigint, l.kind, encode(l.content, 'hex'), encode(l.before, 'hex'), encode(l.hash, 'hex'), c.salt::text, c.content,
       c.at IS DISTINCT FROM l.at OR c.kind <> l.kind
FROM tzc_audit_link l LEFT JOIN tzc_audit_content c ON c.id = l.entry ORDER BY l.id
"""
LOOSE = sa.text("SELECT min(c.id) FROM tzc_audit_content c WHERE NOT EXISTS (SELECT FROM tzc_audit_link l WHERE l.entry = c.id)")


def verify(known: tuple[int, str] | None = None, told: Callable[[int], None] | None = None) -> chain.Verdict:
    """Look at the whole chain, as it is at one moment."""
    with model.meta.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        rows = connection.connection.cursor(name="tzc_audit")
        rows.itersize = BATCH
        rows.execute(LINKS)

        def each() -> Iterator[tuple[chain.Link, chain.Content | None]]:
            for row in rows:
                # a content that says another time or kind than its link counts as changed
                content = None if row[7] is None else chain.Content._make(row[7:9]) if not row[9] else chain.Content("", "")
                yield chain.Link._make(row[:7]), content

        try:
            return chain.verify(each(), known, lambda: connection.execute(LOOSE).scalar(), told)
        finally:
            rows.close()


def erase(reason: str, by: str | None, older: timedelta | None = None, person: str | None = None, which: Any = None) -> int:
    """Erase contents that are older, that concern an account (its id), or that a condition (`which`) finds; that is recorded in the same transaction. Returns how many. Commits."""
    assert older is not None or person or which is not None, "a rule"
    session = model.Session
    session.execute(sa.text("SELECT set_config('tzc.erasing', 'on', true)"))
    gone = sa.delete(Entry.__table__).where(Entry.kind != chain.ERASED)
    if older is not None:
        gone = gone.where(Entry.at < datetime.now(timezone.utc) - older)
    if person:
        gone = gone.where(Entry.persons.contains([person]))
    if which is not None:
        gone = gone.where(which)
    numbers = sorted(session.execute(gone.returning(Entry.id)).scalars())
    if numbers:
        add(session, [(chain.ERASED, fact(by, {}, {"entries": chain.ranges(numbers), "count": len(numbers), "reason": reason}))])
    session.execute(sa.text("SELECT set_config('tzc.erasing', '', true)"))
    session.commit()
    return len(numbers)


def moment(stated: str, end: bool = False) -> datetime:
    """A moment, or the beginning of a day (its end, with `end`); UTC where no offset is stated. Raises ValueError, OverflowError."""
    read = datetime.fromisoformat(stated.replace("Z", "+00:00"))
    if end and len(stated) == len("2026-05-01"):
        read += timedelta(days=1)
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def found(query: Any, limit: int, before: int | None = None) -> list[Entry]:
    """The newest entries of a query, from one number down."""
    if before is not None:
        query = query.filter(Entry.id < before)
    return list(query.order_by(Entry.id.desc()).limit(limit))


def between(
    dataset: str | None = None, partner: str | None = None, person: str | None = None, kind: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> Any:
    """Entries of a dataset, partner or person, of a kind or all that begin with it (`request`), `since` ≤ time < `until`."""
    query = model.Session.query(Entry)
    given = (
        (dataset, lambda: Entry.dataset == dataset),
        (partner, lambda: Entry.partner == partner),
        (person, lambda: Entry.persons.contains([person])),
        (kind, lambda: sa.or_(Entry.kind == kind, Entry.kind.startswith(f"{kind}.", autoescape=True))),
        (since, lambda: Entry.at >= since),
        (until, lambda: Entry.at < until),
    )
    return query.filter(*(condition() for value, condition in given if value is not None))


def exported(query: Any) -> Iterator[list[Entry]]:
    """All entries of a query, oldest first, some at a time."""
    last = 0
    while batch := list(query.filter(Entry.id > last).order_by(Entry.id).limit(1000)):
        last = batch[-1].id
        yield batch
        model.Session.expunge_all()


def links(entries: Iterable[Entry]) -> dict[int, tuple[int, str]]:
    """Number and hash of the link of each of these entries."""
    wanted = [entry.id for entry in entries]
    rows = model.Session.query(Link.entry, Link.id, sa.func.encode(Link.hash, "hex")).filter(Link.entry.in_(wanted)) if wanted else []
    return {entry: (number, hashed) for entry, number, hashed in rows}
