"""Addresses of files that are not for everybody: who may not have the data does not learn them, from whatever answer.

The search index holds none of them, so no question can find one and no answer made of the index gives one. `package_show` gives them back, from the database, to who may have
the data. A description from which something is withheld says so (`withheld`) and is not taken back: it would overwrite what it does not show.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers

from tzc.rights import policy

from .logic.auth import asker, decide

CLOSED = {"registered", "restricted"}
"""Levels at which everybody sees the description and not everybody has the data. What is confidential is not shown to others at all."""

FIELDS = ("url", "download_url", "access_url", "uri", "cache_url", "access_services", "hash", "hash_algorithm", "url_type")
"""What leads to the data, or lets somebody recognise them."""

MARK = "withheld"

Package = dict[str, Any]


def withhold(package: Package) -> None:
    """Take the addresses out of a closed dataset; each file leads to its page, where the data are asked for."""
    for file in package.get("resources") or []:
        _withhold_file(package["id"], file)


def _withhold_file(dataset: str, file: dict[str, Any]) -> None:
    for field in FIELDS:
        file.pop(field, None)
    file["url"] = f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{dataset}/resource/{file['id']}"
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
    ids = {file["id"] for file in package.get("resources") or []}
    allowed = ids if context.get("ignore_auth") else files_for(context.get("user") or "", package["id"], package["access_level"], package.get("owner_org"), ids)
    if any(file.get(MARK) for file in package.get("resources") or [] if file["id"] in allowed):
        stored = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False, "user": context.get("user")}, {"id": package["id"]})
        package["resources"] = stored["resources"]
    if allowed and not context.get("ignore_auth"):
        headers.keep_private()
    for file in package.get("resources") or []:
        if file["id"] not in allowed:
            _withhold_file(package["id"], file)


def files_for(user: str, dataset: str, level: str, owner_org: str | None, files: set[str]) -> set[str]:
    """Those of a closed dataset's files whose data this person may have now: one decision a file, one question to the database for all."""
    person = asker(user, level, owner_org, dataset)
    return {file for file in files if decide(person, policy.Thing(dataset, owner_org, level, resource=file)).allowed}


def found_by(user: str, files: list[model.Resource]) -> list[model.Resource]:
    """Files without those of closed datasets whose data this person may not have: to be found by its address would tell the address. Archived datasets' are not found at all."""
    owners = {file.package_id for file in files}
    rows = model.Session.query(model.Package.id, model.Package.owner_org, model.Package.extras).filter(model.Package.id.in_(owners)).all() if owners else []
    closed = [(row, level) for row in rows if (level := (row.extras or {}).get("access_level")) in CLOSED]
    of = {row.id: {file.id for file in files if file.package_id == row.id} for row in rows}
    kept_back = {file for row, level in closed for file in of[row.id] - files_for(user, row.id, level, row.owner_org, of[row.id])}
    kept_back |= {file for row in rows if (row.extras or {}).get("archived") for file in of[row.id]}
    return [file for file in files if file.id not in kept_back]
