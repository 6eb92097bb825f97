"""Datasets that are perhaps there twice: found over the whole catalogue, kept with what somebody decided about them. What is the same: `tzc.harvesting.identity`."""
from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject
from ckanext.tzc.common.territory import language
from sqlalchemy.dialects.postgresql import insert

from tzc.harvesting import identity

from . import merges

DECISIONS = ("same", "different")
MOST = 100
BATCH = 1000


class Double(tk.BaseModel):
    """Two datasets that are perhaps the same, in the order of their ids; what was decided about them stays when they are found again."""

    __tablename__ = "tzc_harvesting_double"

    one_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    other_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    score = sa.Column(sa.Float, nullable=False)
    reason = sa.Column(sa.UnicodeText, nullable=False)
    found = sa.Column(sa.DateTime(timezone=True), nullable=False)
    decision = sa.Column(sa.UnicodeText)
    user_id = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL"))
    decided = sa.Column(sa.DateTime(timezone=True))


def find() -> int:
    """Look through all public datasets for pairs of which a harvest brought one; how many there are. Pairs that are no longer alike go, unless somebody decided about them, merged
    them or proposes it.
    """
    now = dt.datetime.now(dt.timezone.utc)
    harvested = set(model.Session.scalars(sa.select(HarvestObject.package_id).where(HarvestObject.current.is_(True), HarvestObject.package_id.is_not(None))))
    count, blocks = 0, identity.Blocks()
    for dataset in _datasets() if harvested else ():
        blocks.add(dataset)
    pairs = (pair for pair in blocks.pairs() if harvested.intersection(pair))
    while batch := list(itertools.islice(pairs, BATCH)):
        held = {dataset.key: dataset for dataset in _datasets({name for pair in batch for name in pair})}
        compared = ((one, other, identity.compare(held[one], held[other])) for one, other in batch if one in held and other in held)
        if rows := [_row(one, other, verdict, now) for one, other, verdict in compared if verdict.same]:
            statement = insert(Double.__table__)
            given = {name: statement.excluded[name] for name in ("score", "reason", "found")}
            model.Session.execute(statement.on_conflict_do_update(index_elements=["one_id", "other_id"], set_=given), rows)
            count += len(rows)
    ways = ((Double.one_id, Double.other_id), (Double.other_id, Double.one_id))
    merging = [sa.exists().where(merges.Merge.kept_id == kept, merges.Merge.withdrawn_id == withdrawn) for kept, withdrawn in ways]
    model.Session.execute(sa.delete(Double).where(Double.found < now, Double.decision.is_(None), ~sa.or_(*merging)).execution_options(synchronize_session=False))
    model.Session.commit()
    return count


def _row(one: str, other: str, verdict: identity.Verdict, now: dt.datetime) -> dict[str, Any]:
    return {"one_id": min(one, other), "other_id": max(one, other), "score": verdict.score, "reason": verdict.reason, "found": now}


def _datasets(names: set[str] | None = None) -> Iterator[identity.Dataset]:
    """Public datasets as they are compared, some at a time: all, or those with these ids."""
    package, group = model.Package, model.Group
    columns = (package.id, package.title, package.url, package.extras, group.title.label("partner"))
    public = [package.type == "dataset", package.state == "active", package.private.is_(False)]
    public += [package.id.in_(names)] if names is not None else []
    query = sa.select(*columns).outerjoin(group, group.id == package.owner_org).where(*public).order_by(package.id)
    last = ""
    while rows := model.Session.execute(query.where(package.id > last).limit(BATCH)).all():
        last = rows[-1].id
        files: dict[str, list[dict[str, str]]] = {}
        stored = sa.select(model.Resource.package_id, model.Resource.url, model.Resource.name, model.Resource.format)
        stored = stored.where(model.Resource.package_id.in_([row.id for row in rows]), model.Resource.state == "active")
        for file in model.Session.execute(stored.order_by(model.Resource.position)):
            files.setdefault(file.package_id, []).append({"url": file.url, "name": file.name, "format": file.format})
        for row in rows:
            extras = {key: _read(value) for key, value in (row.extras or {}).items()}
            if extras.get("access_level") == "confidential":
                continue
            said = {**extras, "id": row.id, "title": row.title, "url": row.url, "resources": files.get(row.id, []), "organization": {"title": row.partner}}
            yield identity.of_dataset({**said, "extras": [{"key": "guid", "value": extras.get("guid")}]})


def _read(value: Any) -> Any:
    """A field as our schema has it: lists are kept as JSON."""
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _mine(source_id: str) -> Any:
    """The datasets of a source, as a question."""
    return sa.select(HarvestObject.package_id).where(HarvestObject.harvest_source_id == source_id, HarvestObject.current.is_(True), HarvestObject.package_id.is_not(None))


def of_source(source_id: str, reader: str, limit: int, offset: int) -> dict[str, Any]:
    """Pairs of which one dataset is the source's; see the action `tzc_harvest_doubles`."""
    mine = set(model.Session.scalars(_mine(source_id)))
    touching = sa.or_(Double.one_id.in_(_mine(source_id)), Double.other_id.in_(_mine(source_id)))
    order = (Double.decision.is_not(None), Double.score.desc(), Double.one_id, Double.other_id)
    shown = []
    for double in model.Session.query(Double).filter(touching).order_by(*order):
        pair = [double.one_id, double.other_id]
        if pair[0] not in mine:
            pair.reverse()
        both = [_dataset(identifier, reader) for identifier in pair]
        if all(both):
            shown.append((double, *both))
    return {"count": len(shown), "open": sum(double.decision is None for double, *_ in shown), "doubles": [_told(*entry) for entry in shown[offset : offset + limit]]}


def _told(double: Double, mine: dict[str, str], other: dict[str, str]) -> dict[str, Any]:
    user = model.User.get(double.user_id) if double.user_id else None
    words = identity.REASONS[double.reason][1 if language() == "fr" else 0]
    decided = {"decision": double.decision, "by": user.name if user else None, "at": double.decided.isoformat() if double.decided else None}
    return {"mine": {**mine, **_apart(mine["id"])}, "other": {**other, **_apart(other["id"])}, "score": double.score, "reason": double.reason, "words": words, **decided}


def _dataset(identifier: str, reader: str) -> dict[str, str] | None:
    """A dataset that is there and that the reader may see."""
    package = model.Package.get(identifier)
    if package is None or package.state != "active":
        return None
    try:
        tk.check_access("package_show", {"user": reader}, {"id": identifier})
    except tk.NotAuthorized:
        return None
    partner = model.Group.get(package.owner_org) if package.owner_org else None
    return {"id": package.id, "name": package.name, "title": package.title or package.name, "partner": partner.title or partner.name if partner else ""}


def _apart(identifier: str) -> dict[str, Any]:
    """What tells two datasets with one title apart: where each comes from, what it is called there, how many files it has, when it was changed."""
    package = model.Package.get(identifier)
    origin = tk.h.tzc_harvest_origin({"id": identifier})
    files = sum(file.state == "active" for file in package.resources_all)
    called = (package.extras or {}).get("identifier") or (package.extras or {}).get("guid") or ""
    return {"source": origin["title"] if origin else "", "identifier": str(called), "files": files, "modified": package.metadata_modified.isoformat()}


def decide(source_id: str, one: str, other: str, decision: str | None, user: Any) -> bool:
    """Keep what somebody says of a pair; whether there is one of this source. The caller commits. ValidationError where the two are merged: they are not apart any more."""
    first, second = sorted((one, other))
    found = model.Session.get(Double, (first, second), with_for_update=True, populate_existing=True)
    if found is None or not {first, second} & set(model.Session.scalars(_mine(source_id))):
        return False
    if merges.in_force(merges.of_pair(first, second)):
        raise tk.ValidationError({"decision": [tk._("They are merged: take the merge back first.")]})
    found.decision, found.user_id = decision, user.id if user and decision else None
    found.decided = dt.datetime.now(dt.timezone.utc) if decision else None
    model.Session.flush()
    return True
