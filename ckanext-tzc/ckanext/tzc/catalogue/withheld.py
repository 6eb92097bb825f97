"""Addresses of files that are not for everybody: who may not have the data does not learn them, from whatever answer.

The search index holds none of them, so no question can find one and no answer made of the index gives one. `package_show` gives them back, from the database, to who may have
the data. A description from which something is withheld says so (`withheld`) and is not taken back: it would overwrite what it does not show.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from .logic.auth import may_have

CLOSED = {"registered", "restricted"}
"""Levels at which everybody sees the description and not everybody has the data. What is confidential is not shown to others at all."""

FIELDS = ("url", "download_url", "access_url", "uri", "cache_url", "access_services", "hash", "hash_algorithm", "url_type")
"""What leads to the data, or lets somebody recognise them."""

MARK = "withheld"

Package = dict[str, Any]


def withhold(package: Package) -> None:
    """Take the addresses out of a closed dataset; each file leads to its page, where the data are asked for."""
    for file in package.get("resources") or []:
        for field in FIELDS:
            file.pop(field, None)
        file["url"] = f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{package['id']}/resource/{file['id']}"
        file[MARK] = True


def from_index(package: Package) -> None:
    """The same for a dataset's entry in the search index, with the copies of the whole dataset that are in it."""
    if package.get("access_level") not in CLOSED:
        return
    for field in ("data_dict", "validated_data_dict"):
        if package.get(field):
            whole = json.loads(package[field])
            withhold(whole)
            package[field] = json.dumps(whole)
    for field in ("res_url", *(f"res_extras_{name}" for name in FIELDS)):
        package.pop(field, None)


def after_show(context: dict[str, Any], package: Package) -> None:
    """What `package_show` gives of a dataset, to this reader."""
    if package.get("access_level") not in CLOSED:
        return
    allowed = context.get("ignore_auth") or may_have(package["access_level"], context.get("user") or "", package.get("owner_org"))["success"]
    if not allowed:
        withhold(package)
    elif any(file.get(MARK) for file in package.get("resources") or []):
        stored = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False, "user": context.get("user")}, {"id": package["id"]})
        package["resources"] = stored["resources"]


def found_by(user: str, files: list[model.Resource]) -> list[model.Resource]:
    """Files without those of closed datasets whose data this person may not have: to be found by its address would tell the address."""
    owners = {file.package_id for file in files}
    rows = model.Session.query(model.Package.id, model.Package.owner_org, model.Package.extras).filter(model.Package.id.in_(owners)) if owners else []
    closed = [(row, level) for row in rows if (level := (row.extras or {}).get("access_level")) in CLOSED]
    kept_back = {row.id for row, level in closed if not may_have(level, user, row.owner_org)["success"]}
    return [file for file in files if file.package_id not in kept_back]
