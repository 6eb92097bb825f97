"""Units by their UCUM codes (Unified Code for Units of Measure, version 2.2), converted by arrays. Pint knows what units are; this module knows how UCUM spells them.

    UnitError    the code is not known, or one unit cannot become the other
"""
from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pint

REGISTRY: pint.UnitRegistry[Any] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
for _definition in ("ppm_ = 1e-6", "ppb_ = 1e-9", "percent_ = 0.01", "var_ = volt * ampere", "dB_spl = []", "euro = []"):
    REGISTRY.define(_definition)

CODES = {
    "1": "dimensionless", "%": "percent_", "Cel": "degree_Celsius", "[degF]": "degree_Fahrenheit", "deg": "degree", "'": "arcminute", "''": "arcsecond", "[ppm]": "ppm_",
    "[ppth]": "permille", "[ppb]": "ppb_", "u": "dalton", "l": "liter", "L": "liter", "ar": "are", "t": "metric_ton", "a": "year", "mo": "month", "wk": "week", "d": "day",
    "h": "hour", "min": "minute", "s": "second", "m": "meter", "g": "gram", "K": "kelvin", "A": "ampere", "V": "volt", "W": "watt", "J": "joule", "Hz": "hertz", "Pa":
    "pascal", "bar": "bar", "N": "newton", "Ohm": "ohm", "S": "siemens", "C": "coulomb", "F": "farad", "lm": "lumen", "lx": "lux", "cd": "candela", "mol": "mole", "Bq":
    "becquerel", "Sv": "sievert", "eV": "electron_volt", "rad": "radian", "sr": "steradian", "var": "var_", "VA": "volt_ampere", "B[SPL]": "", "dB[SPL]": "dB_spl", "[kn_i]":
    "knot", "[mi_i]": "mile", "[ft_i]": "foot", "[in_i]": "inch", "[gal_us]": "gallon", "[pH]": "dimensionless", "cal": "calorie", "[NTU]": "", "EUR": "euro",
}  # fmt: skip
"""How pint calls them; empty for what has no ratio to anything."""

PREFIXES = {
    "Y": "yotta", "Z": "zetta", "E": "exa", "P": "peta", "T": "tera", "G": "giga", "M": "mega", "k": "kilo", "h": "hecto", "da": "deca", "d": "deci", "c": "centi", "m":
    "milli", "u": "micro", "n": "nano", "p": "pico", "f": "femto",
}  # fmt: skip
SPELT = {
    "": "1", "°C": "Cel", "℃": "Cel", "degC": "Cel", "celsius": "Cel", "°F": "[degF]", "°": "deg", "µg/m³": "ug/m3", "μg/m³": "ug/m3", "µg/m3": "ug/m3", "μg/m3": "ug/m3",
    "ug/m³": "ug/m3", "m³": "m3", "m³/h": "m3/h", "m³/s": "m3/s", "kWh": "kW.h", "Wh": "W.h", "MWh": "MW.h", "GWh": "GW.h", "ppm": "[ppm]", "ppb": "[ppb]", "dB": "dB[SPL]",
    "dBA": "dB[SPL]", "dB(A)": "dB[SPL]", "percent": "%", "W/m²": "W/m2", "gCO2eq/kWh": "g/(kW.h)", "gCO2/kWh": "g/(kW.h)", "g/kWh": "g/(kW.h)", "VAr": "var", "VAR": "var",
    "kVA": "kVA", "l/s": "L/s", "m²": "m2", "km/h": "km/h", "mbar": "mbar", "lux": "lx",
}  # fmt: skip
"""What sources write where UCUM writes otherwise."""

_TERM = re.compile(r"(?P<unit>(?:[A-Za-z%']+)?(?:\[[A-Za-z_]+\])?)(?P<power>[+-]?\d+)?|(?P<number>10\*|10\^|\d+)(?P<ten>[+-]?\d+)?")


class UnitError(ValueError):
    """The code is not known, or one unit cannot become the other."""


def code(written: str) -> str:
    """A unit as a source writes it, as UCUM does. Raises UnitError."""
    found = SPELT.get(written.strip(), written.strip())
    _unit(found)
    return found


@lru_cache(maxsize=1024)
def line(source: str, target: str) -> tuple[float, float]:
    """`scale` and `shift`, so that value × scale + shift is in the target's unit. Raises UnitError."""
    if source == target:
        return 1.0, 0.0
    try:
        zero, one = (float(REGISTRY.Quantity(value, _unit(source)).to(_unit(target)).magnitude) for value in (0.0, 1.0))
    except pint.DimensionalityError as error:
        raise UnitError(f"{source} cannot become {target}") from error
    if zero == 0.0:
        return float(REGISTRY.Quantity(1.0, _unit(source)).to(_unit(target)).magnitude), 0.0
    return one - zero, zero


@lru_cache(maxsize=1024)
def _unit(written: str) -> pint.Unit:
    try:
        return REGISTRY.Unit(_expression(written))
    except (UnitError, pint.errors.PintError, ValueError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise UnitError(f"{written!r} is no unit") from error


def _expression(written: str) -> str:
    """UCUM's spelling as an expression that pint reads."""
    if CODES.get(written):
        return CODES[written]
    if not 0 < len(written) <= 60:
        raise UnitError(f"{written!r} is no unit")
    out = []
    for part in re.split(r"([./()])", re.sub(r"\{[^{}]*\}", "", written)):
        if part in ("", "(", ")"):
            out.append(part)
        elif part in (".", "/"):
            out.append("*" if part == "." else "/")
        else:
            out.append(_term(part))
    return "".join(out).strip() or "dimensionless"


def _term(part: str) -> str:
    found = _TERM.fullmatch(part)
    if found is None:
        raise UnitError(f"{part!r} is no unit")
    if found["number"]:
        return f"(10**{int(found['ten'] or 1)})" if found["number"] in ("10*", "10^") else part
    return f"{_atom(found['unit'])}**{int(found['power'])}" if found["power"] else _atom(found["unit"])


def _atom(unit: str) -> str:
    if CODES.get(unit):
        return CODES[unit]
    for prefix, name in PREFIXES.items():
        rest = unit.removeprefix(prefix)
        if rest != unit and rest in CODES and CODES[rest] and rest not in ("1", "%", "Cel", "deg"):
            return f"{name}{CODES[rest]}"
    raise UnitError(f"{unit!r} is no unit")
