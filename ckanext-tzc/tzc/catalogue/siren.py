"""SIREN and SIRET: the digits by which France's register of bodies and companies (INSEE's Sirene) names one, and one of its places."""
from __future__ import annotations

import re


def is_siren(text: str) -> bool:
    """Whether these are nine digits whose last one fits the others (Luhn's check)."""
    return bool(re.fullmatch(r"[0-9]{9}", text)) and _luhn(text)


LA_POSTE = "356000000"
"""La Poste has more establishments than Luhn's check leaves numbers: for its own, the sum of the digits is a multiple of five (INSEE, Sirene)."""


def is_siret(text: str) -> bool:
    """Whether these are fourteen digits that name an establishment: a SIREN, five digits, and the whole fits its check."""
    if not re.fullmatch(r"[0-9]{14}", text) or not is_siren(text[:9]):
        return False
    return _luhn(text) or (text.startswith(LA_POSTE) and sum(map(int, text)) % 5 == 0)


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
