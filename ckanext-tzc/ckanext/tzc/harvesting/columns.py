"""The columns of a source that is a table: which field of a dataset each fills, as a form asks it. What is chosen is a part of the source's mapping (`columns`)."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.partners.columns import compared, filled, places
from werkzeug.datastructures import MultiDict

from . import sources
from .engine import store

KIND = "tzc_table"

EXAMPLES, LONGEST_EXAMPLE = 2, 60
"""Values of a column that are shown, and characters of one."""

LONGEST_NAME = 500
"""Characters of a column's name in a mapping; a column with a longer one is not chosen."""


def has(source_id: str) -> bool:
    """Whether a source is a table of datasets."""
    source = HarvestSource.get(source_id)
    return source is not None and source.type == KIND


def fields() -> dict[str, str]:
    """What a column may fill, by its code, in words."""
    return {
        "identifier": tk._("Identifier"),
        "title": tk._("Title"),
        "description": tk._("Description"),
        "page": tk._("Web page"),
        "keywords": tk._("Keywords"),
        "themes": tk._("Themes"),
        "licence": tk._("Licence"),
        "access": tk._("Access"),
        "publisher": tk._("Publisher"),
        "contact_name": tk._("Contact: name"),
        "contact_email": tk._("Contact: e-mail"),
        "issued": tk._("Published on"),
        "modified": tk._("Changed on"),
        "frequency": tk._("How often it changes"),
        "language": tk._("Languages"),
        "communes": tk._("Communes, by their INSEE codes"),
        "place": tk._("Places"),
        "start": tk._("Period: beginning"),
        "end": tk._("Period: end"),
        "provenance": tk._("Provenance"),
        "documentation": tk._("Documentation"),
        "file_url": tk._("File: address"),
        "file_title": tk._("File: name"),
        "file_format": tk._("File: format"),
    }


def said(field: str) -> str:
    """What a column fills, in words."""
    return fields().get(field, field) if field else str(tk._("not used"))


def _source(source_id: str, chosen: Mapping[str, str]) -> base.Source:
    source = HarvestSource.get(source_id)
    return base.Source(source.url, sources.settings(source.config), chosen)


def of_form(form: MultiDict[str, str], source_id: str, stored: Mapping[str, str]) -> dict[str, str]:
    """What a form chooses. A column that fills what it would fill anyway is not kept; where the form asked for no column, what is `stored`."""
    pairs = dict(zip(form.getlist("columns-name"), form.getlist("columns-field"), strict=False))
    if not pairs:
        return dict(stored)
    usual = filled(list(pairs), _source(source_id, {}))
    return {column: field for column, field in pairs.items() if not field or field != usual.get(column)}


def mistakes(form: MultiDict[str, str]) -> list[str]:
    """What is wrong with what a form chooses, and a mapping alone does not show: no title, or two columns for one field of which one fills it by its name."""
    pairs = dict(zip(form.getlist("columns-name"), form.getlist("columns-field"), strict=False))
    if not pairs:
        return []
    by_field: dict[str, list[str]] = {}
    for column, field in pairs.items():
        by_field.setdefault(field, []).append(column)
    twice = [f"{said(field)}{tk._(': ')}{', '.join(names)}" for field, names in by_field.items() if field and len(names) > 1]
    found = [tk._("One field is filled by one column. %s") % words for words in twice]
    return found if "title" in by_field else [*found, tk._("Choose the column that holds the title: without it nothing can be read.")]


def shown(source_id: str, chosen: Mapping[str, str]) -> dict[str, Any] | None:
    """What the form is drawn of: `{"columns": [{"name", "field", "examples"}], "fields", "missing", "undecided", "used"}`; None of a source that is no table.

    `columns` are those of the table as it was last read, none before it was; `missing` those that are named and are not there any more; `undecided` those of which nobody has said
    what they are, and whose names say nothing; `used` how many fill a field.
    """
    if not has(source_id):
        return None
    rows = store.first_rows(source_id)
    if not rows:
        return {"columns": [], "fields": fields(), "missing": [], "undecided": [], "used": 0}
    header, source = rows[0], _source(source_id, chosen)
    said_of = {compared(name) for name in chosen}
    found = {name: field for name, field in filled(header, source).items() if len(name) <= LONGEST_NAME}
    columns = [{"name": name, "field": field, "examples": _examples(rows, header.index(name))} for name, field in found.items()]
    undecided = [name for name, field in found.items() if not field and compared(name) not in said_of]
    return {"columns": columns, "fields": fields(), "missing": places(header, source)[1], "undecided": undecided, "used": sum(bool(field) for field in found.values())}


def _examples(rows: list[list[str]], place: int) -> list[str]:
    """The first values of a column, short."""
    values = dict.fromkeys(row[place] for row in rows[1:] if place < len(row) and row[place])
    return [value if len(value) <= LONGEST_EXAMPLE else f"{value[:LONGEST_EXAMPLE]}…" for value in list(values)[:EXAMPLES]]
