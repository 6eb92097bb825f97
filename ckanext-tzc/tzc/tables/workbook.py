"""Workbooks of strangers (XLSX, XLSB, XLS, ODS), read in a process of their own: `python -m tzc.tables.workbook`, which `tzc.apart` asks.

What reads a sheet keeps a place for each cell up to its last one, however few are filled, and ends its process where it has none. So what a workbook says of its size is looked at
first, where it is written as text; whatever else it does, its process may take so much memory and time.
"""
from __future__ import annotations

import dataclasses
import functools
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tzc import apart

from .errors import Refused

MEMORY, SECONDS = 1024 * apart.MEGABYTE, 300.0
"""Bytes and seconds for one workbook."""

CELLS = 20_000_000
"""Cells of a sheet, empty ones between others included: what fits into that memory."""

CELL = re.compile(rb"<(?:\w+:)?(row|c)\b([^<>]*)>")
PLACE = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Za-z]{0,9})(\d{1,12})["']""")
"""Rows and cells of a sheet, and where they say that they stand."""

UNSTATED = 100
"""Rows without a cell that a reader may count besides."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is read at most: bytes (unpacked), rows and columns of a sheet (and as many blank columns besides), and cells, empty ones between others included."""

    size: int
    rows: int
    columns: int
    cells: int = CELLS


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A sheet: its name, the names of the other visible ones, and its rows in a file, each a line of JSON, a list of texts."""

    name: str
    others: list[str]
    file: Path

    def rows(self) -> Iterator[list[str]]:
        """Its rows, as they stand."""
        with self.file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def read(file: Path, target: Path, limits: Limits, *, named: str | None = None) -> Sheet:
    """Read a sheet into a file: the one that is named (empty: the first), or, without a name, the first visible one with a header and a row, its blank rows left out.

    Raises Refused: `workbook`, `no_sheet` (its parameter `have`: the sheets that there are), `too_big`, `too_many_rows`, `too_wide`, `too_many_cells`, `memory`.
    """
    task = {"file": str(file), "target": str(target), "named": named, "limits": dataclasses.asdict(limits)}
    try:
        told = apart.ask(__name__, task, memory=MEMORY, seconds=SECONDS)
    except apart.EndedError as error:
        raise Refused("workbook", detail="its reader broke off") if error.how == "broken" else Refused("memory") from error
    if "refused" in told:
        raise Refused(told["refused"], **told["parameters"])
    return Sheet(told["name"], told["others"], target)


# in the process


def _work(task: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _read(Path(task["file"]), Path(task["target"]), Limits(**task["limits"]), task["named"])
    except Refused as refusal:
        return {"refused": refusal.code, "parameters": dict(refusal.parameters)}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, CalamineError, OSError, ValueError, IndexError) as error:
        return {"refused": "workbook", "parameters": {"detail": str(error)[:120]}}


def _read(file: Path, target: Path, limits: Limits, named: str | None) -> dict[str, Any]:
    if zipfile.is_zipfile(file):
        _look(file, limits)
    book = CalamineWorkbook.from_path(str(file))
    with target.open("w", encoding="utf-8") as out:
        return _first(book, limits, out) if named is None else _named(book, named, limits, out)


def _look(file: Path, limits: Limits) -> None:
    """Unpack every entry, one at a time: refuse more bytes than are read, and sheets whose last cell lies too far out, wherever they lie."""
    total = 0
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as stream:
                content = stream.read(limits.size - total + 1)
            total += len(content)
            if total > limits.size:
                raise Refused("too_big", have=max(total, sum(one.file_size for one in archive.infolist())), most=limits.size)
            _refuse_far(*extent(content), limits)


def _refuse_far(rows: int, columns: int, limits: Limits) -> None:
    if columns > limits.columns * 2:
        raise Refused("too_wide", have=columns, most=limits.columns)
    if rows > limits.rows + UNSTATED:
        raise Refused("too_many_rows", most=limits.rows)
    if rows * columns > limits.cells:
        raise Refused("too_many_cells", most=limits.cells)


def extent(sheet: bytes) -> tuple[int, int]:
    """Rows and columns of the rectangle around all cells of a sheet of an XLSX; none of what is no sheet."""
    row = column = rows = columns = 0
    for found in CELL.finditer(sheet):
        stated = PLACE.search(found[2])
        if found[1] == b"row":
            row, column = int(stated[2]) if stated else row + 1, 0
        else:
            column = functools.reduce(lambda total, letter: total * 26 + letter - 64, stated[1].upper(), 0) if stated and stated[1] else column + 1
            row = int(stated[2]) if stated and stated[1] else row
        rows, columns = max(rows, row), max(columns, column)
    return rows, columns


def _named(book: CalamineWorkbook, name: str, limits: Limits, out: IO[str]) -> dict[str, Any]:
    if name not in book.sheet_names and (name or not book.sheet_names):
        raise Refused("no_sheet", have=", ".join(book.sheet_names)[:300])
    name = name or book.sheet_names[0]
    _write(out, _rows(book.get_sheet_by_name(name), limits))
    return {"name": name, "others": [other for other in book.sheet_names if other != name]}


def _first(book: CalamineWorkbook, limits: Limits, out: IO[str]) -> dict[str, Any]:
    """The first visible sheet with a header and a row, and the names of the other visible ones."""
    found, others = "", []
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
            continue
        if not found:
            sheet = book.get_sheet_by_name(meta.name)
            count, width = _filled(_rows(sheet, limits))
            if count > 1:
                found = meta.name
                _write(out, ([*row[:width], *[""] * (width - len(row))] for row in _rows(sheet, limits) if any(row)))
                continue
        others.append(meta.name)
    if not found:
        raise Refused("no_sheet", have=", ".join(others)[:300])
    return {"name": found, "others": others}


def _rows(sheet: CalamineSheet, limits: Limits) -> Iterator[list[str]]:
    """Its rows as texts. What of other formats than XLSX is too large is known by now."""
    _refuse_far(sheet.total_height, sheet.total_width, limits)
    return ([text(value) for value in row] for row in sheet.iter_rows())


def _filled(rows: Iterator[list[str]]) -> tuple[int, int]:
    """How many rows hold something, and how many columns up to the last one that does."""
    count = width = 0
    for row in rows:
        last = next((position for position in range(len(row), 0, -1) if row[position - 1]), 0)
        count, width = count + bool(last), max(width, last)
    return count, width


def _write(out: IO[str], rows: Iterator[list[str]]) -> None:
    for row in rows:
        out.write(json.dumps(row) + "\n")


def text(value: Any) -> str:
    """A cell as text; a whole number without a fraction, a date as ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep="T", timespec="seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).replace("\x00", "").replace("\r\n", "\n")


if __name__ == "__main__":
    apart.answer(_work)
