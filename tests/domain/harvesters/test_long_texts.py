"""Texts that are long and made to cost much cost little: while one is read nothing else happens in its process, its sign of life included."""
from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from ckanext.tzc.harvesters import geometry, licences, words
from ckanext.tzc.harvesters.partners import dcat

MANY = 400_000
"""Characters that are looked at of a text."""


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """What needs its length's square needs hours for these: it is broken off after a while."""

    def over(*_: Any) -> None:
        raise AssertionError("it takes too long")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("sign", [" ", "\u00a0", "\t", "\r", "\n ", "<p ", "<a b='", '<a b="', "<!--", "<![", "<?", "</a ", "<a href ", "&#", "&a"])
@pytest.mark.parametrize("before", ["a", "<p>a</p>"])
def test_a_text_of_one_sign(sign: str, before: str) -> None:
    assert words.text(before + sign * (MANY // len(sign)) + "b").startswith("a")
    assert words.line(before + sign * (MANY // len(sign)) + "b").startswith("a")


@pytest.mark.parametrize("text", ["POLYGON" + " " * MANY, "POLYGON Z" + " " * MANY, "POINT(" + "(" * MANY, "POINT(" + ") " * MANY + "x", " " * MANY])
def test_a_geometry_of_one_sign(text: str) -> None:
    noted: list[str] = []
    assert geometry.box([text], lambda what, _value: noted.append(what)) is None
    assert noted == ["geometry not understood"]
    assert dcat._is_shape(text) is text.startswith("POINT(")


@pytest.mark.parametrize("word", ["https://a ", "licence ", "open "])
def test_a_licence_of_a_book_s_length(word: str) -> None:
    assert licences.licence_of([word * (words.LONGEST // len(word))] * 5) == licences.OWN_CONDITIONS
