"""The state of a table in the reader's words."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from tzc.tables.display import shown


def number(value: int) -> str:
    """A number as the reader's language groups it."""
    return shown(value, "bigint", "", tk.h.lang())


def rows_in_words(rows: int, columns: int) -> str:
    """Such as “1,204 rows, 7 columns”."""
    return ", ".join(
        [
            tk.ungettext("%(number)s row", "%(number)s rows", rows, number=number(rows)),
            tk.ungettext("%(number)s column", "%(number)s columns", columns, number=number(columns)),
        ]
    )


def sentence(status: dict[str, Any]) -> str:
    """One sentence on a state, as `{"state", "rows", "columns", "reason", "parameters"}`: what happened and what to do."""
    state = status["state"]
    if state == "waiting":
        return tk._("The table is waiting to be loaded.")
    if state == "loading":
        return tk._("The table is being loaded.")
    if state == "loaded":
        return rows_in_words(status.get("rows") or 0, status.get("columns") or 0)
    return reason(status.get("reason") or "internal", status.get("parameters") or {})


def mending(code: str) -> str:
    """What the owner of a refused file can do."""
    if code == "internal":
        return tk._("The file is kept and can be downloaded. Try again later, or tell the portal's team.")
    if code in {"json", "not_geojson"}:
        return tk._("The file is kept and can be downloaded. Mend it and upload it again to see it on a map.")
    return tk._("The file is kept and can be downloaded. Mend it and upload it again to see it as a table.")


def reason(code: str, parameters: dict[str, Any]) -> str:
    """Why there is no table."""
    told = {name: number(value) if isinstance(value, int) and not isinstance(value, bool) else value for name, value in parameters.items()}
    told = {"number": "?", "found": "?", "row": "?", "column": "?", "have": "?", "want": "?", "most": "?", "detail": "", **told}
    for size in ("have", "most"):
        if code == "too_big" and isinstance(parameters.get(size), int):
            told[size] = tk.h.localised_filesize(parameters[size])
    if code == "not_geojson":
        return str(_geojson_faults().get(parameters.get("fault", ""), tk._("The file is not GeoJSON."))) % told
    return str(_reasons().get(code, _reasons()["internal"])) % told


def _geojson_faults() -> dict[str, str]:
    return {
        "object": tk._("The file is not GeoJSON: it should be one object, between braces."),
        "list": tk._("The file is not GeoJSON: its “features” should be a list, between brackets."),
        "type": tk._("The file is not GeoJSON: its “type” is %(found)s, where “FeatureCollection” is expected."),
        "feature": tk._("The file is not GeoJSON: its feature number %(number)s is none."),
        "geometry": tk._("Feature number %(number)s has a geometry of a type that GeoJSON does not know."),
        "point": tk._("Feature number %(number)s is a point without longitude and latitude."),
        "degrees": tk._(
            "Feature number %(number)s lies at %(found)s: these are no degrees. "
            "GeoJSON is written in longitude and latitude (WGS 84), not in Lambert-93: export the file again in WGS 84 (EPSG:4326)."
        ),
    }


def _reasons() -> dict[str, str]:
    return {
        "too_many_columns": tk._("Row %(row)s: %(have)s columns instead of %(want)s."),
        "missing_columns": tk._("Row %(row)s: %(have)s columns instead of %(want)s."),
        "quote": tk._("Row %(row)s, column %(column)s: a quotation mark is never closed, or is followed by other characters."),
        "line_too_long": tk._("Row %(row)s: longer than %(most)s characters."),
        "nul": tk._("Row %(row)s: it holds a character that is no text (NUL)."),
        "encoding": tk._("Row %(row)s: its characters are neither UTF-8 nor Windows-1252. Save the file as UTF-8."),
        "malformed": tk._("Row %(row)s cannot be read: %(detail)s"),
        "empty": tk._("The file is empty."),
        "no_rows": tk._("The file has no rows below its header."),
        "html": tk._("The file is a web page, not a table."),
        "binary": tk._("The file does not hold text: its format is not the one that was given."),
        "workbook": tk._(
            "The workbook cannot be opened: it is damaged, protected by a password, or of another format than its name says. "
            "Open it in your spreadsheet program and save it again as XLSX."
        ),
        "no_sheet": tk._("No sheet of the workbook has a header and rows."),
        "too_many_cells": tk._("A sheet has more than %(most)s cells, empty ones between others included. Delete what stands far out in it, and save it again."),
        "memory": tk._("The workbook needs more memory or time than one may take. Save its sheet as CSV."),
        "json": tk._("Line %(row)s, column %(column)s: this is not JSON any more. A comma, bracket or quotation mark is missing or one too many, here or just before."),
        "too_big": tk._("The file is too large to be shown as a table: %(have)s, where %(most)s is the most."),
        "too_many_rows": tk._("The table has more than %(most)s rows, which is the most that is shown."),
        "too_wide": tk._("The table has %(have)s columns, where %(most)s is the most."),
        "missing_file": tk._("The file is no longer there. Upload it again."),
        "internal": tk._("The portal could not load the file."),
        "remote": tk._("The file lies elsewhere: it is not shown as a table here."),
        "not_a_table": tk._("The file is not a table."),
        "api": tk._("The table is filled through the API."),
    }
