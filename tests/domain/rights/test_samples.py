"""Sample rows: what shows a table tells nothing of what is in it."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.rights import samples
from tzc.rights.samples import KINDS, WORDS, Column, declared, rows

TYPES = st.sampled_from([*KINDS, "text", "json", "_text", "geometry", "INT4"])
NAMES = st.text(min_size=1, max_size=30)
COLUMNS = st.lists(st.builds(Column, NAMES, TYPES), min_size=1, max_size=8, unique_by=lambda column: column.name)
DIGITS = st.integers(-1000, 1000)


@given(COLUMNS, st.text(max_size=40))
def test_the_same_file_gives_the_same_rows(columns: list[Column], seed: str) -> None:
    first = rows(columns, seed)
    assert first == rows(list(columns), seed) and len(first) == samples.ROWS
    assert all(list(row) == [column.name for column in columns] for row in first)


@given(COLUMNS, st.text(max_size=40))
def test_what_is_in_the_table_has_no_way_in(columns: list[Column], seed: str) -> None:
    """Each value comes from a list, a year or a span that stands in the code: it is the same whatever the table holds."""
    for row in rows(columns, seed):
        for column in columns:
            value, kind = row[column.name], KINDS.get(column.type.lower(), samples.TEXT)
            if kind == samples.TEXT:
                assert set(value.split()) <= set(WORDS)
            elif kind == samples.TRUTH:
                assert value in (True, False)
            elif kind in (samples.WHOLE, samples.NUMBER):
                assert samples.LEAST <= value <= samples.MOST
                assert isinstance(value, int) == (kind == samples.WHOLE)
            elif kind == samples.DAY:
                assert date.fromisoformat(value).year == 2001
            elif kind == samples.MOMENT:
                assert datetime.fromisoformat(value).year == 2001


@given(st.lists(st.text(min_size=1, max_size=20).map(str.strip).filter(bool), min_size=1, max_size=5), TYPES, st.text())
def test_declared_values_are_the_only_ones(values: list[str], kind: str, seed: str) -> None:
    assert {row["a"] for row in rows([Column("a", kind, tuple(values))], seed)} <= set(values)


@given(DIGITS, DIGITS, st.sampled_from(["int4", "numeric", "float8"]), st.text())
def test_declared_bounds_hold(one: int, other: int, kind: str, seed: str) -> None:
    for row in rows([Column("a", kind, least=str(one), most=str(other))], seed):
        assert min(one, other) <= row["a"] <= max(one, other)


@given(st.dates(), st.dates(), st.text())
def test_declared_days_hold(one: date, other: date, seed: str) -> None:
    for row in rows([Column("a", "date", least=one.isoformat(), most=other.isoformat())], seed):
        assert min(one, other) <= date.fromisoformat(row["a"]) <= max(one, other)


@given(st.text(max_size=12), st.text(max_size=12), TYPES, st.text(max_size=5))
def test_any_dictionary_makes_rows(least: str, most: str, kind: str, seed: str) -> None:
    assert len(rows([Column("a", kind, least=least, most=most)], seed)) == samples.ROWS


@given(st.one_of(st.none(), st.dates()), st.one_of(st.none(), st.dates()), st.sampled_from(["date", "timestamp"]))
def test_one_bound_alone(one: date | None, other: date | None, kind: str) -> None:
    for row in rows([Column("a", kind, least=str(one or ""), most=str(other or ""))], "s"):
        found = datetime.fromisoformat(row["a"]).date()
        assert one is None or other is not None or found >= one
        assert other is None or one is not None or found <= other


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, Column("a", "int4")),
        ({"values": "rouge\n\n vert \n", "notes": "Couleur"}, Column("a", "int4", ("rouge", "vert"))),
        ({"values": ["x", 3], "least": 0, "most": " 12 "}, Column("a", "int4", ("x", "3"), "0", "12")),
        ({"values": {"odd": 1}}, Column("a", "int4")),
    ],
)
def test_what_the_dictionary_says(info: dict[str, Any], expected: Column) -> None:
    assert declared("a", "int4", info) == expected


def test_files_differ() -> None:
    columns = [Column("a", "int4"), Column("b")]
    assert rows(columns, "one") != rows(columns, "two")
