"""What stands behind the question mark of a list's address."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue import arguments


@pytest.mark.parametrize("text", ["1", "2", "017", "999999"])
def test_numbers_of_pages(text: str) -> None:
    assert arguments.is_page(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", "1_0", "1.5", "1e3", " 1", "٣", "²", "1000000", "9" * 40])
def test_no_numbers_of_pages(text: str) -> None:
    assert not arguments.is_page(text)


@pytest.mark.parametrize("text", ["", "title", "title asc", "score desc, metadata_modified desc", "title_string DESC", "views.recent desc,name"])
def test_orders(text: str) -> None:
    assert arguments.is_order(text)


@pytest.mark.parametrize("text", [",", " ", "title asc,", "title asc, ,name", "title up", "title asc;x", "{!func}x asc", "div(1,0) asc", "título asc", "1", "title\nasc", "title," * 20 + "name", "a" * 400])
def test_no_orders(text: str) -> None:
    assert not arguments.is_order(text)


@given(st.text(max_size=30) | st.text(alphabet="titlename asc,desc_.\t\n1", max_size=30))
def test_whatever_is_taken_is_read_as_ckan_reads_it(text: str) -> None:
    if arguments.is_order(text) and text:
        assert all(len(part.split()) in {1, 2} for part in text.split(","))
    if arguments.is_page(text):
        assert 1 <= int(text) < 2**31 / 1000
