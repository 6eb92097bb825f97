"""Which files are taken."""
from __future__ import annotations

import pytest
from tzc.catalogue.uploads import Refusal, extension, refusal

ALLOWED = ["csv", "geojson", "zip"]


@pytest.mark.parametrize(
    ("name", "media_type", "size", "expected"),
    [
        ("a.csv", "text/plain", 10, None),
        ("a.CSV", "text/csv", 100, None),
        ("a.csv", "text/csv", 101, Refusal("size", "101")),
        ("a.csv", "text/csv", 0, Refusal("empty", "0")),
        ("a.exe", "application/x-dosexec", 10, Refusal("type", "exe")),
        ("noend", "text/plain", 10, Refusal("type", "noend")),
        ("a.csv", "text/html", 10, Refusal("content", "text/html")),
        ("a.csv", "application/x-pie-executable", 10, Refusal("content", "application/x-pie-executable")),
        ("a.zip", "application/java-archive", 10, Refusal("content", "application/java-archive")),
    ],
)
def test_what_is_refused_and_why(name: str, media_type: str, size: int, expected: Refusal | None) -> None:
    assert refusal(name, media_type, size, ALLOWED, 100) == expected


@pytest.mark.parametrize(
    ("name", "head", "taken"),
    [
        ("a.csv", b"nom,texte\nA,<script>alert(1)</script>\n", True),
        ("a.csv", b"<nom>,val\n1,2\n", True),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"properties": {"lien": "<a href=\'x\'>', True),
        ("a.csv", b"<!DOCTYPE html><html>", False),
        ("a.csv", b"\xef\xbb\xbf <!-- x --> <HTML lang=fr>", False),
        ("a.csv", b"<script>alert(1)</script>", False),
        ("a.csv", "\ufeff<html>".encode("utf-16-le"), False),
        ("a.geojson", b"<?xml version='1.0'?><svg onload='x'/>", False),
        ("a.zip", b"nom,texte\nA,<script>\n", False),
    ],
)
def test_a_tag_in_a_value_makes_no_page(name: str, head: bytes, taken: bool) -> None:
    assert (refusal(name, "text/html", 10, ALLOWED, 100, head) is None) is taken


def test_a_hidden_file_has_no_extension() -> None:
    assert extension(".csv") == ""
    assert extension("a.b.csv") == "csv"
