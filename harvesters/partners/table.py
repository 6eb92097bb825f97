"""A table of datasets, CSV or XLSX: a row for each, or several rows for one with several files. The source's mapping, and its configuration, say which column is what."""
from __future__ import annotations

import csv
import io
import itertools
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from tzc.catalogue import addresses
from tzc.tables import workbook
from tzc.tables.errors import Refused

from .. import words
from ..base import Harvester, Source
from ..http import Answer, Client, FetchError
from ..listing import once
from ..record import Item, Period, Record, RecordError
from ..themes import themes
from .columns import FIELDS, compared, places
from .rest import Notes, agent, lines, opened, web, written

CONFIDENTIAL = "confidential"
LEVELS = {
    **dict.fromkeys(("open", "ouvert", "ouverte", "libre", "public", "publique", "pour tous"), "open"),
    **dict.fromkeys(("registered", "inscription", "sur inscription", "avec un compte", "with an account"), "registered"),
    **dict.fromkeys(("restricted", "restreint", "restreinte", "sur demande", "on request"), "restricted"),
    **dict.fromkeys(("confidential", "confidentiel", "confidentielle", "prive", "privee", "private", "non public"), CONFIDENTIAL),
}
"""Words for who may have the data, in small letters without accents: those of the portal's own pages among them."""

FIRST_ROWS, LONGEST_CELL = 40, 2000
"""Rows that are kept to choose the columns by, and characters of a cell of those."""

MOST_ROWS = 100_000
LIMITS = workbook.Limits(size=200 * 2**20, rows=2**20, columns=2**14, cells=10_000_000)
"""What of a workbook is read at all: no sheet of an XLSX has more rows and columns."""


class Table(Harvester):
    """A table of datasets."""

    settings: ClassVar[Mapping[str, type]] = {**Harvester.settings, "columns": dict, "separator": str, "sheet": str, "encoding": str}

    def fault(self, settings: Mapping[str, Any]) -> str:
        """Whether columns are given to fields that there are, in an encoding that there is."""
        columns = settings.get("columns", {})
        if unknown := [str(field) for field in columns if field not in FIELDS]:
            return f"columns: {', '.join(unknown)}? {', '.join(FIELDS)}"
        if not all(isinstance(column, str) and column for column in columns.values()):
            return 'columns: {"title": "Titre"}'
        try:
            "".encode(settings.get("encoding", "utf-8"))
        except (LookupError, ValueError):
            return "encoding: utf-8, cp1252, …"
        return ""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All rows, by identifier."""
        answer = client.get(source.address)
        rows = _rows(answer, source.settings)
        client.first_rows = beginning(rows)
        return once([_items(rows, answer.shown, source)])

    def parse(self, content: str, source: Source) -> Record:
        """The rows of one dataset."""
        return _read(opened(content), source.settings.get("separator", ";"))

    def record_address(self, source: Source, identifier: str) -> str:
        """The dataset's own address, else the table's."""
        return identifier if addresses.leads_somewhere(identifier) else source.address


def beginning(rows: list[list[str]]) -> list[list[str]]:
    """The header of a table and its first rows, as they are kept to choose the columns by."""
    return [[cell[:LONGEST_CELL] for cell in row] for row in rows[: FIRST_ROWS + 1]]


def sampled(rows: list[list[str]], source: Source, before: Source) -> list[tuple[str, str]]:
    """The records of a table's first rows, and the same rows as they are read by another choice of columns: contents. None where no column is the title."""
    header = rows[0]
    columns, other = places(header, source)[0], places(header, before)[0]
    if "title" not in columns:
        return []
    found, _problems = _grouped(rows, columns)
    return [(_content(identifier, same, header, columns, source), _content(identifier, same, header, other, before)) for identifier, same in found.items()]


def _rows(answer: Answer, settings: Mapping[str, Any]) -> list[list[str]]:
    """The rows of a table, its header first."""
    answer.refuse_page("a table")
    rows = _sheet(answer, settings.get("sheet", "")) if answer.body.startswith(b"PK\x03\x04") else _lines(answer, settings.get("encoding", ""))
    if not rows:
        raise FetchError(f"{answer.shown} holds no table.")
    return rows


def _items(rows: list[list[str]], shown: str, source: Source) -> list[Item]:
    """One for each identifier, with its rows; a row without identifier is known by its title."""
    header = rows[0]
    columns, missing = places(header, source)
    if missing:
        raise FetchError(f"The table has no column {', '.join(missing)[:200]}; it has: {', '.join(header)[:300]}.", "table_columns")
    if "title" not in columns:
        raise FetchError(f"The table at {shown} has no column for the title; it has: {', '.join(header)[:300]}.", "table_columns")
    found, problems = _grouped(rows, columns)
    return [*problems, *(Item(identifier, _content(identifier, same, header, columns, source)) for identifier, same in found.items())]


def _grouped(rows: list[list[str]], columns: Mapping[str, int]) -> tuple[dict[str, list[list[str]]], list[Item]]:
    """The rows of each dataset by its identifier, and those of none, as problems to tell of."""
    header = rows[0]
    found: dict[str, list[list[str]]] = {}
    problems: list[Item] = []
    if len(rows) > MOST_ROWS + 1:
        problems.append(Item(problem=f"The table has more than {MOST_ROWS} rows; what stands below is not read.", cause="too_large"))
    for number, row in enumerate(rows[1 : MOST_ROWS + 1], 2):
        if not any(row):
            continue
        if len(row) < len(header):
            problems.append(Item(problem=f"Row {number} has {len(row)} cells where the header has {len(header)}: the table is cut off or broken.", cause="broken_record"))
        elif identifier := row[columns.get("identifier", columns["title"])][:300]:
            found.setdefault(identifier, []).append(row)
        else:
            problems.append(Item(problem=f"Row {number} has no identifier: {', '.join(row)[:100]}"))
    return found, problems


def _content(identifier: str, rows: list[list[str]], header: list[str], columns: Mapping[str, int], source: Source) -> str:
    """What is kept of a dataset: its cells by field, and the columns that nobody understood or chose to leave out."""
    decided = {compared(column) for column in source.columns}
    unread = [name for place, name in enumerate(header) if name and place not in columns.values() and compared(name) not in decided]
    cells = [{field: row[place] for field, place in columns.items() if row[place]} for row in rows]
    return written({"identifier": identifier, "rows": cells, **({"unread": unread} if unread else {})})


def _lines(answer: Answer, encoding: str) -> list[list[str]]:
    """A CSV, by the separator that its header has most of. What is not UTF-8 is what Excel writes here."""
    for name in [encoding] if encoding else ["utf-8-sig", "cp1252"]:
        try:
            text = answer.body.decode(name)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise FetchError(f"{answer.shown} is in an encoding that is not known. Name it in the configuration: {{\"encoding\": \"…\"}}.", "encoding")
    if "\x00" in text:
        raise FetchError(f"{answer.shown} is neither a CSV nor an XLSX.")
    # a cell may be as long as the answer; what is too long for a dataset is cut off there
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    first = text.lstrip().partition("\n")[0]
    try:
        read = list(itertools.islice(csv.reader(io.StringIO(text), delimiter=max(";,\t|", key=first.count), strict=True), MOST_ROWS + 2))
    except csv.Error as error:
        raise FetchError(f"{answer.shown} is a broken or cut off CSV: {error}", "cut_off") from error
    return _tidy(read)


def _sheet(answer: Answer, wanted: str) -> list[list[str]]:
    """A sheet of an XLSX: the named, else the first."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(answer.body))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FetchError(f"{answer.shown} is a broken or cut off XLSX: {str(error)[:200]}", "cut_off") from error
    if sum(entry.file_size for entry in packed.infolist()) > LIMITS.size:
        raise _refused(answer, Refused("too_big", have=0, most=0))
    if "xl/workbook.xml" not in packed.namelist():
        raise FetchError(f"{answer.shown} is no XLSX.")
    with tempfile.TemporaryDirectory(prefix="tzc-table-") as folder:
        file = Path(folder) / "book.xlsx"
        file.write_bytes(answer.body)
        try:
            return _tidy(list(itertools.islice(workbook.read(file, Path(folder) / "rows", LIMITS, named=wanted).rows(), MOST_ROWS + 2)))
        except Refused as refusal:
            raise _refused(answer, refusal, wanted) from refusal


def _refused(answer: Answer, refusal: Refused, wanted: str = "") -> FetchError:
    """Why a workbook is not read."""
    if refusal.code == "no_sheet":
        return FetchError(f"The workbook has no sheet {wanted}; it has: {refusal.parameters['have']}.", "configuration")
    if refusal.code == "workbook":
        return FetchError(f"{answer.shown} is a broken or cut off XLSX: {refusal.parameters['detail']}", "cut_off")
    if refusal.code == "too_big":
        return FetchError(f"{answer.shown} is larger than {LIMITS.size // 2**20} MB when it is unpacked.", "too_large")
    if refusal.code == "memory":
        return FetchError(f"{answer.shown} needs more memory or time than a workbook may take.", "too_large")
    return FetchError(f"{answer.shown} has a sheet of more than {LIMITS.cells} cells, empty ones between others included.", "too_large")


def _tidy(rows: list[list[str]]) -> list[list[str]]:
    """Rows from the header on, without what stands beyond it."""
    kept = [[words.text(cell) for cell in row] for row in rows[: MOST_ROWS + 2]]
    while kept and not any(kept[0]):
        kept.pop(0)
    return kept


def _several(cell: str, separator: str) -> list[str]:
    return [said for part in cell.split(separator) if (said := words.line(part))]


def _keywords(cell: str, separator: str) -> list[str]:
    """No keyword has a comma: where nothing else stands between them, that does."""
    return _several(cell, separator if separator in cell else ",")


def _read(entry: Mapping[str, Any], separator: str) -> Record:
    note = Notes()
    rows = [row for row in entry.get("rows") or [] if isinstance(row, dict)] if isinstance(entry.get("rows"), list) else []
    cells: dict[str, str] = {}
    for row in rows:
        cells = {**{field: words.text(value) for field, value in row.items()}, **cells}
    identifier, title = words.line(entry.get("identifier")), words.line(cells.get("title"))
    if not identifier or not title:
        raise RecordError(f"The record has no {'title' if identifier else 'identifier'}.", "no_title" if identifier else "no_identifier")

    def several(field: str) -> list[str]:
        return _several(cells.get(field, ""), separator or ";")

    for column in lines(entry.get("unread")):
        note("column of the table not understood", column)
    level = LEVELS.get(words.plain(words.line(cells.get("access"))))
    if level == CONFIDENTIAL:
        raise RecordError("The dataset is confidential in its catalogue.", "withheld")
    if cells.get("access") and not level:
        note("access level not understood: restricted is taken", cells["access"])
    licence, stated = note.licence(cells.get("licence"))
    subjects = several("themes")
    period = Period(note.date(cells.get("start")), note.date(cells.get("end")))
    files = [note.resource(row["file_url"], row.get("file_title") or title, form=row.get("file_format")) for row in rows if row.get("file_url")]
    return Record(
        identifier=identifier,
        title=title,
        description=note.text(cells.get("description")),
        address=next(iter(web(cells.get("page"))), ""),
        keywords=note.keywords([*_keywords(cells.get("keywords", ""), separator or ";"), *(word for word in subjects if not themes((), [word], [word]))]),
        themes=note.themes(subjects),
        licence=licence,
        licence_stated=stated,
        access=level or ("restricted" if cells.get("access") else "open"),
        publisher=agent(cells.get("publisher")),
        contact=agent(cells.get("contact_name"), cells.get("contact_email")),
        issued=note.date(cells.get("issued")),
        modified=note.date(cells.get("modified")),
        languages=note.known("language", words.language, several("language")),
        frequency=next(iter(note.known("frequency", words.frequency, cells.get("frequency"))), ""),
        communes=tuple(code for code in several("communes") if re.fullmatch(r"\d[\dAB]\d{3}", code)),
        places=tuple(several("place")),
        periods=(period,) if period != Period() else (),
        provenance=words.text(cells.get("provenance")),
        documentation=web(several("documentation")),
        resources=tuple(file for file in files if file),
        notes=tuple(note.found),
    )
