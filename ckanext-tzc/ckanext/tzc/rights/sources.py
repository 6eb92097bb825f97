"""The datasets and addresses that data are made of, each with its licence as far as the asker may know it."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import ckan.plugins.toolkit as tk

UNSTATED = "notspecified"


@dataclasses.dataclass(frozen=True)
class Source:
    """What data are made of: the licence's code, the title, its page, and the dataset's id and name where it is one of this portal's."""

    licence: str
    title: str
    url: str = ""
    id: str = ""
    name: str = ""


def is_address(value: str) -> bool:
    """Whether this is an address, not a dataset of this portal."""
    return "://" in value


def dataset(value: str, context: dict[str, Any]) -> Source | None:
    """A dataset of this portal by its id or name; None for one that the asker may not see."""
    try:
        package = tk.get_action("package_show")({**context}, {"id": value})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return None
    if package.get("type") != "dataset" or package.get("state") == "deleted":
        return None
    address = tk.h.url_for("dataset.read", id=package["name"])
    return Source(package.get("license_id") or UNSTATED, package.get("title") or package["name"], address, package["id"], package["name"])


def stated(values: Iterable[str], context: dict[str, Any]) -> list[Source]:
    """Those that a dataset states. The licence of an address elsewhere, and of a dataset that the asker may not see, is not known."""
    found = []
    for value in values:
        if is_address(value):
            found.append(Source(UNSTATED, value, value))
        else:
            found.append(dataset(value, context) or Source(UNSTATED, str(tk._("a dataset that is not public"))))
    return found
