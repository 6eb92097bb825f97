"""Addresses, names, keywords, periods and register numbers, as people write them."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue import addresses, keywords, siren
from tzc.catalogue.periods import ends_before_it_starts


@pytest.mark.parametrize("text", ["https://example.org", "http://example.org/a.csv?x=1#y", "https://é.example.org/ö", "http://127.0.0.1:5000/x", "http://[::1]/x", "http://ckan:5000/", "http://localhost/a"])
def test_a_web_address(text: str) -> None:
    assert addresses.leads_somewhere(text)


@pytest.mark.parametrize("text", ["", "http://", "https:///chemin", "pas une adresse", "http://pas une adresse", "javascript:alert(1)", "ftp://example.org", "https://mot", "xx", "//example.org", "http://[::1", "http://a.b:port/"])
def test_no_web_address(text: str) -> None:
    assert not addresses.leads_somewhere(text)


@pytest.mark.parametrize("text", ["javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "\x01data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_what_a_browser_would_run(text: str) -> None:
    assert addresses.runs(text)


@pytest.mark.parametrize("text", ["https://example.org/javascript:", "urn:uuid:1", "mailto:a@example.org", "un texte: suite", "données"])
def test_what_a_browser_would_not_run(text: str) -> None:
    assert not addresses.runs(text)


def test_the_address_that_was_meant() -> None:
    assert addresses.mended("example.org/donnees.csv") == "https://example.org/donnees.csv"
    assert addresses.mended("pas une adresse") == addresses.mended("javascript:alert(1)") == ""


@given(st.text())
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    assert not (addresses.runs(text) and addresses.leads_somewhere(text))


def test_a_name_from_a_title() -> None:
    assert addresses.name_of("L’été à Saint-Œil : n° 2 !") == "l-ete-a-saint-oeil-n-2"


@given(st.text(), st.sets(st.integers(1, 6)))
def test_a_name_is_always_found_and_always_one_that_ckan_takes(title: str, numbers: set[int]) -> None:
    stem = addresses.free_name(title, "donnees", set().__contains__)
    taken = {stem if number == 1 else f"{stem}-{number}" for number in numbers}
    name = addresses.free_name(title, "donnees", taken.__contains__)
    assert name not in taken
    assert re.fullmatch(r"[a-z0-9-]{2,100}", name)
    assert name not in addresses.RESERVED


def test_taken_names_get_a_number() -> None:
    assert addresses.free_name("Vélos", "donnees", {"velos", "velos-2"}.__contains__) == "velos-3"


def test_keywords_of_a_line() -> None:
    assert keywords.split("mer, l’été ,  l'été,, eau  potable\nA/B") == ["mer", "l'été", "eau potable", "A/B"]


@pytest.mark.parametrize(("word", "fault"), [("l'été", ""), ("déchets/recyclage", ""), ("n° 2 (bis)", ""), ("R&D", ""), ("x", "short"), ("x" * 101, "long"), ("<b>", "characters"), ('dit "le port"', "characters"), ("a\\b", "characters")])
def test_faults_of_keywords(word: str, fault: str) -> None:
    assert keywords.fault(word) == fault


@given(st.text())
def test_a_keyword_of_elsewhere_is_made_such_that_it_is_taken(word: str) -> None:
    kept = keywords.tamed(word)
    assert not kept or keywords.fault(kept) == ""


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        ("2027-05-01", "2026-12-31", True), ("2026-12-31", "2027-05-01", False), ("2026-05-01", "2026-05-01", False), ("2026-05", "2026", False), ("2027", "2026-12-31", True),
        ("2026", "2026-01-01", False), ("2026-02-01T10:00:00", "2026-01-31", True), ("hier", "2026", False), ("", "2026", False),
    ],
)  # fmt: skip
def test_periods(start: str, end: str, wrong: bool) -> None:
    assert ends_before_it_starts(start, end) is wrong


digits = st.text("0123456789", min_size=8, max_size=8)


def complete(head: str, fits: object) -> str:
    return next(head + digit for digit in "0123456789" if fits(head + digit))  # type: ignore[operator] -- a function of the tested module


@given(digits, st.text("0123456789", min_size=4, max_size=4))
def test_a_register_number_with_one_digit_changed_is_none(head: str, office: str) -> None:
    whole = complete(head, siren.is_siren)
    place = complete(whole + office, siren.is_siret)
    for text, fits in ((whole, siren.is_siren), (place, siren.is_siret)):
        if text.startswith(siren.LA_POSTE) and fits is siren.is_siret:
            continue
        for at, digit in enumerate(text):
            assert not fits(text[:at] + str((int(digit) + 1) % 10) + text[at + 1 :])


@given(st.integers(0, 99999))
def test_la_poste_counts_its_offices_otherwise(office: int) -> None:
    number = f"{siren.LA_POSTE}{office:05d}"
    luhn = sum((int(d) * 2 - 9 if int(d) > 4 else int(d) * 2) if place % 2 else int(d) for place, d in enumerate(reversed(number))) % 10 == 0
    assert siren.is_siret(number) is (luhn or sum(map(int, number)) % 5 == 0)


@pytest.mark.parametrize("text", ["", "21170300", "211703004x", "21170300400012 ", "００００００００００００００", "35600000000048x"])
def test_what_is_no_register_number(text: str) -> None:
    assert not siren.is_siret(text)
    assert not siren.is_siren(text)
