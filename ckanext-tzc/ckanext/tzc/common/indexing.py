"""Entries of the index that a job makes anew, while somebody may remove their datasets: who removed one after it was read finds no entry to take away, and it would come back."""
from __future__ import annotations

from collections.abc import Collection

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib import search
from ckan.lib.search import index as search_index

AT_ONCE = 500
"""Entries that one question takes away: Solr takes a thousand words of one."""


def anew(package_id: str) -> None:
    """Bring the entry of a dataset (its id) up to date, also where it is removed meanwhile."""
    try:
        search.rebuild(package_id)
    except tk.ObjectNotFound:
        model.Session.rollback()
    forget_gone([package_id])


def forget_gone(ids: Collection[str], *, shown: bool = True) -> None:
    """Take away the entries of datasets that are not there, or not any more since they were written just now; as CKAN does for one. Search misses them at once, where `shown`."""
    if not ids:
        return
    there = set(model.Session.scalars(sa.select(model.Package.id).where(model.Package.id.in_(ids), model.Package.state != "deleted")))
    gone = [package_id for package_id in dict.fromkeys(ids) if package_id not in there]
    for first in range(0, len(gone), AT_ONCE):
        named = " OR ".join(quoted(package_id) for package_id in gone[first : first + AT_ONCE])
        last = first + AT_ONCE >= len(gone)
        question = f"+{search_index.TYPE_FIELD}:{search_index.PACKAGE_TYPE} +site_id:{quoted(tk.config['ckan.site_id'])} +id:({named})"
        search_index.make_connection().delete(q=question, commit=shown and last and bool(tk.config.get("ckan.search.solr_commit")))


def quoted(value: str) -> str:
    """A value as a phrase of a question to the index."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
