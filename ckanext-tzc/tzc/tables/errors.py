"""Why a file is not loaded.

    TableError
    ├── Refused    the file should be a table and is not one that can be loaded: its owner has something to mend
    └── Skipped    the file is no table (a PDF, an image, a link): nothing is wrong

Each holds a `code` (see `CODES`) and `parameters` for the words, which the upper floor says in the reader's language.
"""
from __future__ import annotations

from collections.abc import Mapping

Parameter = str | int

CODES: Mapping[str, str] = {
    "too_many_columns": "Row %(row)s: %(have)s columns instead of %(want)s.",
    "missing_columns": "Row %(row)s: %(have)s columns instead of %(want)s.",
    "quote": "Row %(row)s, column %(column)s: a quotation mark is never closed, or is followed by other characters.",
    "line_too_long": "Row %(row)s: longer than %(most)s characters.",
    "nul": "Row %(row)s: it holds a NUL character.",
    "encoding": "Row %(row)s: characters that are neither UTF-8 nor Windows-1252.",
    "malformed": "Row %(row)s: %(detail)s",
    "empty": "The file is empty.",
    "no_rows": "The file has a header and no rows.",
    "html": "The file is a web page, not a table.",
    "binary": "The file does not hold text.",
    "workbook": "The workbook cannot be opened: %(detail)s",
    "no_sheet": "No sheet of the workbook has a header and rows.",
    "too_many_cells": "A sheet has more than %(most)s cells, empty ones between others included.",
    "memory": "The workbook needs more memory or time than one may take.",
    "json": "Line %(row)s, column %(column)s: this is not JSON (%(detail)s).",
    "not_geojson": "The file is JSON but not GeoJSON: %(detail)s",
    "too_big": "The file has %(have)s bytes; at most %(most)s are loaded.",
    "too_many_rows": "The table has more than %(most)s rows.",
    "too_wide": "The table has %(have)s columns; at most %(most)s are loaded.",
    "missing_file": "The file is not there.",
    "internal": "The portal could not load the file.",
    "remote": "The file lies elsewhere.",
    "not_a_table": "The file is not a table.",
    "api": "The table is filled through the API.",
}
"""Every code, with an English sentence for logs."""

EXCERPT = 120
"""Characters of a faulty row that are shown."""


class TableError(Exception):
    """A file that is not loaded, and why. Raises KeyError when the code is not one of `CODES`."""

    def __init__(self, code: str, **parameters: Parameter) -> None:
        self.code = code
        self.parameters = parameters
        super().__init__(CODES[code] % parameters)


class Refused(TableError):  # noqa: N818 -- it reads as what happened
    """The file's owner has something to mend."""


class Skipped(TableError):  # noqa: N818 -- as above
    """Not a table; nothing is wrong."""


def excerpt(line: str) -> str:
    """The beginning of a faulty row: one line, at most `EXCERPT` characters, without control characters."""
    plain = "".join(character if character.isprintable() else " " for character in line[: EXCERPT * 2]).strip()
    return plain if len(plain) <= EXCERPT else f"{plain[: EXCERPT - 1]}…"
