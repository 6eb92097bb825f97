"""Asking the audit."""
from __future__ import annotations

from datetime import datetime
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number

from .. import seeing, store, taking

MOST = 100
"""Entries in one answer."""


@tk.side_effect_free
def tzc_audit_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What was recorded, the newest first, as far as the asker may see it.

    `dataset`, `partner`, `person` (id or name), `kind` (`request.granted`, or `request` for all of the room), `from` and `to` (days, or moments; UTC without an offset; the day
    `to` is included), `before` (an entry's number: only older ones), `limit` (100 at most). Returns `{"entries", "older"}`; an entry is `{"id", "at", "kind", "by", "about",
    "content"}`: `by` None for the portal itself, empty for a stranger; `content` None where the asker sees no more than who and when.

    Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_audit_list", context, data_dict)
    limit, before = (_number(data_dict, name, least) for name, least in (("limit", 1), ("before", 0)))
    limit = min(limit or 20, MOST)
    wanted = {kind: seeing.identify(kind, str(data_dict[kind])) for kind in ("dataset", "partner", "person") if data_dict.get(kind)}
    reader = seeing.Reader(context.get("user") or "", wanted.get("partner") or _partner_of(wanted.get("dataset")))
    asked = store.between(**wanted, kind=str(data_dict["kind"]) if data_dict.get("kind") else None, since=_moment(data_dict, "from"), until=_moment(data_dict, "to", end=True))
    entries = store.found(reader.narrow(asked), limit + 1, before)
    if not entries and wanted.get("dataset"):
        seeing.must_see(context.get("user") or "", wanted["dataset"], str(data_dict["dataset"]))
    return {"entries": [reader.shown(entry) for entry in entries[:limit]], "older": len(entries) > limit}


def _number(data_dict: dict[str, Any], name: str, least: int) -> int | None:
    if data_dict.get(name) in (None, ""):
        return None
    number = whole_number(data_dict[name], least)
    if number is None:
        raise tk.ValidationError({name: [tk._("This is no whole number.")]})
    return number


def _moment(data_dict: dict[str, Any], name: str, end: bool = False) -> datetime | None:
    stated = str(data_dict.get(name) or "").strip()
    if not stated:
        return None
    try:
        return store.moment(stated, end)
    except (ValueError, OverflowError) as error:
        raise tk.ValidationError({name: [tk._("This is no date; one looks like 2026-05-01.")]}) from error


def _partner_of(dataset: str | None) -> str | None:
    package = model.Package.get(dataset) if dataset else None
    return package.owner_org if package else None


@tk.chained_action
@tk.side_effect_free
def datastore_search(next_action: Any, context: Any, data_dict: dict[str, Any]) -> Any:
    """Rows out of a table: those of datasets that are not open are recorded with the answer."""
    return taking.searched(next_action, context, data_dict)
