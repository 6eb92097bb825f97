"""What the rules of DCAT-AP and of our feeds' readers say of a dataset, as its page tells it; the room that publishes has looked."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ckan.plugins.toolkit as tk

MUST, MISSES = "violation", "warning"


def of(package_id: str, fields_told: Iterable[str]) -> dict[str, Any]:
    """`{"validated", "conforms", "present", "must", "misses"}`: the first three as the action has them, then what is forbidden, and what is only missed.

    An entry is `{"words", "url", "files"}`, the same fault of several files once. What is missed in `fields_told` stands on the page already.
    """
    told = tk.get_action("tzc_publishing_validation")({}, {"id": package_id})
    known = set(fields_told)
    return {
        **{name: told[name] for name in ("validated", "conforms", "present")},
        "must": _each_once(result for result in told["results"] if result["severity"] == MUST),
        "misses": _each_once(result for result in told["results"] if result["severity"] == MISSES and result["field"] not in known),
    }


def _each_once(results: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        entry = found.setdefault(result["words"], {"words": result["words"], "url": result["url"], "files": []})
        if result["file"]:
            entry["files"].append(result["file"])
    return list(found.values())
