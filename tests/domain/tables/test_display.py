"""Cells as readers see them."""
from __future__ import annotations

from typing import Any

import pytest
from tzc.tables.display import NARROW, is_number, shown


@pytest.mark.parametrize(
    ("value", "kind", "name", "french", "english"),
    [
        (1234567, "int4", "passages", f"1{NARROW}234{NARROW}567", "1,234,567"),
        (1234, "int4", "passages", "1234", "1234"),
        (-12345.5, "numeric", "delta", f"−12{NARROW}345,5", "−12,345.5"),
        ("0.10", "numeric", "taux", "0,10", "0.10"),
        (20241, "int4", "annee", "20241", "20241"),
        (17300, "int4", "code_commune", "17300", "17300"),
        ("1E-7", "numeric", "x", "0,0000001", "0.0000001"),
        ("NaN", "numeric", "x", "NaN", "NaN"),
        ("2026-01-05", "date", "jour", "05/01/2026", "2026-01-05"),
        ("2026-01-05T08:30:00", "timestamp", "t", "05/01/2026 08:30", "2026-01-05 08:30"),
        ("2026-01-05T08:30:12.500", "timestamp", "t", "05/01/2026 08:30:12", "2026-01-05 08:30:12"),
        (True, "bool", "ouvert", "oui", "yes"),
        ("False", "bool", "ouvert", "non", "no"),
        (None, "text", "x", "", ""),
        ("=1+1", "text", "x", "=1+1", "=1+1"),
    ],
)
def test_shown(value: Any, kind: str, name: str, french: str, english: str) -> None:
    assert shown(value, kind, name, "fr") == french
    assert shown(value, kind, name, "en") == english


def test_numbers_are_told() -> None:
    assert is_number("int4") and is_number("numeric")
    assert not is_number("text")
