"""Cells as readers see them."""
from __future__ import annotations

from typing import Any

import pytest
from tzc.tables.display import NARROW, is_number, names_universal_time, shown


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


@pytest.mark.parametrize(
    ("stored", "zone", "expected"),
    [
        ("2026-05-17T22:00:00", "Europe/Paris", "18/05/2026 00:00"),
        ("2026-01-05T08:30:12.500", "Europe/Paris", "05/01/2026 09:30:12"),
        # the hour that clocks show twice says which one it is; its neighbours do not
        ("2026-10-25T00:30:00", "Europe/Paris", "25/10/2026 02:30 (UTC+02:00)"),
        ("2026-10-25T01:30:00", "Europe/Paris", "25/10/2026 02:30 (UTC+01:00)"),
        ("2026-10-25T02:00:00", "Europe/Paris", "25/10/2026 03:00"),
        ("2026-03-29T01:00:00", "Europe/Paris", "29/03/2026 03:00"),
        ("2026-01-05T20:30:00", "Indian/Reunion", "06/01/2026 00:30"),
        ("2026-01-05T08:30:00", "", "05/01/2026 08:30"),
        ("infinity", "Europe/Paris", "infinity"),
    ],
)
def test_a_moment_in_a_zone(stored: str, zone: str, expected: str) -> None:
    assert shown(stored, "timestamp", "t", "fr", zone) == expected


def test_columns_that_call_themselves_universal() -> None:
    assert all(names_universal_time(name) for name in ("date_heure_utc", "UTC", "heure (TU)", "debut_gmt_1"))
    assert not any(names_universal_time(name) for name in ("date_heure", "statut", "tutelle", "debut"))
