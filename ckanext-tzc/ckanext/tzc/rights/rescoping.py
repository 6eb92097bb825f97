"""What a request asks for, changed while it is completed: other datasets, files and columns, where the part is not decided."""
from __future__ import annotations

import dataclasses
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.rights import requests

from . import form, records

FIELDS = ("datasets", "resources", "columns")


@dataclasses.dataclass(frozen=True)
class Change:
    """By part (its id) what it asks for from now on, where that is something else; by partner what is asked of one that was not asked; parts of which nothing is asked any more."""

    other: dict[str, list[form.Asked]]
    new: dict[str, list[form.Asked]]
    gone: list[records.Part]


def planned(user: Any, parts: list[records.Part], data: dict[str, Any], errors: form.Errors) -> Change:
    """What `data` changes; a field that is left out stays as it is, and so does what is decided, named or not. Mistakes go to `errors`."""
    nothing = Change({}, {}, [])
    if not any(name in data for name in FIELDS):
        return nothing
    still = [part for part in parts if part.state in requests.OPEN]
    items = records.covered([part.id for part in parts])
    there = {part.id: {item.dataset: item for item in items if item.part == part.id} for part in parts}
    settled = {dataset for part in parts if part not in still for dataset in there[part.id]}
    asked = form.scope(_wanted(data, [item for part in still for item in there[part.id].values()], settled), user, errors)
    if errors:
        return nothing
    by_partner: dict[str, list[form.Asked]] = {}
    for one in asked:
        by_partner.setdefault(one.partner, []).append(one)
    of = {part.partner: part for part in parts}
    for partner, wanted in by_partner.items():
        if partner in of and of[partner] not in still:
            errors.setdefault("datasets", []).append(tk._("The partner of “{title}” has decided on this request already: ask for it in another one.").format(title=wanted[0].title))
    return Change(
        {of[partner].id: wanted for partner, wanted in by_partner.items() if partner in of and _scope(wanted) != _stored(there[of[partner].id].values())},
        {partner: wanted for partner, wanted in by_partner.items() if partner not in of},
        [part for part in still if part.partner not in by_partner],
    )


def _wanted(data: dict[str, Any], items: list[records.Covered], settled: set[str]) -> dict[str, Any]:
    """What is asked for from now on, of what is not decided, as a request is written."""
    names = data.get("datasets", [item.dataset for item in items])
    if isinstance(names, str):
        names = [names]
    if isinstance(names, list):
        names = [name for name in names if not (isinstance(name, str) and _id(name) in settled)]
    ids = {_id(name) for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    kept = [item for item in items if item.dataset in ids]
    return {
        "datasets": names,
        "resources": data.get("resources", [file for item in kept for file in item.resources]),
        "columns": data.get("columns", {file: columns for item in kept for file, columns in item.columns.items()}),
    }


def _id(name: str) -> str:
    package = model.Package.get(name) if name and "\0" not in name else None
    return str(package.id) if package else ""


def _scope(asked: list[form.Asked]) -> dict[str, Any]:
    return {one.id: (sorted(one.files), {file: sorted(names) for file, names in one.columns.items()}) for one in asked}


def _stored(items: Any) -> dict[str, Any]:
    return {item.dataset: (sorted(item.resources), {file: sorted(names) for file, names in item.columns.items()}) for item in items}


def store(part: records.Part, asked: list[form.Asked]) -> None:
    """A part asks for this, and nothing else. Does not commit."""
    model.Session.query(records.Covered).filter_by(part=part.id).delete()
    part.personal = any(one.personal for one in asked)
    for one in asked:
        model.Session.add(records.Covered(part=part.id, dataset=one.id, resources=list(one.files), columns=one.columns))
    model.Session.flush()
