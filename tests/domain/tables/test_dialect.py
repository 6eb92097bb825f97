"""Separators."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.tables.dialect import cells, header, separator


@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\nx, y\tz\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("seul\n1\n2\n", ","),
        ('nom;adresse\n"a;b";"c, d, e"\n', ";"),
        ("a,b,c\n1,2,3\n1,2,3,4,5\n1,2,3\n", ","),
    ],
)
def test_separator(sample: str, wanted: str) -> None:
    assert separator(sample) == wanted


@given(st.sampled_from([",", ";", "\t", "|"]), st.integers(2, 8), st.integers(1, 30))
def test_even_rows_give_their_separator(mark: str, width: int, height: int) -> None:
    sample = "\n".join(mark.join(f"c{column}r{row}" for column in range(width)) for row in range(height + 1))
    assert separator(sample) == mark


def test_a_row_that_the_sample_cuts_does_not_count() -> None:
    assert separator("a;b;c\n1;2;3\n1;2", complete=False) == ";"


def test_header_and_cells() -> None:
    assert header('\n"a;x";b\n1;2\n', ";") == ["a;x", "b"]
    assert header("", ",") == []
    assert cells('a,"b,c",d', ",") == 3
