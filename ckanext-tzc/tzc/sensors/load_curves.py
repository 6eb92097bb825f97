"""Load curves as customers get them: the files of the grid operators' customer accounts, and the answer of Data Connect in its form of 2026.

What the forms have in common: a value is a mean power (W) or an energy (Wh, kWh) of a period. A load curve names the period's end; a value of a day names the day. Periods
here begin where they begin. A power stays a power, with its period: energies are derived where curves are read (`energies`).

    Identifiant PRM;Type de donnees;Date de debut;…;Unite[;Pas en minutes]      a line of values, then Horodate;Valeur    (account, sections)
    Identifiant PRM;Date de début;…;Unité;Horodate;Valeur;Nature;Pas;…          each row says all                         (account and R63, flat)
    Identifiant PRM;12345678901234;                                             then horodate ISO fin de pas;puissance moyenne (W)
    Date;Valeur (en Wh)                                                         days
    N° PCE;Date de relevé;…;Energie consommée (kWh);…                           days of gas (GRDF)
"""
from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from numpy.typing import NDArray

from .curve_values import DAY, USUAL_STEP, MeterFile, Rows, read
from .faults import BatchError, shown
from .readings import MOST_LISTED, Floats, Rejected

MOST_BYTES = 40_000_000
UNITS = {"w": "W", "kw": "kW", "wh": "W.h", "kwh": "kW.h"}
NAMES = ("consumption", "production", "consumption_energy", "production_energy", "consumption_day", "production_day", "gas_day")
"""Streams of a meter: powers, energies of less than a day, energies of days."""


def file(body: bytes, zone: ZoneInfo) -> MeterFile:
    """A file of a customer account; times without an offset are of the zone. Raises BatchError: what is no such file, of several meters, or has no values."""
    if len(body) > MOST_BYTES:
        raise BatchError("too_many_bytes", most=MOST_BYTES)
    found = Rows()
    _sections(_cells(body), found)
    return read(found, zone)


def answer(body: bytes, zone: ZoneInfo) -> MeterFile:
    """An answer of Data Connect: of all quantities that are powers or energies. Raises BatchError."""
    try:
        said = json.loads(body)
        number, pas = str(said["idPrm"]), str(said.get("pas") or "")
        quantities = [(str(one["grandeurMetier"]), str(one["grandeurPhysique"]), str(one["unite"]), list(one["points"])) for one in said["grandeur"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BatchError("unexpected") from error
    found, row = Rows(numbers={number}), 0
    for metier, physique, unit, points in quantities:
        for point in points:
            if not isinstance(point, dict):
                found.rejected.append(Rejected(row, "shape", {}, shown(point)))
            else:
                clock, step = str(point.get("d") or ""), str(point.get("p") or pas)
                value = "" if point.get("v") in (None, "null") else str(point["v"])
                _one(found, metier, physique, unit, clock, value, str(point.get("n") or ""), step, row)
            row += 1
    return read(found, zone)


def _one(found: Rows, metier: str, physique: str, unit: str, clock: str, value: str, nature: str, step: str, row: int) -> None:
    """One value that says of what it is; what is neither power nor energy is left out and listed."""
    unit_ = UNITS.get(unit.strip().lower())
    if unit_ is None or _plain(physique) not in ("", "pa", "ea", "e", "energie active", "puissance active", "puissance active moyenne"):
        if len(found.rejected) < MOST_LISTED:
            found.rejected.append(Rejected(row, "quantity", {"quantity": f"{physique} {unit}".strip()[:60]}, shown(f"{clock} {value}")))
        return
    side = "production" if _plain(metier) in ("prod", "production", "injection") else "consumption"
    found.add(f"{side} {unit_}", unit_, clock, value, nature, step, row)


def _cells(body: bytes) -> list[list[str]]:
    """The rows of a CSV (of any usual delimiter and encoding) or of a workbook's first sheet."""
    if body.startswith(b"PK\x03\x04"):
        return _workbook(body)
    if b"\0" in body[:4000]:
        raise BatchError("kind")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", errors="replace")
    head = text[:2000]
    delimiter = max(";\t,", key=head.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BatchError("broken") from error


def _workbook(body: bytes) -> list[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    except (CalamineError, ValueError, IndexError, OSError) as error:
        raise BatchError("broken") from error
    return [[cell.isoformat() if isinstance(cell, (dt.date, dt.datetime)) else _number_text(cell) for cell in row] for row in rows]


def _number_text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Lower case, without accents and the marks of spreadsheets."""
    bare = unicodedata.normalize("NFKD", text.strip().strip('"')).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", bare).strip().lower()


def _sections(rows: Sequence[Sequence[str]], found: Rows) -> None:
    """Go through a file: heads say what follows."""
    told: dict[str, str] = {}
    columns: dict[str, int] = {}
    heads: list[str] | None = None
    for place, row in enumerate(rows):
        if columns and heads is None and row and row[0][:1].isdigit():
            _value(found, columns, told, row, place)  # heads begin with letters
            continue
        plain = [_plain(cell) for cell in row[:40]]
        if not any(plain):
            continue
        if heads is not None:
            told, heads = {name: row[at].strip() for at, name in enumerate(heads) if at < len(row)}, None
            found.numbers.add(told.get("identifiant prm", ""))
        elif plain[0] == "identifiant prm" and "horodate" not in plain:
            columns = {}
            if len(plain) > 1 and re.fullmatch(r"[\d*]{14}", plain[1]):
                told = {plain[at]: row[at + 1].strip() for at in range(0, len(plain) - 1, 2)}
                found.numbers.add(plain[1])
            else:
                heads = plain
        elif _is_head(plain):
            columns = _columns(plain)
        elif columns:
            _value(found, columns, told, row, place)


def _is_head(plain: Sequence[str]) -> bool:
    return any(cell.startswith(("horodate", "date de releve", "journee gaziere", "periode")) or cell == "date" for cell in plain)


_COLUMNS = {
    "clock": ("horodate", "journee gaziere", "date de releve", "date"), "value": ("valeur", "puissance moyenne", "energie consommee", "consommation"),
    "nature": ("nature",), "step": ("pas",), "unit": ("unite",), "physique": ("grandeur physique",), "metier": ("grandeur metier",),
    "number": ("identifiant prm", "n pce", "no pce", "numero pce", "pce"), "qualification": ("qualification",),
}  # fmt: skip


def _columns(plain: Sequence[str]) -> dict[str, int]:
    """Where the columns stand; nothing for a table of another kind, such as that of a meter's registers."""
    found: dict[str, int] = {}
    for name, starts in _COLUMNS.items():
        for start in starts:
            at = next((at for at, cell in enumerate(plain) if cell.startswith(start) and at not in found.values()), None)
            if at is not None:
                found[name] = at
                break
    if "clock" not in found or "value" not in found:
        return {}
    head = plain[found["value"]]
    for unit in ("kwh", "wh", "w"):
        if re.search(rf"\b{unit}\b", head):
            found[f"unit {unit}"] = found["value"]
            break
    if any("pce" in cell or "gaziere" in cell for cell in plain):
        found["gas"] = found["clock"]
    return found


def _value(found: Rows, columns: dict[str, int], told: dict[str, str], row: Sequence[str], place: int) -> None:
    def cell(name: str) -> str:
        at = columns.get(name)
        return row[at].strip() if at is not None and at < len(row) else ""

    if (number := cell("number")) and "number" in columns:
        found.numbers.add(number.strip('="'))
    unit = cell("unit") or told.get("unite") or next((name.removeprefix("unit ") for name in columns if name.startswith("unit ")), "W")
    clock, value = cell("clock"), cell("value").replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    if "gas" in columns:
        found.add("gas kW.h", "kW.h", clock, value, "E" if _plain(cell("qualification")).startswith("estim") else "", "P1D", place)
        return
    step = cell("step") or told.get("pas en minutes", "")
    if "quotidien" in _plain(told.get("type de donnees", "")) or re.fullmatch(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", clock):
        step = "P1D"
    physique = cell("physique") or told.get("grandeur physique", "")
    _one(found, cell("metier") or told.get("grandeur metier", "") or told.get("type de donnees", ""), physique, unit, clock, value, cell("nature"), step, place)


def energies(results: Floats, seconds: NDArray[Any], unit: str) -> Floats:
    """Values of a stream as energies in kWh: a mean power times its period, or the energy that it is."""
    if unit in ("W", "kW"):
        found: Floats = results * seconds / (3_600_000.0 if unit == "W" else 3_600.0)
        return found
    return results / 1000.0 if unit == "W.h" else results


def windows(first: dt.date, last: dt.date, days: int = 7) -> Iterator[tuple[dt.date, dt.date]]:
    """Parts of a time that one question to Data Connect may be about: from a day up to another that is no longer in it."""
    while first < last:
        until = min(first + dt.timedelta(days=days), last)
        yield first, until
        first = until


__all__ = ["DAY", "USUAL_STEP", "MeterFile", "answer", "energies", "file", "windows"]
