"""What fields of harvested datasets and parts of mappings say, in the reader's words: no codes, no addresses of vocabularies, no JSON."""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory, text
from ckanext.tzc.harvesters.licences import UNSTATED

from . import mappings

LISTS = {
    "license_id": "licence", "licence": "licence", "theme": "data-theme", "language": "language", "frequency": "frequency", "access_level": "access-level",
    "hvd_category": "hvd-category",
}  # fmt: skip
"""Vocabularies by the names of the fields, in datasets and in mappings."""


def said(field: str, value: Any) -> str:
    """What a field says; `value` is the field's, or the same written as JSON. What is no code of ours stays as it is."""
    if isinstance(value, str):
        value = _read(value)
    if isinstance(value, bool):
        return str(tk._("Yes") if value else tk._("No"))
    if isinstance(value, list):
        return ", ".join(filter(None, (said(field, one) for one in value)))
    if isinstance(value, dict):
        return ", ".join(filter(None, (said(name, one) for name, one in value.items())))
    return _entry(field, "" if value is None else str(value))


def _read(value: str) -> Any:
    """A list or an object that was written as JSON; other texts, and what was cut off, as they are."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _entry(field: str, code: str) -> str:
    """What one code is called."""
    if field == "axis":
        return next((str(text(axis.title)) for axis in territory().axes if axis.id == code), code)
    if field in {"commune", "communes"}:
        return territory().commune_names.get(code, code)
    return mappings.label(LISTS[field], code) if field in LISTS else code


def of_new(new: Mapping[str, Any]) -> list[str]:
    """Licence, axes and files of a dataset that a plan would create (see `engine.telling`), and what of these is missing."""
    licence, axes = (said(field, new[name]) for field, name in (("license_id", "licence"), ("axis", "axis")))
    formats = [str(name) for name in dict.fromkeys(filter(None, new["formats"]))]
    files = str(tk.ungettext("%(num)d file", "%(num)d files", new["files"])) % {"num": new["files"]} if new["files"] else str(tk._("no file"))
    return [
        f"{tk._('Licence')}{tk._(': ')}{licence}" if new["licence"] not in {"", UNSTATED} else str(tk._("no licence")),
        f"{tk._('Axes')}{tk._(': ')}{axes}" if axes else str(tk._("no axis")),
        f"{files}{tk._(': ')}{', '.join(formats)}" if formats else files,
    ]


def part(name: str) -> str:
    """What a part of a mapping is called."""
    words = {
        "licence": tk._("Licence"), "theme": tk._("Themes"), "axis": tk._("Axes"), "commune": tk._("Communes"), "communes": tk._("Communes"), "publisher": tk._("Publisher"),
        "language": tk._("Languages"), "format": tk._("Formats"), "frequency": tk._("How often it changes"), "access_level": tk._("Access"), "contact": tk._("Contact"),
        "name": tk._("Name"), "email": tk._("E-mail"), "url": tk._("Web address"), "allowed": tk._("Do its datasets go on to national portals from here?"), "why": tk._("Why"),
        "publishers": tk._("Only of these publishers"), "tags": tk._("Only with one of these keywords"), "without_tags": tk._("None with one of these keywords"),
    }  # fmt: skip
    return str(words.get(name, name))
