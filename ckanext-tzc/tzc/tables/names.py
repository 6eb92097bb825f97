"""Names of columns that PostgreSQL and the DataStore take."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LONGEST = 63
"""Bytes of UTF-8 in a PostgreSQL identifier."""

_DATA = re.compile(r"[+-]?\d+([.,]\d+)?|\d{4}-\d{2}-\d{2}.*|\d{2}/\d{2}/\d{4}.*")


_YEAR = re.compile(r"(19|20)\d\d")


def column_names(headers: Sequence[str]) -> list[str]:
    """One name a header, in the same order: trimmed, without control characters or double quotes, not empty, not
    beginning with an underscore, at most 63 bytes, and unique whatever the letters' case.

    >>> column_names(["Nom ", "", "nom", "_id"])
    ['Nom', 'colonne_2', 'nom_2', 'id']
    """
    names: list[str] = []
    taken: set[str] = set()
    for position, header in enumerate(headers, start=1):
        wanted = _cut(_plain(header), LONGEST) or f"colonne_{position}"
        name, number = wanted, 1
        while name.casefold() in taken:
            number += 1
            suffix = f"_{number}"
            name = _cut(wanted, LONGEST - len(suffix)) + suffix
        taken.add(name.casefold())
        names.append(name)
    return names


def looks_like_data(headers: Sequence[str]) -> bool:
    """Whether a first row is data rather than a header: every cell that is filled is a number or a date."""
    filled = [header.strip() for header in headers if header.strip()]
    return bool(filled) and all(_DATA.fullmatch(header) for header in filled)


def header_position(rows: Sequence[Sequence[str]]) -> int:
    """Which of a sheet's first rows is its header: the first of which most cells are filled, when only titles stand above it.

    >>> header_position([["Rapport annuel", "", ""], ["commune", "annee", "total"], ["Aytré", "2025", "3"]])
    1
    >>> header_position([["commune", "", ""], ["Aytré", "2025", "3"]])
    0
    """
    for position, row in enumerate(rows[:-1]):
        filled = [value.strip() for value in row if value.strip()]
        if len(filled) * 2 > len(row):
            # a row with numbers is data below a header with gaps
            return 0 if any(_DATA.fullmatch(value) and not _YEAR.fullmatch(value) for value in filled) or len(set(filled)) < len(filled) else position
    return 0


def _plain(header: str) -> str:
    kept = "".join(" " if character in "\t\n\r" else character for character in header if character in "\t\n\r" or not unicodedata.category(character).startswith("C"))
    # percent signs and colons are placeholders to the layers below, double quotes end a name in SQL
    return " ".join(kept.replace('"', "").replace("%", "pct").replace(":", " ").split()).lstrip("_ ").rstrip()


def _cut(name: str, most: int) -> str:
    return name.encode("utf-8")[:most].decode("utf-8", errors="ignore").rstrip()
