"""Which datasets' data somebody may have, for data that are no file: decided as a file's are, whichever stands for them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import levels
from ckanext.tzc.common.opening import Opened

from tzc.rights import policy, things

from .logic.auth import asker, decide


def opened(user: str, asked: Mapping[str, str | None]) -> Opened:
    """The answer of `common.opening`."""
    packages = model.Session.query(model.Package).filter(model.Package.id.in_(asked), model.Package.type == "dataset").all()
    files = _files([file for file in asked.values() if file])
    everybody, own = set(), set()
    for package in packages:
        file = files.get(asked[package.id] or "")
        thing = things.thing_of(levels.stored(package), levels.stored_file(file) if file is not None and file.package_id == package.id else None)
        public = package.state == "active" and not package.private
        if public and decide(things.STRANGER, thing).allowed:
            everybody.add(package.id)
        elif (public or _sees(user, package)) and _whole(decide(asker(user, thing.strictest(), package.owner_org, package.id), thing)):
            own.add(package.id)
    return Opened(frozenset(everybody), frozenset(own))


def _files(ids: list[str]) -> dict[str, model.Resource]:
    return {row.id: row for row in model.Session.query(model.Resource).filter(model.Resource.id.in_(ids), model.Resource.state == "active")} if ids else {}


def _whole(decision: policy.Decision) -> bool:
    return decision.allowed and decision.columns is None


def _sees(user: str, package: Any) -> bool:
    """Whether an account may see a description that not everybody may."""
    try:
        tk.check_access("package_show", {"user": user, "package": package}, {"id": package.id})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True
