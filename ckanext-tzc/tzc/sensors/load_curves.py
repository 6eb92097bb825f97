"""Load curves as customers get them: the files of the grid operators' customer accounts, and the answer of Data Connect in its form of 2026.

What the forms have in common: a value is a mean power (W) or an energy (Wh, kWh) of a period. A load curve names the period's end; a value of a day names the day. Periods
here begin where they begin. A power stays a power, with its period: energies are derived where curves are read (`energies`).

    Identifiant PRM;Type de donnees;Date de debut;…;Unite[;Pas en minutes]      a line of values, then Horodate;Valeur    (account, sections)
    Identifiant PRM;Date de début;…;Unité;Horodate;Valeur;Nature;Pas;…          each row says all                         (account and R63, flat)
    Identifiant PRM;12345678901234;                                             then horodate ISO fin de pas;puissance moyenne (W)
    Date;Valeur (en Wh)                                                         days
    Point Référence Mesure (PRM) : 12345678901234, Type de comptage : …         labels with their values, then Début;Fin;Valeur (en kW), or Date;Valeur (en kWh)
                                                                                                          (account, a workbook with a sheet for each)
    N° PCE : 12345678901234                                                     then Date de relevé;…;Volume consommé (m3);Energie consommée (kWh);…   (days of gas, GRDF)
"""
from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from numpy.typing import NDArray

from . import curve_sheets, meters
from .curve_values import DAY, USUAL_STEP, MeterFile, Rows, length, read
from .faults import BatchError, shown
from .readings import MOST_LISTED, Floats, Rejected

MOST_BYTES = 40_000_000
UNITS = {"w": "W", "kw": "kW", "wh": "W.h", "kwh": "kW.h"}
NAMES = ("consumption", "production", "consumption_energy", "production_energy", "consumption_day", "production_day", "gas_day")
"""Streams of a meter: powers, energies of less than a day, energies of days."""

HOLES = frozenset({"NA", "N/A"})
"""What a workbook has where nothing was measured."""


def file(body: bytes, zone: ZoneInfo) -> MeterFile:
    """A file of a customer account; times without an offset are of the zone. Raises BatchError: what is no such file, of several meters, or has no values."""
    if len(body) > MOST_BYTES:
        raise BatchError("too_many_bytes", most=MOST_BYTES)
    found, rows = Rows(), curve_sheets.rows(body)
    _sections(rows, found)
    told = read(found, zone)
    return dataclasses.replace(told, kept=curve_sheets.kept(body, rows, found.used, told.number))


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
    told = read(found, zone)
    return dataclasses.replace(told, kept=meters.masked(body, told.number))


def _one(found: Rows, metier: str, physique: str, unit: str, clock: str, value: str, nature: str, step: str, row: int) -> None:
    """One value that says of what it is; what is neither power nor energy is left out and listed."""
    unit_ = UNITS.get(unit.strip().lower())
    if unit_ is None or _plain(physique) not in ("", "pa", "ea", "e", "energie active", "puissance active", "puissance active moyenne"):
        if len(found.rejected) < MOST_LISTED:
            found.rejected.append(Rejected(row, "quantity", {"quantity": f"{physique} {unit}".strip()[:60]}, shown(f"{clock} {value}")))
        return
    side = "production" if _plain(metier).startswith(("prod", "injection")) else "consumption"
    found.add(f"{side} {unit_}", unit_, clock, value, nature, step, row)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Lower case, without accents and the marks of spreadsheets."""
    bare = unicodedata.normalize("NFKD", text.strip().strip('"')).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", bare).strip().lower()


def _sections(rows: Sequence[list[str]], found: Rows) -> None:
    """Go through a file: heads and labels say what follows."""
    told: dict[str, str] = {}
    columns: dict[str, int] = {}
    heads: list[str] | None = None
    for place, row in enumerate(rows):
        if columns and heads is None and row and row[0][:1].isdigit():
            _value(found, columns, told, row, place)  # heads begin with letters
            continue
        plain = [_plain(cell) for cell in row[:40]]
        if not any(plain):
            if row == curve_sheets.NEXT:
                told, columns, heads = {}, {}, None
            continue
        if heads is not None:
            told, heads = {name: row[at].strip() for at, name in enumerate(heads) if at < len(row)}, None
            found.numbers.add(told.get("identifiant prm", ""))
        elif labels := _labels(row, plain, found):
            told, columns = {**told, **labels}, {}
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
            continue
        else:
            continue
        found.used.append(place)


_LABELS = {"type de comptage": "type de donnees", "grandeur physique": "grandeur physique", "point reference mesure (prm)": "prm", "n pce": "pce"}
"""Labels that say something of what follows, and what they say."""

_NUMBER = re.compile(r"[\d*]{14}|GI\d{6}|[*]{4}\d{4}")
"""A number of a meter, covered or not."""


def _labels(row: list[str], plain: Sequence[str], found: Rows) -> dict[str, str]:
    """What a row of labels says. The number of a meter is written whole, so that it can be covered: a workbook may have it as a number, without its noughts."""
    told = {}
    for place, cell in enumerate(plain):
        name = _LABELS.get(cell.rstrip(": ")) if curve_sheets.label(cell) else None
        if name is None:
            continue
        at, text = curve_sheets.after(row, place)
        if name in ("prm", "pce") and text:
            text = re.sub(r"\s", "", text)
            text = text.zfill(14) if text.isdigit() else text
            row[at] = text
            if _NUMBER.fullmatch(text):
                found.numbers.add(text)
        told[name] = text
    return told


def _is_head(plain: Sequence[str]) -> bool:
    return any(cell.startswith(("horodate", "date de releve", "journee gaziere", "periode")) or cell == "date" for cell in plain) or {"debut", "fin"} <= set(plain)


_COLUMNS = {
    "clock": ("horodate", "journee gaziere", "date de releve", "date", "fin"), "begin": ("debut",), "value": ("valeur", "puissance moyenne", "energie consommee", "consommation"),
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
    for unit in ("kwh", "kw", "wh", "w"):
        if re.search(rf"\b{unit}\b", head):
            found[f"unit {unit}"] = found["value"]
            break
    if any("pce" in cell or "gaziere" in cell or "(m3)" in cell for cell in plain):
        found["gas"] = found["clock"]
    return found


def _value(found: Rows, columns: dict[str, int], told: dict[str, str], row: Sequence[str], place: int) -> None:
    def cell(name: str) -> str:
        at = columns.get(name)
        return row[at].strip() if at is not None and at < len(row) else ""

    found.used.append(place)
    if (number := cell("number")) and "number" in columns:
        found.numbers.add(number.strip('="'))
    unit = cell("unit") or told.get("unite") or next((name.removeprefix("unit ") for name in columns if name.startswith("unit ")), "W")
    clock, value = cell("clock"), cell("value").replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    value = "" if value.upper() in HOLES else value
    if "gas" in columns:
        found.add("gas kW.h", "kW.h", clock, value, "E" if _plain(cell("qualification")).startswith("estim") else "", "P1D", place)
        return
    step = cell("step") or told.get("pas en minutes", "") or length(cell("begin"), clock)
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
