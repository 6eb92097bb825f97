"""Feeds: which datasets stand in one, cut into pages that no change moves, and written in any syntax without being kept in memory."""
from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import ckan.model as model
import sqlalchemy as sa

from tzc.publishing import documents
from tzc.publishing.catalogue import Page, catalogue_triples, membership, page_triples
from tzc.publishing.documents import Syntax

from .still_public import STILL_PUBLIC
from .world import catalogue, fingerprint

BATCH = 100
"""Datasets read at a time while a whole catalogue is sent."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which datasets a feed holds: a condition on fragments, with its values."""

    condition: str = "TRUE"
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def and_(self, condition: str, **more: Any) -> Choice:
        """Narrower."""
        return Choice(f"{self.condition} AND {condition}", {**self.values, **more})


WHOLE = Choice()
NATIONAL = WHOLE.and_("NOT fragment.elsewhere")
HIGH_VALUE = WHOLE.and_("fragment.high_value")


def of_partner(organisation_id: str) -> Choice:
    """What a partner publishes here; what was harvested from elsewhere only where its source is redistributed, as data.gouv.fr may have it from there."""
    return NATIONAL.and_("fragment.owner_org = :partner", partner=organisation_id)


def of_axis(name: str) -> Choice:
    """What sheds light on an axis."""
    return WHOLE.and_(":axis = ANY(fragment.axes)", axis=name)


def changed_since(choice: Choice, moment: datetime) -> Choice:
    """What was changed since a moment (UTC without zone)."""
    return choice.and_("fragment.modified >= :since", since=moment)


@dataclasses.dataclass(frozen=True)
class Window:
    """A stretch of the order: after one place, up to another; `more`: whether anything stands behind it."""

    after: int
    until: int
    more: bool


def state() -> str:
    """What changes whenever any feed does: the number of the last renewal and of the last change that waits for one."""
    row = model.Session.execute(sa.text("SELECT (SELECT max(revision) FROM tzc_publishing_fragment), (SELECT max(id) FROM tzc_publishing_change)")).one()
    return f"{fingerprint()}-{row[0] or 0}-{row[1] or 0}"


def etag(known: str, *parts: str) -> str:
    """Of an answer that depends on the state and on these."""
    return hashlib.sha256("\n".join((known, *parts)).encode("utf-8")).hexdigest()[:24]


def last_change() -> datetime | None:
    """When a fragment was last made or withdrawn."""
    found: datetime | None = model.Session.execute(sa.text("SELECT made FROM tzc_publishing_fragment ORDER BY revision DESC LIMIT 1")).scalar()
    return found


def window(choice: Choice, after: int, size: int) -> Window:
    """The next `size` places after one; withdrawn datasets keep theirs."""
    found = model.Session.execute(
        sa.text(f"SELECT position FROM tzc_publishing_fragment AS fragment WHERE {choice.condition} AND position > :after ORDER BY position LIMIT :most"),  # noqa: S608 -- conditions are this module's own
        {**choice.values, "after": after, "most": size + 1},
    ).scalars().all()  # fmt: skip
    return Window(after, found[:size][-1] if found else after, len(found) > size)


def page_window(choice: Choice, number: int, size: int) -> Window | None:
    """The places of a page by its number; None when there is no such page."""
    if number == 1:
        return window(choice, 0, size)
    before = model.Session.execute(
        sa.text(f"SELECT position FROM tzc_publishing_fragment AS fragment WHERE {choice.condition} ORDER BY position OFFSET :skipped LIMIT 1"),  # noqa: S608 -- as above
        {**choice.values, "skipped": (number - 1) * size - 1},
    ).scalar()
    found = window(choice, before, size) if before is not None else None
    return found if found and found.until > found.after else None


def count(choice: Choice, settled: bool) -> int:
    """How many datasets a feed holds; when changes wait, each is looked at."""
    rest = f"WHERE fragment.published AND {choice.condition}" if settled else f"{STILL_PUBLIC} AND {choice.condition}"
    return int(model.Session.execute(sa.text(f"SELECT count(*) FROM tzc_publishing_fragment AS fragment {rest}"), dict(choice.values)).scalar())  # noqa: S608 -- as above


def places(choice: Choice) -> int:
    """How many places a feed has, withdrawn datasets counted."""
    return int(model.Session.execute(sa.text(f"SELECT count(*) FROM tzc_publishing_fragment AS fragment WHERE {choice.condition}"), dict(choice.values)).scalar())  # noqa: S608 -- as above


def _rows(execute: Any, choice: Choice, syntax: Syntax, after: int, until: int | None, most: int) -> list[Any]:
    upper = "AND fragment.position <= :until" if until is not None else ""
    statement = f"""SELECT fragment.position, fragment.subject, fragment.{syntax.name} AS body FROM tzc_publishing_fragment AS fragment {STILL_PUBLIC}
        AND {choice.condition} AND fragment.position > :after {upper} ORDER BY fragment.position LIMIT :most"""  # noqa: S608 -- as above
    return list(execute(sa.text(statement), {**choice.values, "after": after, "most": most, **({"until": until} if until is not None else {})}))


def page(choice: Choice, syntax: Syntax, stretch: Window, size: int, links: Page) -> bytes:
    """One page of a feed."""
    rows = _rows(model.Session.execute, choice, syntax, stretch.after, stretch.until, size)
    about = catalogue(_first_day())
    head = [*catalogue_triples(about), *page_triples(links), *membership(about.subject, [row.subject for row in rows])]
    return "".join(documents.document(syntax, [documents.fragment(head, syntax), *(row.body for row in rows)])).encode("utf-8")


def whole(choice: Choice, syntax: Syntax) -> Iterator[bytes]:
    """All of a feed, piece by piece. What is hidden meanwhile does not come any more."""
    about = catalogue(_first_day())
    model.Session.rollback()

    def pieces() -> Iterator[str]:
        yield documents.fragment(catalogue_triples(about), syntax)
        after = 0
        # its own connection: the session's is given back when the view returns
        with model.meta.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while rows := _rows(connection.execute, choice, syntax, after, None, BATCH):
                yield documents.fragment(membership(about.subject, [row.subject for row in rows]), syntax)
                for row in rows:
                    yield row.body
                after = rows[-1].position

    for piece in documents.document(syntax, pieces()):
        yield piece.encode("utf-8")


def dataset(package_id: str, syntax: Syntax) -> bytes | None:
    """One dataset's document; None where a stranger may not see it."""
    row = model.Session.execute(
        sa.text(f"SELECT fragment.{syntax.name} FROM tzc_publishing_fragment AS fragment {STILL_PUBLIC} AND fragment.package_id = :id"),  # noqa: S608 -- as above
        {"id": package_id},
    ).one_or_none()
    return "".join(documents.document(syntax, [row[0]])).encode("utf-8") if row else None


def _first_day() -> Any:
    first = model.Session.execute(sa.text("SELECT min(metadata_created) FROM package WHERE state = 'active' AND NOT private AND type = 'dataset'")).scalar()
    return first.date() if first else None
