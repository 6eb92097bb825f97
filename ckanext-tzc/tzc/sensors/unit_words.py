"""Units as people read them, of their UCUM codes."""
from __future__ import annotations

import re

WORDS = {
    "1": "", "Cel": "°C", "[degF]": "°F", "deg": "°", "[ppm]": "ppm", "[ppb]": "ppb", "[ppth]": "‰", "dB[SPL]": "dB", "[pH]": "pH", "[NTU]": "NTU", "Ohm": "Ω", "[kn_i]": "kn",
    "EUR": "€",
}  # fmt: skip
POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def shown(code: str) -> str:
    """A unit for a label or behind a number, such as µg/m³ or kWh; nothing for numbers without one."""
    if code in WORDS:
        return WORDS[code]
    bare = re.sub(r"\{[^{}]*\}", "", code)
    return "/".join(_product(part.strip("()")) for part in bare.split("/")).strip("/") if "/" in bare else _product(bare)


def _product(code: str) -> str:
    terms = [_term(term) for term in code.split(".") if term]
    # kWh and Wh are written as one word
    return "".join(terms) if terms[-1:] == ["h"] else "·".join(terms)


def _term(term: str) -> str:
    found = re.fullmatch(r"(.*?)(-?\d+)?", term)
    assert found is not None, "any text has this form"
    unit, power = found[1], found[2] or ""
    if unit in ("10*", "10^", ""):
        return f"10{power.translate(POWERS)}" if unit else power
    unit = WORDS.get(unit, unit)
    if unit.startswith("u") and len(unit) > 1:
        unit = f"µ{unit[1:]}"
    return unit.strip("[]") + power.translate(POWERS)
