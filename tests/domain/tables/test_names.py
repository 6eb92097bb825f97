"""Column names that PostgreSQL and the DataStore take."""
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.tables.names import LONGEST, column_names, looks_like_data

headers = st.lists(st.text(max_size=90), min_size=1, max_size=40)


@given(headers)
def test_every_name_is_one_that_the_datastore_takes(given_headers: list[str]) -> None:
    names = column_names(given_headers)
    assert len(names) == len(given_headers)
    for name in names:
        assert name and name == name.strip()
        assert not name.startswith("_")
        assert not {'"', "%", ":"} & set(name)
        assert len(name.encode()) <= LONGEST
        assert not any(unicodedata.category(character).startswith("C") for character in name)


@given(headers)
def test_names_are_unique_whatever_the_case(given_headers: list[str]) -> None:
    names = column_names(given_headers)
    assert len({name.casefold() for name in names}) == len(names)


@given(headers)
def test_the_same_headers_give_the_same_names(given_headers: list[str]) -> None:
    assert column_names(given_headers) == column_names(given_headers)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (["Nom ", "", "nom", "_id"], ["Nom", "colonne_2", "nom_2", "id"]),
        (["part_%", "heure:début", 'dit "x"'], ["part_pct", "heure début", "dit x"]),
        (["a\nb", "a\tb"], ["a b", "a b_2"]),
        (["a", "a", "a_2"], ["a", "a_2", "a_2_2"]),
    ],
)
def test_names_stay_close_to_the_headers(written: list[str], wanted: list[str]) -> None:
    assert column_names(written) == wanted


def test_long_names_are_cut_between_characters() -> None:
    names = column_names(["é" * 60, "é" * 60])
    assert names == ["é" * 31, "é" * 30 + "_2"]


@pytest.mark.parametrize(("cells", "is_data"), [(["1", "2,5"], True), (["2026-01-05", "3"], True), (["a", "1"], False), (["", ""], False), (["2024", "total"], False)])
def test_a_first_row_of_numbers_is_no_header(cells: list[str], is_data: bool) -> None:
    assert looks_like_data(cells) is is_data
