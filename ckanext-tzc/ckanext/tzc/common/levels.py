"""Datasets and files of the database as the policy knows them."""
from __future__ import annotations

import json
from typing import Any

from ckanext.tzc.schemas import vocabulary

from tzc.rights import policy, things


def stored(package: Any) -> dict[str, Any]:
    """A `model.Package` as `tzc.rights.things` reads datasets; without its files."""
    return {"id": package.id, "owner_org": package.owner_org, **(package.extras or {})}


def stored_file(resource: Any) -> dict[str, Any]:
    """A `model.Resource` as a file of one."""
    extras = resource.extras if isinstance(resource.extras, dict) else json.loads(resource.extras or "{}")
    return {**extras, "id": resource.id}


def concerns_persons(category: str | None) -> bool:
    """Whether data of this category (`personal_data` of a dataset) concern persons: two keys open them, no link gives them, no hash of them is told."""
    return any(entry["code"] == category and entry.get("persons") for entry in vocabulary("personal-data"))


def thing(package: Any, resource: Any) -> policy.Thing:
    """What somebody asks for, of a `model.Package` and a `model.Resource`."""
    return things.thing_of(stored(package), stored_file(resource))
