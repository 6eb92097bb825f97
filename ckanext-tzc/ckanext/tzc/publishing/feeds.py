"""Feeds: which datasets stand in one, cut into pages that no change moves, and written in any syntax without being kept in memory."""
from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from pyoxigraph import NamedNode, Triple

from tzc.publishing import documents
from tzc.publishing.catalogue import Page, catalogue_triples, membership, page_triples
from tzc.publishing.documents import Syntax
from tzc.publishing.packing import unpacked, unpacked_one

from . import renewing
from .still_public import PUBLIC_NOW, STILL_PUBLIC
from .world import base, catalogue, fingerprint

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


def of_partner(organisations: list[str]) -> Choice:
    """What a partner (by its id, or ids of departments that have one SIREN) publishes here.

    What was harvested from elsewhere only where its source is redistributed, as data.gouv.fr may have it from there.
    """
    return NATIONAL.and_("fragment.owner_org = ANY(string_to_array(:partners, ','))", partners=",".join(organisations))


def of_axis(name: str) -> Choice:
    """What sheds light on an axis."""
    return WHOLE.and_(":axis = ANY(fragment.axes)", axis=name)


def changed_since(choice: Choice, moment: datetime) -> Choice:
    """What was changed since a moment (UTC without zone)."""
    return choice.and_("fragment.modified >= :since", since=moment)


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Datasets of a stretch of the order, up to a place; `more`: whether anything stands behind it. `empty`: not even a withdrawn dataset's place is in it."""

    rows: Sequence[Any]
    until: int
    more: bool
    empty: bool


@dataclasses.dataclass(frozen=True)
class State:
    """At which point the feeds are: `known` tells it from any other, unless it is not `settled` as changes wait; `changed`: when a fragment was last made or withdrawn.

    `revision` tells apart what stands in the fragments: one program at a time writes them.
    """

    known: str
    settled: bool
    changed: datetime | None
    revision: int = 0


STATE = sa.text("""SELECT (SELECT max(id) FROM tzc_publishing_change WHERE urgent) AS waiting, last.revision, last.made
    FROM (SELECT) AS one LEFT JOIN (SELECT revision, made FROM tzc_publishing_fragment ORDER BY revision DESC LIMIT 1) AS last ON TRUE""")


def state() -> State:
    """That of this moment, after a few changes that wait have been dealt with."""
    found = state_now()
    if not found.settled and renewing.renew_before_reading():
        found = state_now()
    return found


def state_now() -> State:
    """That of this moment as it is."""
    row = model.Session.execute(STATE).one()
    return State(f"{fingerprint()}-{row.revision or 0}-{row.waiting or 0}", row.waiting is None, row.made, row.revision or 0)


def etag(known: str, *parts: str) -> str:
    """Of an answer that depends on the state and on these."""
    return hashlib.sha256("\n".join((known, *parts)).encode("utf-8")).hexdigest()[:24]


def stretch(choice: Choice, syntax: Syntax, after: int, size: int) -> Stretch:
    """The next `size` places after one; withdrawn and hidden datasets keep theirs."""
    found = model.Session.execute(
        sa.text(
            f"SELECT fragment.position, fragment.subject, CASE WHEN {PUBLIC_NOW} THEN fragment.{syntax.name} END AS body FROM tzc_publishing_fragment AS fragment"  # noqa: S608 -- conditions are this module's own
            f" WHERE {choice.condition} AND fragment.position > :after ORDER BY fragment.position LIMIT :most"
        ),
        {**choice.values, "after": after, "most": size + 1},
    ).all()  # fmt: skip
    rows = found[:size]
    return Stretch([row for row in rows if row.body is not None], rows[-1].position if rows else after, len(found) > size, not rows)


def place_before(choice: Choice, number: int, size: int) -> int | None:
    """The last place before a page by its number; None when there are not so many."""
    if number == 1:
        return 0
    found: int | None = model.Session.execute(
        sa.text(f"SELECT position FROM tzc_publishing_fragment AS fragment WHERE {choice.condition} ORDER BY position OFFSET :skipped LIMIT 1"),  # noqa: S608 -- as above
        {**choice.values, "skipped": (number - 1) * size - 1},
    ).scalar()  # fmt: skip
    return found


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Of a feed: how many datasets it holds, and how many places it has, withdrawn datasets counted."""

    datasets: int
    places: int


def numbers(choice: Choice, at: State) -> Numbers:
    """Those of a feed. Only datasets whose change waits are looked at each time: a large catalogue is counted once a renewal."""
    values = tuple(sorted(choice.values.items()))
    counted = _numbers(at.revision, choice.condition, values)
    return counted if at.settled else Numbers(counted.datasets - _hidden_meanwhile(choice), counted.places)


@lru_cache(maxsize=512)
def _numbers(_revision: int, condition: str, values: tuple[tuple[str, Any], ...]) -> Numbers:
    counted = "SELECT count(*) FROM tzc_publishing_fragment AS fragment WHERE"
    row = model.Session.execute(sa.text(f"SELECT ({counted} fragment.published AND {condition}), ({counted} {condition})"), dict(values)).one()
    return Numbers(row[0], row[1])


def _hidden_meanwhile(choice: Choice) -> int:
    found: int = model.Session.execute(
        sa.text(
            f"SELECT count(*) FROM tzc_publishing_fragment AS fragment WHERE fragment.published AND fragment.hidden AND {choice.condition}"  # noqa: S608 -- conditions are this module's own
        ),
        dict(choice.values),
    ).scalar()  # fmt: skip
    return found


def first_day(at: State) -> date | None:
    """The day of the first dataset that a stranger may see, as of the last renewal."""
    return _first_day(at.revision)


@lru_cache(maxsize=8)
def _first_day(_revision: int) -> date | None:
    return _look_for_first_day()


def _look_for_first_day() -> date | None:
    first = model.Session.execute(sa.text("SELECT min(metadata_created) FROM package WHERE state = 'active' AND NOT private AND type = 'dataset'")).scalar()
    return first.date() if first else None


def _rows(connection: Any, choice: Choice, syntax: Syntax, after: int) -> list[Any]:
    statement = f"""SELECT fragment.position, fragment.subject, fragment.{syntax.name} AS body FROM tzc_publishing_fragment AS fragment {STILL_PUBLIC}
        AND {choice.condition} AND fragment.position > :after ORDER BY fragment.position LIMIT :most"""  # noqa: S608 -- as above
    return list(connection.execute(sa.text(statement), {**choice.values, "after": after, "most": BATCH}))


def head(at: State, syntax: Syntax) -> bytes:
    """What the catalogue says of itself."""
    return _head(base(), tk.config["tzc.territory"], first_day(at), at.changed.date() if at.changed else None, syntax)


@lru_cache(maxsize=16)
def _head(_base: str, _territory: str, first: date | None, changed: date | None, syntax: Syntax) -> bytes:
    return documents.fragment(catalogue_triples(catalogue(first, changed)), syntax).encode("utf-8")


def _members(rows: Sequence[Any]) -> list[Triple]:
    return membership(NamedNode(base()), [row.subject for row in rows])


def page(syntax: Syntax, found: Stretch, links: Page, at: State) -> bytes:
    """One page of a feed."""
    own = documents.fragment([*page_triples(links), *_members(found.rows)], syntax).encode("utf-8")
    return b"".join(documents.document(syntax, [head(at, syntax), own, *unpacked(row.body for row in found.rows)]))


def whole(choice: Choice, syntax: Syntax, at: State) -> Iterator[bytes]:
    """All of a feed, piece by piece. What is hidden meanwhile does not come any more."""
    beginning = head(at, syntax)

    def pieces() -> Iterator[bytes]:
        yield beginning
        after = 0
        # its own connection: the session's is given back when the view returns
        with model.meta.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while rows := _rows(connection, choice, syntax, after):
                yield documents.fragment(_members(rows), syntax).encode("utf-8")
                yield from unpacked(row.body for row in rows)
                after = rows[-1].position

    return documents.document(syntax, pieces())


def dataset(package_id: str, syntax: Syntax) -> tuple[bytes, datetime] | None:
    """One dataset's document, and when it was made; None where a stranger may not see it."""
    row = model.Session.execute(
        sa.text(f"SELECT fragment.{syntax.name}, fragment.made FROM tzc_publishing_fragment AS fragment {STILL_PUBLIC} AND fragment.package_id = :id"),  # noqa: S608 -- as above
        {"id": package_id},
    ).one_or_none()
    return (b"".join(documents.document(syntax, [unpacked_one(row[0])])), row[1]) if row else None
