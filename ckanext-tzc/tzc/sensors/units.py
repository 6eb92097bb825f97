"""Units by their UCUM codes (Unified Code for Units of Measure, version 2.2), converted by arrays. Pint knows what units are; this module knows how UCUM spells them.

Factors are fractions of whole numbers: 348000 L/s are exactly 348 m3/s, and 298.45 K exactly 25.3 Cel, which a factor of binary digits would miss.

    UnitError    the code is not known, or one unit cannot become the other
"""
from __future__ import annotations

import math
import re
import tokenize
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pint
from numpy.typing import NDArray


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    """What pint knows and what it lacks. It is read when a unit is first asked about: most processes never do."""
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None, non_int_type=Fraction)
    for definition in ("ppm_ = 1e-6", "ppb_ = 1e-9", "percent_ = 0.01", "var_ = volt * ampere", "dB_spl = [sound_pressure_level]", "euro = [currency]"):
        registry.define(definition)
    return registry


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
    "ft": "[ft_i]", "ft3/s": "[ft_i]3/s", "ft³/s": "[ft_i]3/s", "ft^3/s": "[ft_i]3/s",
}  # fmt: skip
"""What sources write where UCUM writes otherwise. A femtotonne (ft) is meant by nobody."""

_TERM = re.compile(r"(?P<number>10\*|10\^|[0-9]+)(?P<ten>[+-]?[0-9]+)?|(?P<unit>(?:[A-Za-z%']+)?(?:\[[A-Za-z_]+\])?)(?P<power>[+-]?[0-9]{1,3})?")


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
    scale, shift = _fractions(source, target)
    return float(scale), float(shift)


@lru_cache(maxsize=1024)
def exact(source: str, target: str) -> tuple[float, float, float]:
    """Whole numbers `times`, `plus` and `over`, so that (value × times + plus) / over is in the target's unit, rounded once or twice. Raises UnitError."""
    scale, shift = _fractions(source, target)
    over = math.lcm(scale.denominator, shift.denominator)
    found = scale * over, shift * over, over
    if max(abs(number) for number in (found[0].numerator, found[1].numerator, over)) > EXACT:
        return float(scale), float(shift), 1.0
    return float(found[0]), float(found[1]), float(over)


EXACT = 2**53
"""Up to here each whole number is a number of 64 bits."""


def convert(values: NDArray[np.float64], source: str, target: str) -> NDArray[np.float64]:
    """Values in the target's unit. Raises UnitError."""
    times, plus, over = exact(source, target)
    return (values * times + plus) / over


@lru_cache(maxsize=1024)
def _fractions(source: str, target: str) -> tuple[Fraction, Fraction]:
    """Scale and shift."""
    if source == target:
        return Fraction(1), Fraction(0)
    try:
        zero, one = (Fraction(_registry().Quantity(Fraction(value), _unit(source)).to(_unit(target)).magnitude) for value in (0, 1))
    except (pint.errors.PintError, TypeError, OverflowError) as error:
        raise UnitError(f"{source} cannot become {target}") from error
    return one - zero, zero


UNREADABLE = (
    pint.errors.PintError, ValueError, TypeError, AttributeError, IndexError, KeyError, ArithmeticError, SyntaxError, AssertionError, RecursionError, tokenize.TokenError
)  # fmt: skip
"""What pint's reader raises for what is no expression."""


@lru_cache(maxsize=1024)
def _unit(written: str) -> pint.Unit:
    try:
        return _registry().Unit(_expression(written))
    except UNREADABLE as error:
        raise UnitError(f"{written!r} is no unit") from error


def _expression(written: str) -> str:
    """UCUM's spelling as an expression that pint reads."""
    if CODES.get(written):
        return CODES[written]
    if not 0 < len(written) <= 60:
        raise UnitError(f"{written!r} is no unit")
    out = []
    parts = re.split(r"([./()])", re.sub(r"\{[^{}]*\}", "", written))
    for part in parts:
        if part in ("", "(", ")"):
            out.append(part)
        elif part in (".", "/"):
            out.append("*" if part == "." else "/")
        else:
            term = _term(part)
            # a degree of a scale that does not begin at nothing is a difference where it stands with others
            out.append(f"delta_{term}" if term in ("degree_Celsius", "degree_Fahrenheit") and len(parts) > 1 else term)
    return "".join(out).strip() or "dimensionless"


def _term(part: str) -> str:
    found = _TERM.fullmatch(part)
    if found is None:
        raise UnitError(f"{part!r} is no unit")
    if found["number"]:
        return _number(found["number"], found["ten"])
    return f"{_atom(found['unit'])}**{int(found['power'])}" if found["power"] else _atom(found["unit"])


def _number(number: str, ten: str | None) -> str:
    """A number among units is a unit without dimension: pint's own numbers would not stay fractions."""
    if number not in ("10*", "10^"):
        if ten is not None or not 0 < int(number) < 10**9:
            raise UnitError(f"{number!r} is no unit")
        name, value = f"tzc_n{int(number)}_", str(int(number))
    else:
        power = int(ten or 1)
        if abs(power) > MOST_TENS:
            raise UnitError(f"10*{power} is no unit")
        name, value = f"tzc_e{'m' if power < 0 else ''}{abs(power)}_", f"1e{power}"
    if name not in _registry():
        _registry().define(f"{name} = {value}")
    return name


MOST_TENS = 24


def _atom(unit: str) -> str:
    if CODES.get(unit):
        return CODES[unit]
    for prefix, name in PREFIXES.items():
        rest = unit.removeprefix(prefix)
        if rest != unit and rest in CODES and CODES[rest] and rest not in ("1", "%", "Cel", "deg"):
            return f"{name}{CODES[rest]}"
    raise UnitError(f"{unit!r} is no unit")
