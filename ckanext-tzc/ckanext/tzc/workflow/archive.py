"""Archived datasets: they keep page and address, and leave search and feeds.

The mark stands in the dataset itself (`archived`, the moment), where the feeds read it too; nobody but a move writes it (`tzc_kept_archived`).
"""
from __future__ import annotations

from typing import Any

import ckan.model as model


def indexed(pkg_dict: dict[str, Any]) -> dict[str, Any]:
    """To the index an archived dataset is in a state that no search asks for."""
    if pkg_dict.get("state") == "active" and pkg_dict.get("archived"):
        pkg_dict["state"] = "archived"
    pkg_dict.pop("archived", None)
    return pkg_dict


def of(user: Any, most: int = 100) -> list[Any]:
    """Archived datasets of the partners where an account writes, the newest first."""
    package = model.Package
    query = model.Session.query(package).filter(package.state == "active", package.type == "dataset", package.extras["archived"].astext.is_not(None))
    if not user.sysadmin:
        mine = model.Session.query(model.Member.group_id).filter_by(table_name="user", table_id=user.id, state="active").filter(model.Member.capacity.in_(["admin", "editor"]))
        query = query.filter(package.owner_org.in_(mine.scalar_subquery()))
    found: list[Any] = query.order_by(package.metadata_modified.desc()).limit(most).all()
    return found
