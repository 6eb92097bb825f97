"""Datasets and files of the database as the policy knows them."""
from __future__ import annotations

import json
from typing import Any

from tzc.rights import policy, things


def stored(package: Any) -> dict[str, Any]:
    """A `model.Package` as `tzc.rights.things` reads datasets; without its files."""
    return {"id": package.id, "owner_org": package.owner_org, **(package.extras or {})}


def stored_file(resource: Any) -> dict[str, Any]:
    """A `model.Resource` as a file of one."""
    extras = resource.extras if isinstance(resource.extras, dict) else json.loads(resource.extras or "{}")
    return {**extras, "id": resource.id}


def thing(package: Any, resource: Any) -> policy.Thing:
    """What somebody asks for, of a `model.Package` and a `model.Resource`."""
    return things.thing_of(stored(package), stored_file(resource))
