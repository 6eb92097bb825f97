"""Addresses of files that are not for everybody: who may not have the data does not learn them, from whatever answer.

The search index holds none of them, so no question can find one and no answer made of the index gives one. `package_show` gives them back, from the database, to who may have
the data. A description from which something is withheld says so (`withheld`) and is not taken back: it would overwrite what it does not show.
"""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers, levels

from tzc.rights import policy, things

from . import narrowed
from .logic.auth import asker, decide, now

FIELDS = ("url", "download_url", "access_url", "uri", "cache_url", "access_services", "hash", "hash_algorithm", "url_type")
"""What leads to the data, or lets somebody recognise them."""

MARK = "withheld"

Package = dict[str, Any]


def withhold(dataset: Package, files: list[Package]) -> None:
    """Take out the addresses of files that a stranger may not have now; each leads to its page, where the data are asked for."""
    for file in files:
        if not things.is_for_all(dataset, file, now()):
            _withhold_file(dataset["id"], file)


def _withhold_file(dataset: str, file: dict[str, Any]) -> None:
    for field in FIELDS:
        file.pop(field, None)
    file["url"] = f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{dataset}/resource/{file['id']}"
    file[MARK] = True


def from_index(package: Package) -> None:
    """The same for a dataset's entry in the search index, with the copies of the whole dataset that are in it."""
    dataset = {name: package.get(name) for name in ("id", "owner_org", "access_level", "embargo")}
    # a dataset's own level stands among the extras of this copy, as a value: this is a file's
    of_files = '"access_level":' in str(package.get("data_dict"))
    # a confidential one is found by its partner's members alone
    if package.get("access_level") == policy.CONFIDENTIAL or not (of_files or things.may_be_closed(dataset)):
        return
    kept: list[str] = []
    for field in ("data_dict", "validated_data_dict"):
        if package.get(field):
            whole = json.loads(package[field])
            files = whole.get("resources") or []
            withhold(dataset, files)
            package[field] = json.dumps(whole)
            kept = [file["url"] for file in files if file.get("url") and not file.get(MARK)]
    for field in ("res_url", *(f"res_extras_{name}" for name in FIELDS)):
        package.pop(field, None)
    if kept:
        package["res_url"] = kept


def after_show(context: dict[str, Any], package: Package) -> None:
    """What `package_show` gives of a dataset, to this reader."""
    if package.get("access_level") == policy.CONFIDENTIAL or not things.may_be_closed(package):
        return
    files = package.get("resources") or []
    opened = {} if context.get("ignore_auth") else opened_to(context.get("user") or "", package, files)
    allowed = {file["id"] for file in files} if context.get("ignore_auth") else set(opened)
    if any(file.get(MARK) for file in package.get("resources") or [] if file["id"] in allowed):
        stored = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False, "user": context.get("user")}, {"id": package["id"]})
        package["resources"] = stored["resources"]
    if not context.get("ignore_auth") and any(not things.is_for_all(package, file, now()) for file in files if file["id"] in allowed):
        headers.keep_private()
    for file in package.get("resources") or []:
        if file["id"] not in allowed:
            _withhold_file(package["id"], file)
    narrowed.narrow(package, opened)


def opened_to(user: str, dataset: Package, files: list[Package]) -> dict[str, frozenset[str] | None]:
    """Those of a dataset's files whose data this person may have now, with the only columns (None: all): one decision a file, one question to the database for all."""
    every = {file["id"]: things.thing_of(dataset, file) for file in files}
    strictest = max((thing.strictest() for thing in every.values()), key=policy.LEVELS.index, default=policy.OPEN)
    person = asker(user, strictest, dataset.get("owner_org"), dataset["id"])
    decisions = {file: decide(person, thing) for file, thing in every.items()}
    return {file: decision.columns for file, decision in decisions.items() if decision.allowed}


def _whole_for(user: str, dataset: Package, files: list[Package]) -> set[str]:
    """Those that this person may have as they are: of one given in part, a checksum or a size would tell of the rest."""
    return {file for file, columns in opened_to(user, dataset, files).items() if columns is None}


def found_by(user: str, files: list[model.Resource]) -> list[model.Resource]:
    """Files without those of closed datasets whose data this person may not have: to be found by its address would tell the address. Archived datasets' are not found at all."""
    owners = {file.package_id for file in files}
    rows = model.Session.query(model.Package.id, model.Package.owner_org, model.Package.extras).filter(model.Package.id.in_(owners)).all() if owners else []
    kept_back: set[str] = set()
    for row in rows:
        own = [levels.stored_file(file) for file in files if file.package_id == row.id]
        dataset = {**levels.stored(row), "resources": own}
        every = {file["id"] for file in own}
        if dataset.get("archived"):
            kept_back |= every
        elif things.may_be_closed(dataset):
            kept_back |= every - _whole_for(user, dataset, own)
    return [file for file in files if file.id not in kept_back]
