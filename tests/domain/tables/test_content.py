"""What a file is, from its first bytes."""
from __future__ import annotations

import pytest
from tzc.tables.content import Source, source
from tzc.tables.errors import CODES, EXCERPT, Refused, Skipped, excerpt


@pytest.mark.parametrize(
    ("head", "declared", "wanted"),
    [
        (b"a,b\n1,2\n", "CSV", Source.DELIMITED),
        (b"a\tb\n", ".tsv", Source.DELIMITED),
        (b"<nom>,val\n1,2\n", "CSV", Source.DELIMITED),
        (b"\xff\xfea\x00,\x00", "csv", Source.DELIMITED),
        (b'{"type": "FeatureCollection"}', "GeoJSON", Source.GEOJSON),
        (b' {"type": "Feature"}', "json", Source.GEOJSON),
        (b"PK\x03\x04....[Content_Types].xml xl/workbook.xml", "CSV", Source.WORKBOOK),
        (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK", "", Source.WORKBOOK),
        (b"PK\x03\x04", "xlsx", Source.WORKBOOK),
    ],
)
def test_source(head: bytes, declared: str, wanted: Source) -> None:
    assert source(head, declared) is wanted


@pytest.mark.parametrize(
    ("head", "declared", "code"),
    [
        (b"<!DOCTYPE html>", "csv", "html"),
        (b"\n <html>", "CSV", "html"), (b"<?xml version='1.0'?><a,b/>", "csv", "html"), (b"<erreur>Page introuvable</erreur>", "csv", "html"),
        (b"<script>x(1, 2)</script>", "csv", "html"), (b"", "csv", "empty"), (b"%PDF-1.4", "csv", "binary"), (b"PK\x03\x04 word/", "csv", "binary"), (b"a,b", "xlsx", "workbook"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(head: bytes, declared: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        source(head, declared)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("head", "declared"),
    [(b"%PDF-1.4", "PDF"), (b"PK\x03\x04 word/", "zip"), (b"\x89PNG\r\n", "png"), (b"", "pdf"), (b"hello", "txt"), (b"<svg>", "svg"), (b"@prefix", "ttl")],
)
def test_other_files_are_left_alone(head: bytes, declared: str) -> None:
    with pytest.raises(Skipped):
        source(head, declared)


def test_an_excerpt_is_one_short_line_without_control_characters() -> None:
    shown = excerpt("a\x00\tb\n" + "x" * 500)
    assert len(shown) == EXCERPT
    assert shown.isprintable()


def test_every_code_has_a_sentence() -> None:
    parameters = {"row": 1, "column": 1, "have": 1, "want": 1, "most": 1, "detail": "x"}
    for code in CODES:
        assert "%" not in str(Refused(code, **parameters))
    with pytest.raises(KeyError):
        Refused("unheard of")
