"""Reading an uploaded file: any source becomes one plain text (UTF-8, `\\n`), which DuckDB reads whole, row by row.

A file is data: no cell is run, and DuckDB reaches nothing but the load's own temporary folder.
"""
from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import duckdb

from tzc.tables import content, dialect, geojson, workbook
from tzc.tables.content import Source
from tzc.tables.errors import Refused, Skipped, excerpt
from tzc.tables.kinds import Decision, Form, Kind, Statistics, decide
from tzc.tables.names import column_names, header_position, looks_like_data

CHUNK = 1024 * 1024
LONGEST_LINE = 2_000_000
"""Characters of one line of a delimited text, beyond which something is wrong with it."""
SAMPLE = 256 * 1024
FIRST_LINES = 15
"""Rows of a sheet among which its header is looked for."""
FIRST_ROWS = 1000
"""Rows by which forms that no column can have are ruled out before all rows are counted."""
BATCH = 40
"""Columns counted in one query."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is loaded at most: bytes (unpacked), bytes of GeoJSON, rows, columns; and DuckDB's memory, such as `512MB`."""

    size: int
    geojson: int
    rows: int
    columns: int
    memory: str


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: its name in the DataStore, the header as written, and how its values are read."""

    name: str
    header: str
    decision: Decision


@dataclasses.dataclass(frozen=True)
class Read:
    """A file that was read whole: its columns, the number of rows, what a map is drawn from, remarks, and the rows as CSV.

    Remarks: `sheet` and `other_sheets` of a workbook, and `above`, the title that stands above its header; `universal`, the columns whose moments had a zone and are now in UTC.

    `rows_file` holds the rows as PostgreSQL's COPY takes them: nothing for NULL, everything else in double quotes.
    """

    columns: list[Column]
    count: int
    geometry: dict[str, str] | None
    notes: dict[str, Any]
    rows_file: Path


@dataclasses.dataclass(frozen=True)
class _Text:
    path: Path
    delimiter: str
    headers: list[str]
    names: list[str]
    skipped: int
    has_header: bool
    longest: int
    as_text: frozenset[str] = frozenset()
    geometry: dict[str, str] | None = None
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)


def read(file: Path, declared: str, folder: Path, limits: Limits) -> Read:
    """Read a file declared as `declared` (a format), with temporary files in `folder` (the caller removes it).

    Raises `tzc.tables.errors.Refused` when the file is a broken table, `Skipped` when it is none.
    """
    with file.open("rb") as stream:
        source = content.source(stream.read(content.HEAD), declared)
    size = file.stat().st_size
    most = limits.geojson if source is Source.GEOJSON else limits.size
    if size > most:
        raise Refused("too_big", have=size, most=most)
    prepare = {Source.DELIMITED: _delimited, Source.WORKBOOK: _workbook, Source.GEOJSON: _geojson}[source]
    text = prepare(file, declared, folder, limits)
    if len(text.headers) > limits.columns:
        raise Refused("too_wide", have=len(text.headers), most=limits.columns)
    return _columns(text, folder, limits)


# delimited text


def _delimited(file: Path, declared: str, folder: Path, limits: Limits) -> _Text:
    plain = folder / "plain.txt"
    longest = _plain_text(file, plain)
    with plain.open(encoding="utf-8", newline="") as stream:
        sample = stream.read(SAMPLE)
        complete = not stream.read(1)
    skipped = len(sample) - len(sample.lstrip("\n"))
    if not sample.strip():
        raise Refused("empty")
    delimiter = dialect.separator(sample[skipped:], complete)
    try:
        first = dialect.header(sample[skipped:], delimiter)
    except csv.Error as error:
        raise Refused("quote", row=skipped + 1, column=1, excerpt=excerpt(sample[skipped:])) from error
    has_header = not looks_like_data(first)
    headers = first if has_header else [""] * len(first)
    return _Text(plain, delimiter, headers, column_names(headers), skipped, has_header, longest)


def _encodings(file: Path) -> list[str]:
    """The encodings to try, in this order."""
    with file.open("rb") as stream:
        head = stream.read(64 * 1024)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ["utf-32"]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    if len(head) >= 4:
        # without a mark: Latin letters in UTF-16 are every second byte a zero
        zeros = [head[start::2].count(0) / len(head[start::2]) for start in (0, 1)]
        if zeros[1] > 0.7 and zeros[0] < 0.1:
            return ["utf-16-le"]
        if zeros[0] > 0.7 and zeros[1] < 0.1:
            return ["utf-16-be"]
    return ["utf-8-sig", "cp1252"]


def _plain_text(file: Path, target: Path) -> int:
    """Write the file as UTF-8 with `\\n` line ends; the longest line's bytes. Raises Refused (`encoding`, `nul`, `line_too_long`)."""
    line = 1
    for encoding in _encodings(file):
        try:
            return _transcoded(file, target, encoding)
        except _UndecodableError as error:
            line = error.line
    raise Refused("encoding", row=line)


class _UndecodableError(Exception):
    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


def _transcoded(file: Path, target: Path, encoding: str) -> int:
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line, current, longest = 1, 0, 0
    with file.open("rb") as source, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            data = source.read(CHUNK)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise _UndecodableError(line + data[: error.start].count(b"\n")) from error
            if "\x00" in text:
                before, _, after = text.partition("\x00")
                raise Refused("nul", row=line + before.count("\n"), excerpt=excerpt(before.rpartition("\n")[2] + after.partition("\n")[0]))
            pieces = text.split("\n")
            current += len(pieces[0])
            for position, piece in enumerate(pieces):
                current = current if position == 0 else len(piece)
                longest = max(longest, current)
                if current > LONGEST_LINE:
                    raise Refused("line_too_long", row=line + position, most=LONGEST_LINE, excerpt=excerpt(piece[:1000]))
            line += len(pieces) - 1
            out.write(text)
            if not data:
                return longest * 4


# workbooks


def _workbook(file: Path, declared: str, folder: Path, limits: Limits) -> _Text:
    sheet = workbook.read(file, folder / "sheet.txt", workbook.Limits(limits.size, limits.rows, limits.columns))
    rows = sheet.rows()
    first = list(islice(rows, FIRST_LINES))
    start = header_position(first)
    above = " – ".join(value for row in first[:start] for value in row if value)
    headers, body = first[start], first[start + 1 :]
    if looks_like_data(headers):
        headers, body = [""] * len(headers), first[start:]
    written, longest = _write(folder / "plain.txt", headers, chain(body, rows))
    sheet.file.unlink()
    notes: dict[str, Any] = {"sheet": sheet.name, **({"other_sheets": sheet.others} if sheet.others else {}), **({"above": excerpt(above)} if above else {})}
    return _Text(written, ",", headers, column_names(headers), 0, True, longest, notes=notes)


# GeoJSON


def _geojson(file: Path, declared: str, folder: Path, limits: Limits) -> _Text:
    plain = folder / "decoded.json"
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        _transcoded(file, plain, _encodings(file)[-1])
        text = plain.read_text(encoding="utf-8")
    try:
        parsed = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused("json", row=error.lineno, column=error.colno, detail=error.msg, excerpt=excerpt(_line(text, error.lineno, error.colno))) from error
    except RecursionError as error:
        raise Refused("not_geojson", detail="it is nested too deeply") from error
    try:
        flat = geojson.flatten(parsed)
    except Refused as refusal:
        if refusal.code == "not_geojson" and declared.lower() in content.JSON:
            raise Skipped("not_a_table") from refusal
        raise
    written, longest = _write(folder / "plain.txt", flat.headers, flat.rows)
    return _Text(written, ",", flat.headers, flat.names, 0, True, longest, frozenset({geojson.GEOMETRY}), {"geometry": geojson.GEOMETRY})


def _no_constant(name: str) -> None:
    """NaN and infinities are no JSON; they are left out."""


def _line(text: str, line: int, column: int) -> str:
    whole = text.split("\n", line)[line - 1]
    return whole[max(0, column - 60) : column + 60]


def _write(target: Path, headers: list[str], rows: Iterable[list[str]]) -> tuple[Path, int]:
    """Write rows as a delimited text; its path and the longest row's bytes."""
    longest = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(_Measured(out), quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row in chain([headers], rows):
            longest = max(longest, writer.writerow(row))
    return target, longest * 4


@dataclasses.dataclass
class _Measured:
    """`write` gives the number of characters, which the csv module hands on."""

    out: TextIO

    def write(self, text: str) -> int:
        return self.out.write(text.replace("\r\n", "\n").replace("\r", "\n"))


# DuckDB


def _columns(text: _Text, folder: Path, limits: Limits) -> Read:
    connection = duckdb.connect(str(folder / "table.duckdb"), config={"memory_limit": limits.memory, "threads": "2", "temp_directory": str(folder / "spill")})
    try:
        # the file may name nothing outside this folder, nor undo this
        connection.execute(f"SET allowed_directories=[{_literal(str(folder))}]")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        _load(connection, text, limits)
        count = _count(connection)
        if count > limits.rows:
            raise Refused("too_many_rows", most=limits.rows)
        if not count:
            raise Refused("no_rows")
        columns = [
            Column(name, header or name, decision)
            for name, header, decision in zip(text.names, text.headers, _decisions(connection, text), strict=True)
        ]
        rows_file = folder / "rows.csv"
        values = ", ".join(_value(f"c{position}", column.decision) for position, column in enumerate(columns))
        connection.execute(f"COPY (SELECT {values} FROM plain) TO {_literal(str(rows_file))} (FORMAT csv, HEADER false, FORCE_QUOTE *)")  # noqa: S608 -- made of our own names
    finally:
        connection.close()
    universal = [column.name for column in columns if column.decision.form is Form.TIME_ZONED]
    notes = {**text.notes, **({"universal": universal} if universal else {})}
    return Read(columns, count, text.geometry or _places(columns), notes, rows_file)


def _load(connection: duckdb.DuckDBPyConnection, text: _Text, limits: Limits) -> None:
    """Read the text into the table `plain` (c0, c1, …: text, empty is NULL). Raises Refused for its first malformed row."""
    definition = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(text.headers)))
    longest = max(text.longest, LONGEST_LINE)
    source = (
        f"read_csv({_literal(str(text.path))}, auto_detect=false, delim={_literal(text.delimiter)}, quote='\"', escape='\"', new_line='\\n', "
        f"header={'true' if text.has_header else 'false'}, skip={text.skipped}, columns={{{definition}}}, nullstr='', "
        f"strict_mode=true, null_padding=false, store_rejects=true, rejects_limit=20, max_line_size={longest}, buffer_size={max(longest * 2, 16_000_000)})"
    )
    try:
        connection.execute(f"CREATE TABLE plain AS SELECT * FROM {source} LIMIT {limits.rows + 1}")  # noqa: S608 -- values are quoted
    except duckdb.InvalidInputException as error:
        raise Refused("malformed", row=0, detail=str(error).partition("\n")[0][:200]) from error
    first = connection.execute("SELECT line, column_idx, error_type::VARCHAR, csv_line, error_message FROM reject_errors ORDER BY line, column_idx LIMIT 1").fetchone()
    if first:
        raise _malformed(text, *first)


def _malformed(text: _Text, line: int, column: int | None, kind: str, written: str | None, message: str) -> Refused:
    shown = excerpt((written or "").partition("\n")[0])
    if kind in {"TOO MANY COLUMNS", "MISSING COLUMNS"}:
        code = "too_many_columns" if kind == "TOO MANY COLUMNS" else "missing_columns"
        return Refused(code, row=line, have=dialect.cells(written or "", text.delimiter), want=len(text.headers), excerpt=shown)
    if kind == "UNQUOTED VALUE":
        return Refused("quote", row=line, column=column or 1, excerpt=shown)
    if kind == "LINE SIZE OVER MAXIMUM":
        return Refused("line_too_long", row=line, most=LONGEST_LINE, excerpt=shown)
    return Refused("malformed", row=line, detail=message[:200], excerpt=shown)


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM plain").fetchall()[0][0])


def _decisions(connection: duckdb.DuckDBPyConnection, text: _Text) -> list[Decision]:
    open_columns = [position for position, name in enumerate(text.names) if name not in text.as_text]
    first = _statistics(connection, {position: list(Form) for position in open_columns}, FIRST_ROWS)
    # a form that one of the first rows does not have is not the whole column's: it need not be counted
    possible = {position: _possible(statistics) for position, statistics in first.items()}
    whole = _statistics(connection, possible, None)
    return [decide(whole[position], text.names[position]) if position in whole else Decision(Kind.TEXT) for position in range(len(text.names))]


def _possible(statistics: Statistics) -> list[Form]:
    together = {Form.DATE_ISO, Form.TIME_ISO}
    mixed = sum(statistics.forms.get(form, 0) for form in together) == statistics.filled
    return [form for form in Form if statistics.forms.get(form, 0) == statistics.filled or (mixed and form in together)]


def _statistics(connection: duckdb.DuckDBPyConnection, forms: dict[int, list[Form]], rows: int | None) -> dict[int, Statistics]:
    """Count, column by column, how many values have each of the given forms; over the first `rows`, or all."""
    source = f"(SELECT * FROM plain LIMIT {rows})" if rows else "plain"  # noqa: S608 -- a number of ours
    found: dict[int, Statistics] = {}
    positions = list(forms)
    for start in range(0, len(positions), BATCH):
        batch = positions[start : start + BATCH]
        asked = [
            expression
            for position in batch
            for expression in (
                f"count(nullif(trim(c{position}), ''))",
                f"coalesce(max(abs(try_cast(trim(c{position}) AS BIGINT))), 0)" if Form.INTEGER in forms[position] else "0",
                *(f"count(*) FILTER (WHERE {_has(f'trim(c{position})', form)})" for form in forms[position]),
            )
        ]
        counts = iter(connection.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchall()[0])  # noqa: S608 -- made of our own names
        for position in batch:
            filled, largest = int(next(counts)), int(next(counts))
            found[position] = Statistics(filled, {form: int(next(counts)) for form in forms[position]}, largest)
    return found


_REAL = {
    Form.DATE_ISO: "coalesce(year(try_strptime({value}, '%Y-%m-%d')) > 0, false)",
    Form.DATE_DAY_FIRST: "coalesce(year(try_strptime({value}, '%d/%m/%Y')) > 0, false)",
    Form.TIME_ISO: "coalesce(year(try_cast({value} AS TIMESTAMP)) > 0, false)",
    Form.TIME_ZONED: "coalesce(year(make_timestamp(epoch_us(try_cast({value} AS TIMESTAMPTZ)))) > 0, false)",
    Form.TIME_DAY_FIRST: "coalesce(year(try_strptime({value}, ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M'])) > 0, false)",
}


def _has(value: str, form: Form) -> str:
    """SQL: whether a value is written in a form, and for dates is a real one."""
    written = f"regexp_full_match({value}, {_literal(form.value)})"
    return f"({written} AND {_REAL[form].format(value=value)})" if form in _REAL else written


def _value(column: str, decision: Decision) -> str:
    """SQL: a value as PostgreSQL reads it; text is left exactly as it is in the file."""
    value = f"nullif(trim({column}), '')"
    given = {
        None: f"CASE WHEN trim({column}) = '' THEN NULL ELSE {column} END",
        Form.DECIMAL_COMMA: f"replace({value}, ',', '.')",
        Form.DATE_DAY_FIRST: f"strftime(try_strptime({value}, '%d/%m/%Y'), '%Y-%m-%d')",
        Form.TIME_DAY_FIRST: f"strftime(try_strptime({value}, ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M']), '%Y-%m-%d %H:%M:%S')",
        Form.TIME_ZONED: f"CAST(make_timestamp(epoch_us(CAST({value} AS TIMESTAMPTZ))) AS VARCHAR)",
        Form.OUI_NON: f"CASE lower({value}) WHEN 'oui' THEN 'true' WHEN 'non' THEN 'false' END",
        Form.VRAI_FAUX: f"CASE lower({value}) WHEN 'vrai' THEN 'true' WHEN 'faux' THEN 'false' END",
    }
    return given.get(decision.form, value)


def _places(columns: list[Column]) -> dict[str, str] | None:
    found = geojson.place_columns([column.name for column in columns if column.decision.kind in {Kind.DECIMAL, Kind.INTEGER}])
    return {"east": found[0], "north": found[1]} if found else None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
