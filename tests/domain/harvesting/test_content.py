"""What a file is by its first bytes, and when that takes the place of what was stated."""
from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tzc.harvesting import content, repair

OFFICE = ("[Content_Types].xml", "_rels/.rels")


def archive(*names: str, first: bytes = b"x" * 40) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, first)
    return out.getvalue()


def opened(media: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", media)
        made.writestr("content.xml", "<office/>")
    return out.getvalue()


ROWS = "commune;habitants\n" + "La Rochelle;77205\nAytré;9254\n" * 4
COLLECTION = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None, "properties": {}}]})
CASES: list[tuple[str, bytes]] = [
    ("CSV", ROWS.encode()), ("CSV", ROWS.encode("cp1252")), ("CSV", b"\xef\xbb\xbf" + ROWS.encode()), ("CSV", ROWS.encode("utf-16")), ("CSV", ROWS.replace(";", ",").encode()),
    ("CSV", ROWS.replace("\n", "\r\n").encode()), ("CSV", b'nom|lieu|jour\n"a | b"|c|1\nd|e|2\nf|g|3\n'), ("CSV", b'nom;texte\na;"une\nligne"\nb;"deux"\n'), ("TSV", ROWS.replace(";", "\t").encode()),
    ("JSON", b'{"a": [1, 2]}'), ("JSON", b' [ {"a": 1} ]'), ("JSON", b"[]"), ("JSON_LD", b'{"@context": "https://schema.org", "@type": "Dataset"}'), ("GEOJSON", COLLECTION.encode()),
    ("GEOJSON", b'{"type": "Point", "coordinates": [1, 46]}'), ("JSON", b'{"type": "Point of sale", "name": "x"}'),
    ("XML", b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- mot --><lignes><ligne/></lignes>'), ("XML", b'<?xml version="1.0"?><a/>'), ("XML", b"<lignes><ligne>1</ligne></lignes>"),
    ("KML", b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document/></kml>'), ("GML", b'<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2"/>'),
    ("GML", b'<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" numberMatched="1">'), ("RDF_XML", b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'),
    ("RSS", b'<rss version="2.0"><channel/></rss>'), ("ATOM", b'<feed xmlns="http://www.w3.org/2005/Atom"/>'), ("HTML", b"<!DOCTYPE html><html><body>Table</body></html>"), ("HTML", b"<html>\n<a>"),
    ("HTML", b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    ("XLSX", archive(*OFFICE, "xl/workbook.xml")), ("DOCX", archive(*OFFICE, "word/document.xml")), ("PPTX", archive(*OFFICE, "ppt/presentation.xml")), ("ODS", opened("application/vnd.oasis.opendocument.spreadsheet")),
    ("ODT", opened("application/vnd.oasis.opendocument.text")), ("EPUB", opened("application/epub+zip")), ("SHP", archive("pistes/pistes.dbf", "pistes/pistes.shp", "pistes/pistes.shx")), ("SHP", archive("PISTES.SHP")),
    ("GTFS", archive("agency.txt", "stops.txt", "routes.txt", "trips.txt")), ("KMZ", archive("doc.kml")), ("ZIP", archive("lisez-moi.txt", "stops.txt")), ("ZIP", archive("a.csv")),
    ("PARQUET", b"PAR1\x15\x04"), ("PDF", b"%PDF-1.7\n%\xe2\xe3"), ("GZIP", gzip.compress(ROWS.encode())), ("ICS", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"), ("RDF_TURTLE", b"@prefix dct: <http://purl.org/dc/terms/> .\n"),
    ("", b""), ("", b"   \n"), ("", b"\x00\x01\x02"), ("", b"Une phrase, puis une autre.\nEt encore, une ligne.\nRien, de plus."), ("", b"un mot\nun autre\n"), ("", b"{pas du json}"), ("", b'{"a": 1,}'),
    ("", b"\x89PNG\r\n\x1a\n\x00\x00"), ("", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("", b"une seule;ligne"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "head"), CASES, ids=[f"{number}-{kind or 'nothing'}" for number, (kind, _) in enumerate(CASES)])
def test_what_a_file_is(kind: str, head: bytes) -> None:
    assert content.found(head, whole=True) == kind
    assert kind == "" or kind in content.KINDS


def test_databases(tmp_path: Path) -> None:
    for name, application in (("SQLITE", 0), ("GPKG", 0x47504B47)):
        path = tmp_path / name
        with sqlite3.connect(path) as base:
            base.execute(f"PRAGMA application_id = {application}")
            base.execute("CREATE TABLE a (b)")
        assert content.found(path.read_bytes()[: content.HEAD]) == name


def test_a_file_that_is_cut_off_is_known_too() -> None:
    assert content.found((ROWS * 1000).encode()[: content.HEAD]) == "CSV"
    assert content.found(("é;à\n" * 5000).encode()[: content.HEAD - 1]) == "CSV", "a letter is cut in two"
    assert content.found(json.dumps([{"nom": "x" * 50}] * 1000).encode()[: content.HEAD]) == "JSON"
    assert content.found((COLLECTION[:-2] + " " * 20_000).encode()[: content.HEAD]) == "GEOJSON"
    assert content.found(b'a;"' + b"x" * content.HEAD) == ""


def test_the_list_at_the_end_of_an_archive_tells_what_its_beginning_does_not() -> None:
    noise = b"".join(hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(1600))
    whole = archive("communes.dbf", "communes.prj", "communes.shp", first=noise)
    head, tail = whole[: content.HEAD], whole[-content.HEAD :]
    assert content.found(head) == "ZIP" and content.found(head, tail) == "SHP"


@given(st.binary(max_size=2000), st.binary(max_size=500), st.booleans())
@example(b"PK\x03\x04" + b"\xff" * 40, b"PK\x01\x02" + b"\xff" * 50, True)
@example(b"PK\x03\x04", b"PK\x01\x02", False)
@example(b"[" * 1999, b"", True)
@example(b"<!DOCTYPE [", b"", False)
@example(b"<?xml", b"", True)
@example(b"\xff\xfe\x00\xd8", b"", True)
@example(b'"' * 2000, b"", False)
@example(b"a\rb;c\x00", b"", True)
def test_any_bytes_have_an_answer(head: bytes, tail: bytes, whole: bool) -> None:
    assert content.found(head, tail, whole=whole) in {"", *content.KINDS}


@given(st.sampled_from([head for _, head in CASES]), st.integers(0, 400), st.binary(max_size=5), st.booleans())
def test_any_file_that_is_damaged_has_an_answer(head: bytes, place: int, noise: bytes, whole: bool) -> None:
    assert content.found(head[:place] + noise + head[place + len(noise) :], head[place:], whole=whole) in {"", *content.KINDS}


@given(st.text(max_size=1000), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_any_text_has_an_answer(text: str, charset: str) -> None:
    assert content.found(text.encode(charset, "replace")) in {"", *content.KINDS}


@pytest.mark.parametrize(
    ("stated", "bytes_are", "better"),
    [
        ("", "CSV", "CSV"), ("", "", ""), ("ZIP", "SHP", "SHP"), ("ZIP", "GTFS", "GTFS"), ("ZIP", "XLSX", "XLSX"), ("ZIP", "ZIP", ""), ("ZIP", "HTML", ""), ("HTML", "CSV", "CSV"), ("HTML", "HTML", ""),
        ("TXT", "CSV", "CSV"), ("XML", "GML", "GML"), ("JSON", "GEOJSON", "GEOJSON"), ("CSV", "HTML", ""), ("CSV", "XLSX", ""), ("SHP", "ZIP", ""), ("GEOJSON", "JSON", ""), ("", "HTML", "HTML"), ("JSON", "HTML", ""),
    ],
)  # fmt: skip
def test_what_takes_the_place_of_what_was_stated(stated: str, bytes_are: str, better: str) -> None:
    assert repair.better_format(stated, bytes_are) == better


def test_what_took_its_place_is_left_alone() -> None:
    for stated in ("", *repair.CONTESTED):
        for kind in content.KINDS:
            if better := repair.better_format(stated, kind):
                assert repair.better_format(better, kind) == "" and better == kind
