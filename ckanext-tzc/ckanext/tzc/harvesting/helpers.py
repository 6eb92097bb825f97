"""What templates may ask about harvests."""
from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestObject, HarvestSource

from . import contents, mappings, reports, sources, values
from .engine import reasons, store


def tzc_harvest_origin(package: dict[str, Any]) -> dict[str, Any] | None:
    """The catalogue that a dataset was harvested from: `{"title", "address", "host", "missing", "left_out", "ours"}`; None for one that was made here.

    The address is the catalogue's site: the source's own may hold a token. `missing`: the day since which the source no longer lists it, or empty; `left_out`: why
    it counts as missing though it is listed there, or empty; `ours`: whether edits made here stay until the source changes the same.
    """
    source = (
        model.Session.query(HarvestSource)
        .join(HarvestObject, HarvestObject.harvest_source_id == HarvestSource.id)
        .filter(HarvestObject.package_id == package["id"], HarvestObject.current.is_(True))
        .first()
    )
    if source is None:
        return None
    address = urlsplit(source.url)
    host = address.hostname or ""
    missing = model.Session.query(store.ItemRow.missing, store.ItemRow.left_out).filter(store.ItemRow.package_id == package["id"], store.ItemRow.missing.is_not(None)).first()
    since = str(tk.h.tzc_moment(missing.missing.replace(tzinfo=None))) if missing else ""
    why = mappings.left_out(missing.left_out) if missing and missing.left_out else ""
    site = f"{address.scheme}://{host}{f':{address.port}' if address.port else ''}/"
    return {"title": source.title or host, "host": host, "address": site, "missing": since, "left_out": why, "ours": sources.is_ours(source.type)}


def tzc_harvest_format_found(file: dict[str, Any]) -> bool:
    """Whether a file's format is the one that the portal found in its first bytes."""
    return bool(file.get("package_id") and file.get("url_type") != "upload" and contents.found_here(file["package_id"]).get(file["id"]))


def tzc_may_harvest() -> bool:
    """Whether the reader may have another catalogue harvested."""
    return bool(tk.current_user.is_authenticated and tk.h.check_access("harvest_source_create"))


def tzc_harvest_standing(identifier: str) -> dict[str, Any] | None:
    """Where a source stands; see `reports.standing`."""
    package = model.Package.get(identifier)
    return reports.standing(package) if package else None


def tzc_is_our_kind(kind: str) -> bool:
    """Whether partners' editors may make a source of it."""
    return sources.is_ours(kind)


def tzc_is_allowed_kind(kind: str) -> bool:
    """Whether sources of it are harvested here."""
    return not sources.barred(kind)


def tzc_harvest_change(change: str, outcome: str | None, ended: str | None = None) -> str:
    """What a plan says of a record, or what became of that until the run `ended`."""
    said = reports.change(change, outcome)
    return said if outcome or not ended or change == store.REFUSED else str(tk._("%(what)s: not done")) % {"what": said}


def tzc_harvest_new(new: dict[str, Any]) -> list[str]:
    """What a plan says of a dataset that it would create, in a few words: its licence, axes and files, and what of these is missing."""
    return values.of_new(new)


def tzc_harvest_cause(code: str, by_hand: bool) -> dict[str, Any]:
    """Why a record was not taken, and what to do; see `engine.reasons.told`."""
    return reasons.told(code, by_hand=by_hand)


def tzc_harvest_note(what: str) -> str:
    """What was mended while a record was read, in the reader's language."""
    return reports.note(what)


def tzc_harvest_field(name: str) -> str:
    """What a field is called in the form; others keep their names."""
    schema = tk.h.scheming_get_dataset_schema("dataset") or {}
    fields = {field["field_name"]: field for group in ("dataset_fields", "resource_fields") for field in schema.get(group, [])}
    field = fields.get("tag_string" if name == "tags" else name) or {}
    return str(tk.h.scheming_language_text(field["label"])) if field.get("label") else name


def tzc_harvest_value(field: str, value: Any) -> str:
    """What a field says, in the reader's words; see `values.said`."""
    return values.said(field, value)


def tzc_harvest_noted(what: str, value: str) -> str:
    """What a note is about, in the reader's words."""
    return reports.noted(what, value)


def tzc_harvest_counts(counts: dict[str, int]) -> str:
    """What a run or a part of it brought, in words; see `engine.telling`."""
    return ", ".join(reports.counted(counts))
