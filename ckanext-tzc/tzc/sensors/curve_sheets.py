"""Files of customer accounts as rows of texts, whatever they are written in: CSV of any usual delimiter and encoding, or a workbook with all its sheets; and what is kept of
them.
"""
from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
from collections.abc import Collection, Sequence
from typing import Any

from . import meters, workbooks
from .faults import BatchError

Sheets = list[list[str]]

NEXT = ["\f"]
"""The row between two sheets."""

MOST_SHEETS = 12
WORKBOOK = b"PK\x03\x04"
"""How a workbook begins."""

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How text in UTF-16 begins, where it says so."""


def rows(body: bytes) -> Sheets:
    """The rows of a file, sheet after sheet. Raises BatchError."""
    if body.startswith(WORKBOOK):
        return _workbook(body)
    if not body.startswith(UTF_16) and b"\0" in body[:4000]:
        raise BatchError("kind")
    text = _decoded(body)
    head = text[:2000]
    delimiter = max(";\t,", key=head.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BatchError("broken") from error


def _decoded(body: bytes) -> str:
    if body.startswith(UTF_16):
        # a spreadsheet's “Unicode text”
        return body.decode("utf-16", errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def kept(body: bytes, read: Sheets, used: Collection[int], number: str) -> bytes:
    """What is kept of a file, from which it can be read again: with the number of the meter covered. Of a workbook, in which nothing can be covered, the rows that were `used`,
    as CSV: those of its other rows say whose home it is.
    """
    if body.startswith(UTF_16):
        # the number is not found among bytes of two a sign
        return meters.masked(_decoded(body).encode(), number)
    if not body.startswith(WORKBOOK):
        return meters.masked(body, number)
    places = set(used)
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(row if place in places or row == NEXT else () for place, row in enumerate(read[1:], 1))
    # in place of the first row, so that what is read again finds its delimiter however the rows begin
    return meters.masked(f";;;;\n{text.getvalue()}".encode(), number)


def _workbook(body: bytes) -> Sheets:
    from python_calamine import CalamineError, CalamineWorkbook

    workbooks.look(body)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        sheets = [book.get_sheet_by_index(place).to_python() for place in range(min(len(book.sheet_names), MOST_SHEETS))]
    except (CalamineError, ValueError, IndexError, OSError) as error:
        raise BatchError("broken") from error
    # a first row of its own, as what is kept has one
    found: Sheets = [[]]
    for sheet in sheets:
        found += [NEXT, *([_text(cell) for cell in row] for row in sheet)]
    return found


def _text(cell: Any) -> str:
    if isinstance(cell, (dt.date, dt.datetime)):
        return cell.isoformat()
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def label(cell: str) -> bool:
    """Whether a cell says what the next one is."""
    return cell.rstrip().endswith(":")


def after(row: Sequence[str], place: int) -> tuple[int, str]:
    """Where the next cell stands that says something, and what it says; empty before another label."""
    for at in range(place + 1, len(row)):
        if row[at].strip():
            return (at, "") if label(row[at]) else (at, row[at].strip())
    return len(row), ""
