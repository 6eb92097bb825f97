"""Files of which somebody was given some columns only: what is told of the file itself would tell of the others."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import grants, levels
from flask import has_request_context

from tzc.rights import policy

from .logic.auth import _account, asker, decide

FIELDS = ("download_url", "access_url", "uri", "cache_url", "access_services", "hash", "hash_algorithm", "size", "url_type", "mimetype_inner", "cache_last_updated")
"""What leads to the original, lets somebody recognise it, or guess at what is in it."""

MARK = "only_columns"
"""On a file: the columns that its reader may have, and no others. A description with this mark is not taken back: it would overwrite what it does not show."""


def columns(user: str, file: str) -> frozenset[str] | None:
    """The answer of `common.columns`. Only a right names columns, so nobody is asked about where the file is not given on request."""
    resource = model.Session.get(model.Resource, file)
    if resource is None:
        return None
    # the rights that an answer reads are kept for it, so the gate cannot find another one after this
    if has_request_context() and not any(grant.columns for grant in grants.grants(_account(user), [resource.package_id])):
        return None
    package = resource.package
    if package is None:
        return None
    thing = levels.thing(package, resource)
    if thing.strictest() != policy.RESTRICTED:
        return None
    decision = decide(asker(user, policy.RESTRICTED, package.owner_org, package.id), thing)
    return decision.columns if decision.allowed else frozenset()


def narrow(package: dict[str, Any], opened: Mapping[str, frozenset[str] | None]) -> None:
    """Tell of files of which this reader has some columns what is true of the copy that they are given."""
    for file in package.get("resources") or []:
        names = opened.get(file["id"])
        if names is None:
            continue
        for field in FIELDS:
            file.pop(field, None)
        file["url"] = f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{package['id']}/resource/{file['id']}/download"
        file["format"], file["mimetype"] = "CSV", "text/csv"
        file[MARK] = sorted(names)


def allows_file(context: dict[str, Any], owner: Any, operation: str) -> bool | None:
    """The answer of CKAN's hook for files that it keeps for a dataset's file: not to who has some columns only. None: as CKAN decides."""
    user = context.get("user") or ""
    if owner is None or owner.owner_type != "resource" or not user or context.get("ignore_auth"):
        return None
    return None if columns(user, owner.owner_id) is None else False
