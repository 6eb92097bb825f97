"""Who may be shown which streams: the one place that decides it.

A public stream is shown to whom its dataset's data are open, decided by the rights' policy as a file's are (level of access, embargo, rights that were given); the file that stands
for the dataset's streams may be at a stricter level than the dataset. Every other stream is shown to its person alone. What may not be shown is answered as what is not there.
"""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common import headers
from ckanext.tzc.common.opening import Opened, opened

from tzc.sensors.model import PUBLIC

from . import store


def may_read(user: str, datasets: Collection[str]) -> set[str]:
    """Those of the datasets (ids) whose public streams an account (its name, empty for a stranger) may read now. An answer with what is not for everybody is kept by no cache."""
    found = _opened(user, datasets)
    if found.asker:
        headers.keep_private()
    return set(found.everybody | found.asker)


def _opened(user: str, datasets: Collection[str]) -> Opened:
    offers = {row.dataset: row.resource for row in model.Session.query(store.Offer).filter(store.Offer.dataset.in_(datasets))} if datasets else {}
    return opened(user, {dataset: offers.get(dataset) for dataset in datasets})


def visible(user: str) -> sa.ColumnElement[bool]:
    """A condition on `store.Stream`: what an account (its name, empty for a stranger) may be shown now."""
    datasets = [row.dataset for row in model.Session.query(store.Stream.dataset).filter_by(visibility=PUBLIC).distinct()]
    public = sa.and_(store.Stream.visibility == PUBLIC, store.Stream.dataset.in_(sorted(may_read(user, datasets))))
    account = _account(user)
    if account is None or not model.Session.query(sa.exists().where(store.Stream.person == account)).scalar():
        return public
    headers.keep_private()
    return sa.or_(public, store.Stream.person == account)


def visible_streams(user: str, numbers: Collection[int]) -> dict[int, store.Stream]:
    """Those of some streams that an account may be shown, by their numbers: without looking at any other dataset."""
    rows: list[store.Stream] = model.Session.query(store.Stream).filter(store.Stream.id.in_([number for number in numbers if 0 <= number < 2**31])).all()
    datasets = may_read(user, {row.dataset for row in rows if row.visibility == PUBLIC})
    account = _account(user) if any(row.person for row in rows) else None
    own = {row.id for row in rows if account is not None and row.person == account}
    if own:
        headers.keep_private()
    return {row.id: row for row in rows if row.id in own or (row.visibility == PUBLIC and row.dataset in datasets)}


def for_everybody(rows: Collection[Any]) -> bool:
    """Whether all of these streams are shown to strangers too: only then an answer may be kept by others."""
    datasets = {row.dataset for row in rows}
    return all(row.visibility == PUBLIC for row in rows) and datasets == set(_opened("", datasets).everybody)


def _account(user: str) -> str | None:
    found = model.User.get(user) if user else None
    return None if found is None or found.state != "active" else str(found.id)
