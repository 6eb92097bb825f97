"""Scores, their history, and how each file's addresses answered, in CKAN's own database.

A dataset's row says since when its score is to be computed (`changed`); it is written in the transaction that saves the dataset (see `changes`), so
that a crash between the save and the job loses nothing. Times are UTC without zone, as CKAN's are.
"""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import signals, together
from sqlalchemy.dialects.postgresql import JSONB, insert

from tzc.catalogue.quality import REACHED, Assessment, Links

ACCESS, DOWNLOAD = "access", "download"


class Score(tk.BaseModel):
    """The score of a dataset, as last computed, and its points by dimension; `changed` where it is to be computed again. `conforms`: whether it then obeyed DCAT-AP."""

    __tablename__ = "tzc_quality_score"

    package_id = sa.Column(sa.UnicodeText, primary_key=True)
    changed = sa.Column(sa.DateTime, index=True)
    score = sa.Column(sa.Integer)
    computed = sa.Column(sa.DateTime)
    dimensions = sa.Column(JSONB)
    conforms = sa.Column(sa.Boolean)


class History(tk.BaseModel):
    """One row a change of a score."""

    __tablename__ = "tzc_quality_history"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    package_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    score = sa.Column(sa.Integer, nullable=False)
    at = sa.Column(sa.DateTime, nullable=False)


class Link(tk.BaseModel):
    """How an address of a file answered: `ok` None before the first try, `failures` in a row, `due` when it is tried next."""

    __tablename__ = "tzc_quality_link"

    resource_id = sa.Column(sa.UnicodeText, primary_key=True)
    kind = sa.Column(sa.UnicodeText, primary_key=True)
    package_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    url = sa.Column(sa.UnicodeText, nullable=False)
    upload = sa.Column(sa.Boolean, nullable=False)
    ok = sa.Column(sa.Boolean)
    status = sa.Column(sa.Integer)
    reason = sa.Column(sa.UnicodeText)
    failures = sa.Column(sa.Integer, nullable=False, server_default="0")
    checked = sa.Column(sa.DateTime)
    due = sa.Column(sa.DateTime, nullable=False, index=True)


Addresses = dict[tuple[str, str], tuple[str, bool]]
"""By file's id and kind: the address, and whether it is an upload's."""


def now() -> datetime:
    """This moment, UTC without zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def ask(package_id: str) -> None:
    """Write, in the caller's transaction, that a dataset's score is to be computed."""
    statement = insert(Score.__table__).values(package_id=package_id, changed=now())
    model.Session.execute(statement.on_conflict_do_update(index_elements=["package_id"], set_={"changed": statement.excluded.changed}))


def ask_where_conformance_differs(conforms: dict[str, bool | None]) -> int:
    """Ask for the scores of those that were computed as if a description obeyed where it does not, or the reverse. Returns how many. Does not commit."""
    asked = 0
    for value in (True, False, None):
        ids = [package_id for package_id, stated in conforms.items() if stated is value]
        differs = Score.conforms.is_distinct_from(value) if value is not None else sa.true()
        asked += model.Session.query(Score).filter(Score.package_id.in_(ids), differs).update({"changed": now()}, synchronize_session=False) if ids else 0
    return asked


def ask_unseen() -> int:
    """Ask for datasets that have no row yet. Returns how many. Does not commit."""
    seen = sa.select(Score.package_id)
    wanted = sa.select(model.Package.id, sa.literal(now())).where(model.Package.type == "dataset", model.Package.state != "deleted", model.Package.id.not_in(seen))
    return int(model.Session.execute(insert(Score.__table__).from_select(["package_id", "changed"], wanted).on_conflict_do_nothing()).rowcount)


def ask_all() -> int:
    """Ask for all datasets. Returns how many. Does not commit."""
    return ask_unseen() + int(model.Session.query(Score).filter(Score.changed.is_(None)).update({"changed": now()}, synchronize_session=False))


def waiting() -> list[str]:
    """Datasets whose score is to be computed, longest waiting first."""
    return [row.package_id for row in model.Session.query(Score.package_id).filter(Score.changed.is_not(None)).order_by(Score.changed)]


def any_waiting() -> bool:
    """Whether a score is to be computed."""
    return bool(model.Session.query(sa.exists().where(Score.changed.is_not(None))).scalar())


def find(package_id: str) -> Any:
    """The row of a dataset, or None."""
    return model.Session.query(Score).filter_by(package_id=package_id).one_or_none()


def write(package_id: str, asked: datetime | None, found: Assessment) -> int | None:
    """Write a score, and into the history when it differs. Returns the one before. What was asked for later than `asked` stays asked for. Does not commit."""
    moment = now()
    fresh = {"score": found.score, "dimensions": {name: points for name, (points, _) in found.dimensions().items()}, "conforms": found.states["conformance"] == REACHED}
    row = model.Session.query(Score.score, Score.dimensions, Score.conforms).filter_by(package_id=package_id).with_for_update().one_or_none()
    before: int | None = row.score if row else None
    # a score that stays is not written: pages kept for readers are given up at each write, and the feed is made anew
    if row is None or row._asdict() != fresh:
        values = {**fresh, "computed": moment}
        model.Session.execute(insert(Score.__table__).values(package_id=package_id, **values).on_conflict_do_update(index_elements=["package_id"], set_=values))
        signals.scored.send()
    if before != found.score:
        model.Session.execute(sa.insert(History.__table__).values(package_id=package_id, score=found.score, at=moment))
    model.Session.query(Score).filter_by(package_id=package_id, changed=asked).update({"changed": None, "computed": moment}, synchronize_session=False)
    return before


def forget(package_id: str, history: bool) -> None:
    """Remove what is known of a dataset that is gone. Does not commit."""
    for table in (Score, Link, *([History] if history else [])):
        model.Session.query(table).filter_by(package_id=package_id).delete(synchronize_session=False)


def history(package_id: str, most: int = 20) -> list[Any]:
    """The last changes of a score, newest first."""
    return list(model.Session.query(History).filter_by(package_id=package_id).order_by(History.at.desc(), History.id.desc()).limit(most))


# links

OF_DATASETS = sa.select(Link.package_id, Link.resource_id, Link.kind, Link.url, Link.ok).where(Link.package_id.in_(sa.bindparam("datasets", expanding=True)))
"""Made once: it is asked for each dataset that is indexed."""


def _answers(datasets: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in model.Session.execute(OF_DATASETS, {"datasets": datasets}):
        found.setdefault(row.package_id, []).append(row)
    return found


def checks(package_id: str, addresses: Addresses) -> dict[str, Links]:
    """How a dataset's addresses answered, by file: one query at most. What was tried at another address does not count."""
    found: dict[str, dict[str, bool | None]] = {}
    for _dataset, resource_id, kind, url, ok in (together.of_one(package_id, "links", _answers) or ()) if addresses else ():
        if addresses.get((resource_id, kind), ("", False))[0] == url:
            found.setdefault(resource_id, {})[kind] = ok
    return {resource_id: Links(**kinds) for resource_id, kinds in found.items()}


def links(package_id: str) -> list[Any]:
    """The rows of a dataset's addresses."""
    return list(model.Session.query(Link).filter_by(package_id=package_id))


def follow(package_id: str, addresses: Addresses) -> None:
    """Make the rows those of these addresses; a changed one is due at once. Does not commit."""
    table = Link.__table__
    for row in links(package_id):
        if (row.resource_id, row.kind) not in addresses:
            model.Session.delete(row)
    model.Session.flush()
    fresh = {"ok": None, "status": None, "reason": None, "failures": 0, "checked": None}
    for (resource_id, kind), (url, upload) in addresses.items():
        values = {"package_id": package_id, "url": url, "upload": upload, "due": now(), **fresh}
        statement = insert(table).values(resource_id=resource_id, kind=kind, **values)
        model.Session.execute(statement.on_conflict_do_update(index_elements=["resource_id", "kind"], set_=values, where=(table.c.url != url) | (table.c.upload != upload)))


def due(most: int) -> list[Any]:
    """Addresses to be tried now, longest due first, those of one dataset together as far as they are due together."""
    return list(model.Session.query(Link).filter(Link.due <= now()).order_by(Link.due, Link.package_id).limit(most))


def make_due() -> None:
    """Have all addresses tried now. Does not commit."""
    model.Session.query(Link).update({"due": now()}, synchronize_session=False)


def answered(url: str, upload_of: str | None, ok: bool | None, status: int | None, reason: str, wait: timedelta) -> set[str]:
    """Write how an address answered (with `upload_of`: of that file only), and when it is tried next. Returns the datasets concerned. Does not commit.

    `ok` None: it did not say, and what was known stays. A single failure of an address that answered before does not count yet.
    """
    moment, datasets = now(), set()
    query = model.Session.query(Link).filter_by(url=url, upload=upload_of is not None)
    for row in query.filter_by(resource_id=upload_of) if upload_of else query:
        row.failures = row.failures if ok is None else 0 if ok else row.failures + 1
        row.status, row.reason, row.checked = status, reason or None, moment
        row.due = moment + (wait if ok is not False else later(row.failures, wait))
        counts = ok if ok is not False or upload_of or not (row.ok and row.failures < 2) else row.ok
        if ok is not None and row.ok != counts:
            row.ok = counts
            datasets.add(row.package_id)
    return datasets


def later(failures: int, most: timedelta) -> timedelta:
    """How long to wait after so many failures in a row: six hours, doubled each time."""
    return min(most, timedelta(hours=6) * 2 ** min(failures - 1, 10))
