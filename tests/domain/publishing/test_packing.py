"""Fragments as they are stored: whatever was packed by this or an older release is read."""
from __future__ import annotations

import re
from importlib.resources import files

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tzc.publishing import documents, mapping, packing

from .test_mapping import FILE, NOW, PLAIN, WORLD

NAMES = [syntax.name for syntax in documents.SYNTAXES]


@given(st.lists(st.tuples(st.text(), st.sampled_from(["", *NAMES])), max_size=8))
def test_what_was_packed_is_unpacked(every: list[tuple[str, str]]) -> None:
    stored = [packing.packed(*one) for one in every]
    assert [one.decode("utf-8") for one in packing.unpacked(stored)] == [body for body, _ in every]
    assert [packing.unpacked_one(one).decode("utf-8") for one in stored] == [body for body, _ in every]


def test_what_is_withdrawn_is_nothing() -> None:
    assert packing.unpacked_one(None) == b""


def test_what_an_older_release_packed_is_read() -> None:
    assert packing.unpacked_one(zstandard.ZstdCompressor(level=6).compress("Vélos".encode())) == "Vélos".encode()


def test_every_dictionary_is_numbered_as_its_name_says() -> None:
    found = [file for file in files(packing.__package__).joinpath("dictionaries").iterdir() if file.name.endswith(".zdict")]
    assert {file.name.rpartition("-")[0] for file in found} == set(NAMES)
    for file in found:
        number = int(re.fullmatch(r"\w+-(\d+)\.zdict", file.name)[1])  # type: ignore[index]  -- the names are ours
        assert zstandard.ZstdCompressionDict(file.read_bytes()).dict_id() == number > packing.FIRST
    assert packing.next_number() > max(int(file.name.rpartition("-")[2].partition(".")[0]) for file in found)


@pytest.mark.parametrize("syntax", NAMES)
def test_a_dictionary_makes_fragments_small(syntax: str) -> None:
    body = documents.fragments(mapping.describe({**PLAIN, "resources": [FILE]}, WORLD, NOW).triples)[syntax]
    assert len(packing.packed(body, syntax)) < len(packing.packed(body)) * 2 / 3


def test_a_dictionary_is_made_of_enough_only() -> None:
    assert zstandard.ZstdCompressionDict(packing.trained([f"<https://portal.example/dataset/{number}> a dcat:Dataset ;".encode() * 20 for number in range(200)], 41_000)).dict_id() == 41_000
    with pytest.raises(zstandard.ZstdError):
        packing.trained([b"a"], 41_000)
