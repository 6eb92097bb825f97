"""Entries of the index that a job makes anew, while somebody may remove their datasets: who removed one after it was read finds no entry to take away, and it would come back."""
from __future__ import annotations

from collections.abc import Collection

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib import search


def anew(package_id: str) -> None:
    """Bring the entry of a dataset (its id) up to date, also where it is removed meanwhile."""
    try:
        search.rebuild(package_id)
    except tk.ObjectNotFound:
        model.Session.rollback()
    forget_gone([package_id])


def forget_gone(ids: Collection[str]) -> None:
    """Take away the entries of datasets that are not there, or not any more since they were written just now."""
    if not ids:
        return
    there = set(model.Session.scalars(sa.select(model.Package.id).where(model.Package.id.in_(ids), model.Package.state != "deleted")))
    for package_id in ids:
        if package_id not in there:
            search.clear(package_id)
