"""Datasets that somebody has brought back, merged or taken apart, and that the index does not know so yet: rows of the transaction that wrote them, so that neither a crash nor an
index that is away leaves one in the catalogue that nobody finds. What runs write has its own rows (`applying.index`).
"""
from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Collection
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import outages
from sqlalchemy.dialects.postgresql import insert

from . import documents, store

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Entries that are made together."""

LATER = dt.timedelta(hours=1)
"""After which one is tried again that could not be made by itself."""


class Unindexed(tk.BaseModel):
    """A dataset whose entry is to be made anew, or taken away: asked for `since`, tried `again` from then on. One that is purged meanwhile has an entry still."""

    __tablename__ = "tzc_harvesting_unindexed"

    package_id = sa.Column(sa.UnicodeText, primary_key=True)
    since = sa.Column(sa.DateTime(timezone=True), nullable=False)
    again = sa.Column(sa.DateTime(timezone=True), nullable=False)


def ask(ids: Collection[str]) -> None:
    """In the transaction that writes them. Commits nothing."""
    now = store.now()
    if rows := [{"package_id": package_id, "since": now, "again": now} for package_id in sorted(set(ids))]:
        statement = insert(Unindexed.__table__)
        statement = statement.on_conflict_do_update(index_elements=["package_id"], set_={name: statement.excluded[name] for name in ("since", "again")})
        model.Session.execute(statement, rows)


def bring(ids: Collection[str]) -> bool:
    """After the commit: bring them into the index. Whether that was possible; where it was not, the periodic job goes on with it. Commits."""
    try:
        _bring(ids)
    except Exception:  # what was asked for is done, whatever the index says of it
        model.Session.rollback()
        log.warning("The index does not know yet what was written; it is tried again.", exc_info=True)
        return False
    return True


def _bring(ids: Collection[str]) -> None:
    asked = model.Session.execute(sa.select(Unindexed.package_id, Unindexed.since).where(Unindexed.package_id.in_(ids))).all()
    documents.to_index([row.package_id for row in asked])
    table = Unindexed.__table__
    # one that was written again meanwhile stays
    same = sa.tuple_(table.c.package_id, table.c.since).in_([tuple(row) for row in asked])
    model.Session.execute(sa.delete(table).where(same))
    model.Session.commit()


def bring_waiting(seconds: float) -> int:
    """Bring into the index what is left over, for about so many seconds. How many datasets; ends where a server is away. Commits."""
    ends, done = time.monotonic() + seconds, 0
    while time.monotonic() < ends and (ids := _due()):
        try:
            done += _whole_or_one_by_one(ids)
        except Exception as error:
            model.Session.rollback()
            if not outages.is_outage(error):
                raise
            log.warning("%d datasets wait for the index: %s", len(ids), error)
            break
    model.Session.rollback()
    return done


def _due() -> list[str]:
    model.Session.rollback()  # to see what others have committed
    due = sa.select(Unindexed.package_id).where(Unindexed.again <= store.now()).order_by(Unindexed.again, Unindexed.package_id).limit(AT_ONCE)
    return list(model.Session.scalars(due))


def _whole_or_one_by_one(ids: list[str]) -> int:
    """How many could be brought. One at which a plugin or the index falls over harms no other, and is tried again later."""
    try:
        _bring(ids)
    except Exception as error:
        model.Session.rollback()
        if outages.is_outage(error):
            raise
        if len(ids) > 1:
            return sum(_whole_or_one_by_one([package_id]) for package_id in ids)
        log.exception("Dataset %s cannot be brought into the index.", ids[0])
        model.Session.query(Unindexed).filter_by(package_id=ids[0]).update({"again": store.now() + LATER})
        model.Session.commit()
        return 0
    return len(ids)


def told(ids: Collection[str]) -> dict[str, Any]:
    """For the answer to who asked for it: `{"unindexed": True}` where search does not show it yet."""
    return {"unindexed": True} if ids and model.Session.query(Unindexed.package_id).filter(Unindexed.package_id.in_(ids)).first() else {}


def words() -> str:
    """The same in words."""
    return str(tk._("The index of the search does not answer: what was asked for is done, and search shows it by itself as soon as it can."))
