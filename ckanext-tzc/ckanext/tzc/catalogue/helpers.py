"""What templates and schemas may call: choices, labels, the dataset's access in words."""
from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import language, territory
from ckanext.tzc.schemas import vocabulary
from flask import has_request_context, request

from tzc.rights import policy, things

from .logic.auth import now
from .logic.validators import TEXT_LIMIT, TITLE_LIMIT

Field = dict[str, Any]
Choice = dict[str, Any]


def tzc_most_characters(field: Field) -> int | None:
    """The characters that a field of text takes at most; None where its validators set no limit."""
    checks = str(field.get("validators") or "").split()
    return TITLE_LIMIT if "tzc_title" in checks else TEXT_LIMIT if "tzc_plain_text" in checks else None


def tzc_axis_choices(field: Field) -> list[Choice]:
    """The territory's axes and levers."""
    return [{"value": axis.id, "label": axis.title} for axis in territory().axes]


def tzc_commune_choices(field: Field) -> list[Choice]:
    """The territory's communes."""
    return [{"value": commune.code, "label": commune.name} for commune in territory().communes]


def tzc_licence_choices(field: Field) -> list[Choice]:
    """The licences that the territory offers, in its order."""
    known = {choice["value"]: choice for choice in _by_code("licence")}
    return [known[code] for code in territory().licences]


def tzc_first_licence() -> str:
    """The licence that the form begins with: the usual one of the partner for whom it was opened, else the territory's."""
    usual = tk.h.tzc_partner_licence(request.args.get("group")) if has_request_context() and "tzc_partner_licence" in tk.h else ""
    return usual if usual in territory().licences else territory().licences[0]


def tzc_access_level_choices(field: Field) -> list[Choice]:
    """Access levels."""
    return _by_code("access-level")


def tzc_partner_kind_choices(field: Field) -> list[Choice]:
    """Kinds of partners."""
    return _by_code("partner-kind")


def tzc_theme_choices(field: Field) -> list[Choice]:
    """The EU's data themes, by IRI."""
    return _by_uri("data-theme")


def tzc_frequency_choices(field: Field) -> list[Choice]:
    """The EU's frequencies, by IRI."""
    return _by_uri("frequency")


def tzc_personal_data_choices(field: Field) -> list[Choice]:
    """What data may say of persons."""
    return _by_code("personal-data")


def tzc_hvd_category_choices(field: Field) -> list[Choice]:
    """Categories of high-value datasets, by IRI."""
    return _by_uri("hvd-category")


def tzc_college_choices(field: Field) -> list[Choice]:
    """Colleges of partners."""
    return _by_code("college")


def tzc_sector_choices(field: Field) -> list[Choice]:
    """Sectors of activity, by IRI."""
    return _by_uri("sector")


def tzc_language_choices(field: Field) -> list[Choice]:
    """Languages, by IRI."""
    return _by_uri("language")


def _by_code(name: str) -> list[Choice]:
    return [{"value": entry["code"], "label": entry["label"], "help": entry.get("help")} for entry in vocabulary(name)]


def _by_uri(name: str) -> list[Choice]:
    return [{"value": entry["uri"], "label": entry["label"]} for entry in vocabulary(name)]


def tzc_access(package: dict[str, Any], file: dict[str, Any] | None = None) -> dict[str, Any]:
    """Who may have a dataset, or one of its files, in the reader's words: `{"code", "label", "help"}`. `code` is `embargo` while the data are kept back until a moment."""
    embargo = things.embargo_of(package)
    if embargo and now() < embargo and not package.get("private"):
        return _kept_back_until(embargo)
    code = policy.CONFIDENTIAL if package.get("private") else things.level_of(package, file)
    entry = next(known for known in vocabulary("access-level") if known["code"] == code)
    words = {key: entry[key].get(language()) or entry[key]["en"] for key in ("label", "help")}
    return {"code": entry["code"], **words}


def _kept_back_until(moment: datetime) -> dict[str, Any]:
    told = tk._("Under embargo") if moment == things.NEVER else tk._("From {day}").format(day=tk.h.tzc_moment(moment.isoformat(), clock=not _is_midnight(moment)))
    return {"code": "embargo", "label": told, "help": tk._("The data are kept back until then; the description is public.")}


def _here(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(territory().timezone))


def _is_midnight(moment: datetime) -> bool:
    return _here(moment).time() == time()


def tzc_withheld(package: dict[str, Any]) -> dict[str, Any] | None:
    """Why the reader may not have some of a dataset's files: `tzc_access` of the strictest of them, with `all`; None where none is withheld."""
    files = package.get("resources") or []
    kept = [file for file in files if file.get("withheld")]
    if not kept:
        return None
    strictest = max(kept, key=lambda file: policy.LEVELS.index(things.level_of(package, file)))
    return {**tzc_access(package, strictest), "all": len(kept) == len(files)}


def tzc_moment_to_write(value: Any) -> str:
    """A stored moment as a form's field takes it, where the territory is: a day where it is the beginning of one; what was typed and cannot be read, as it was typed."""
    try:
        moment = datetime.fromisoformat(str(value or "").replace("Z", "+00:00"))
    except ValueError:
        return str(value or "")
    local = _here(moment) if moment.tzinfo else moment
    return f"{local:%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%dT%H:%M}"


def tzc_file_level_choices(field: Field) -> list[Choice]:
    """Levels that a file may have for itself: such that its description stays public, and stricter than open."""
    return [choice for choice in _by_code("access-level") if choice["value"] in {policy.REGISTERED, policy.RESTRICTED}]


def tzc_facet_label(facet: str, value: str, fallback: str = "") -> str:
    """The words for one value of a facet."""
    place = territory()
    if facet == "communes":
        return place.commune_names.get(value, value)
    if facet in {"groups", "axis"}:
        return next((place.text(axis.title, language()) for axis in place.axes if axis.id == value), fallback or value)
    if facet == "quality":
        return str(tk.h.tzc_quality_rating(value))
    names = {"theme": ("data-theme", "uri"), "license_id": ("licence", "code"), "access_level": ("access-level", "code")}
    if facet in names:
        name, key = names[facet]
        return next((entry["label"].get(language()) or entry["label"]["en"] for entry in vocabulary(name) if entry[key] == value), fallback or value)
    return fallback or value


def tzc_vocabulary_label(name: str, value: str) -> str:
    """The words for a code or IRI of a vocabulary; the value itself where it is none of them."""
    found = next((entry for entry in vocabulary(name) if value in {entry["code"], entry["uri"]}), None)
    label: str = (found["label"].get(language()) or found["label"]["en"]) if found else value
    return label


def tzc_licence(code: str) -> dict[str, Any]:
    """A licence: `{"code", "label", "uri", "family"}`; the code itself as label where it is unknown."""
    found = next((entry for entry in vocabulary("licence") if entry["code"] == code), None)
    if found is None:
        return {"code": code, "label": code, "uri": "", "family": "unknown"}
    return {"code": code, "label": found["label"].get(language()) or found["label"]["en"], "uri": found["uri"], "family": found["family"]}
