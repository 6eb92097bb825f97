"""Datasets that were merged with another one, or of which somebody proposes it: the table, and what the engine asks of it."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

ASKED, MERGED = "asked", "merged"
"""Somebody proposes it, and the other partner has not said yes; it is done."""


class Merge(tk.BaseModel):
    """One of two datasets that are the same stays (`kept_id`), the other is withdrawn. `files`: ids of those of the other that are to be taken along; `added`: what the one
    that stays got by it, `{"identifiers", "addresses", "files"}`, so that it can be undone.
    """

    __tablename__ = "tzc_harvesting_merge"

    kept_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    withdrawn_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    state = sa.Column(sa.UnicodeText, nullable=False)
    files = sa.Column(JSONB, nullable=False, server_default="[]")
    added = sa.Column(JSONB, nullable=False, server_default="{}")
    asked_by = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL"))
    asked_at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    merged_by = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL"))
    merged_at = sa.Column(sa.DateTime(timezone=True))


def of_pair(one: str, other: str) -> Merge | None:
    """What there is about two datasets, whichever stays."""
    pair = sa.or_(sa.and_(Merge.kept_id == one, Merge.withdrawn_id == other), sa.and_(Merge.kept_id == other, Merge.withdrawn_id == one))
    found: Merge | None = model.Session.query(Merge).populate_existing().filter(pair).first()
    return found


def in_force(row: Merge | None) -> bool:
    """Whether what there is about two datasets is a merge that is done: where somebody brought the withdrawn one back by hand it is no more."""
    return row is not None and row.state == MERGED and row.withdrawn_id in withdrawn([row.withdrawn_id])


def _withdrawn() -> tuple[Any, ...]:
    """Merges in force: one that somebody brought back by hand is withdrawn no more."""
    return Merge.state == MERGED, model.Package.id == Merge.withdrawn_id, model.Package.state == "deleted"


def is_withdrawn(package_id: Any) -> Any:
    """Whether the dataset of a column is withdrawn, as a condition."""
    package = sa.orm.aliased(model.Package)
    return sa.exists().where(Merge.withdrawn_id == package_id, Merge.state == MERGED, package.id == Merge.withdrawn_id, package.state == "deleted")


def withdrawn(ids: Collection[str]) -> dict[str, str]:
    """Those of the datasets that are withdrawn, each with the one that stays."""
    if not ids:
        return {}
    return dict(model.Session.execute(sa.select(Merge.withdrawn_id, Merge.kept_id).where(*_withdrawn(), Merge.withdrawn_id.in_(ids))).all())


def identifiers(ids: Collection[str]) -> dict[str, list[str]]:
    """Other identifiers that datasets got by a merge."""
    found: dict[str, list[str]] = {}
    if ids:
        rows = model.Session.execute(sa.select(Merge.kept_id, Merge.added).where(Merge.state == MERGED, Merge.kept_id.in_(ids)))
        for kept, added in rows:
            found.setdefault(kept, []).extend(added.get("identifiers") or [])
    return found


MOST_STEPS = 10


def leads_to(name: str) -> tuple[str, list[str]] | None:
    """The dataset that stays for one that is withdrawn (its name or id), also where that was merged in its turn, and the files that came along all the way; None for any other."""
    package = model.Package
    files: set[str] | None = None
    query = sa.select(Merge.withdrawn_id, Merge.kept_id, Merge.added).where(*_withdrawn())
    row = model.Session.execute(query.where(sa.or_(package.name == name, package.id == name))).first()
    for _ in range(MOST_STEPS):
        if row is None:
            return None
        here = set(row.added.get("files") or [])
        files = here if files is None else files & here
        following = model.Session.execute(query.where(Merge.withdrawn_id == row.kept_id)).first()
        if following is None:
            return row.kept_id, sorted(files)
        row = following
    return None


def of_accounts_partners(partners: Collection[str] | None, limit: int, offset: int) -> tuple[list[Merge], int]:
    """Merges and proposals that touch datasets of these partners (None: of all), those that wait first, and how many there are."""
    query = model.Session.query(Merge)
    if partners is not None:
        theirs = sa.select(model.Package.id).where(model.Package.owner_org.in_(partners))
        query = query.filter(sa.or_(Merge.kept_id.in_(theirs), Merge.withdrawn_id.in_(theirs)))
    order = (Merge.state == MERGED, Merge.asked_at.desc(), Merge.kept_id, Merge.withdrawn_id)
    return query.order_by(*order).limit(limit).offset(offset).all(), query.count()
