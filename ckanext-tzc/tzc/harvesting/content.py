"""What a file is, by its first bytes: signatures, the names in an archive, the root of a document, the shape of a table. Pure; any bytes give an answer, or none."""
from __future__ import annotations

import csv
import json
import re
import struct
from collections.abc import Iterable, Iterator

from tzc.web_page import begins_as_page

HEAD = 8192
"""Bytes from the beginning of a file that tell what it is, and as many from the end of an archive, where its list stands."""

KINDS = (
    "CSV", "TSV", "JSON", "GEOJSON", "JSON_LD", "XML", "GML", "KML", "RDF_XML", "RSS", "ATOM", "HTML", "XLSX", "DOCX", "PPTX", "ODS", "ODT", "EPUB", "SHP", "GTFS", "KMZ", "ZIP",
    "GPKG", "SQLITE", "PARQUET", "PDF", "GZIP", "ICS", "RDF_TURTLE",
)  # fmt: skip
"""What can be found: codes of the file-type vocabulary; GeoPackage, SQLite, Parquet and GTFS, which it lacks."""

_GEOPACKAGES = {b"GPKG", b"GP10", b"GP11"}
_OPEN_DOCUMENTS = {b"application/vnd.oasis.opendocument.spreadsheet": "ODS", b"application/vnd.oasis.opendocument.text": "ODT", b"application/epub+zip": "EPUB"}
_OFFICE = {"xl/": "XLSX", "word/": "DOCX", "ppt/": "PPTX"}
_TRANSIT = frozenset({"agency.txt", "routes.txt", "trips.txt", "stops.txt", "stop_times.txt", "calendar.txt", "calendar_dates.txt", "feed_info.txt"})
_FEWEST_OF_TRANSIT = 3

Names = list[str]


def found(head: bytes, tail: bytes = b"", *, whole: bool = False) -> str:
    """One of KINDS, or nothing where the bytes do not tell. `tail`: the last bytes of an archive, where they are at hand; `whole`: whether `head` is all there is."""
    if head.startswith(b"PK\x03\x04"):
        return _archive(head, tail or (head if whole else b""))
    if head.startswith(b"SQLite format 3\x00"):
        return "GPKG" if head[68:72] in _GEOPACKAGES else "SQLITE"
    for beginning, kind in ((b"PAR1", "PARQUET"), (b"%PDF-", "PDF"), (b"\x1f\x8b\x08", "GZIP")):
        if head.startswith(beginning):
            return kind
    text = _text(head)
    return _of_text(text, head, whole) if text.strip() else ""


# archives


def _archive(head: bytes, tail: bytes) -> str:
    """What lies in an archive; ZIP where nothing else is known of it."""
    for media, kind in _OPEN_DOCUMENTS.items():
        # the first entry is its media type, not packed
        if head[30:38] == b"mimetype" and head[38:].startswith(media):
            return kind
    names = [*dict.fromkeys((*_listed(tail), *_first(head)))]
    if "[Content_Types].xml" in names:
        return next((kind for folder, kind in _OFFICE.items() if any(name.startswith(folder) for name in names)), "ZIP")
    ends = {name.rpartition(".")[2].lower() for name in names}
    last = {name.rpartition("/")[2].lower() for name in names}
    if ends & {"shp", "shx"}:
        return "SHP"
    if len(last & _TRANSIT) >= _FEWEST_OF_TRANSIT:
        return "GTFS"
    return "KMZ" if "kml" in ends and "doc.kml" in last else "ZIP"


def _first(head: bytes) -> Iterator[str]:
    """Names of entries, as they stand before each of them."""
    place = 0
    while (place := head.find(b"PK\x03\x04", place)) >= 0 and place + 30 <= len(head):
        (length,) = struct.unpack_from("<H", head, place + 26)
        yield _name(head[place + 30 : place + 30 + length])
        place += 4


def _listed(tail: bytes) -> Iterator[str]:
    """Names of entries, as they stand in the list at the end."""
    place = 0
    while (place := tail.find(b"PK\x01\x02", place)) >= 0 and place + 46 <= len(tail):
        (length,) = struct.unpack_from("<H", tail, place + 28)
        yield _name(tail[place + 46 : place + 46 + length])
        place += 4


def _name(content: bytes) -> str:
    return content.decode("utf-8", "replace")


# texts

_UNWRITTEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
"""Characters that no text holds."""


def _text(head: bytes) -> str:
    """The bytes as a text, in whichever charset; nothing where they are none. A letter that is cut off at the end is left out."""
    for mark, charset in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            text = head[2 : 2 + (len(head) - 2) // 2 * 2].decode(charset, "replace")
            return "" if _UNWRITTEN.search(text[:-1]) else text
    for cut in range(4):
        try:
            text = head[: len(head) - cut].removeprefix(b"\xef\xbb\xbf").decode("utf-8")
            break
        except UnicodeDecodeError:
            continue
    else:
        text = head.decode("latin-1")
    return "" if _UNWRITTEN.search(text) else text


def _of_text(text: str, head: bytes, whole: bool) -> str:
    start = text.lstrip()
    if start.startswith("<"):
        return _marked(start, head)
    if start.startswith(("{", "[")):
        return _json(start, whole)
    if start.startswith("BEGIN:VCALENDAR"):
        return "ICS"
    if re.match(r"(@prefix|@base|PREFIX|BASE)\s", start):
        return "RDF_TURTLE"
    return _table(text, whole)


_BEFORE_ROOT = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>)", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"\s*<(?:([\w.-]+):)?([\w.-]+)([^>]*)")
_ROOTS = {"kml": "KML", "rss": "RSS", "feed": "ATOM", "rdf": "RDF_XML", "html": "HTML"}
_GML = ("http://www.opengis.net/gml", "http://www.opengis.net/wfs")


def _marked(start: str, head: bytes) -> str:
    """By the root of a document. A drawing is none of what is looked for."""
    place = 0
    while before := _BEFORE_ROOT.match(start, place):
        place = before.end()
    root = _ROOT.match(start, place)
    if root is None:
        return ""
    name, attributes = root[2].lower(), root[3]
    if name in _ROOTS:
        return _ROOTS[name]
    if name == "svg":
        return ""
    if begins_as_page(head) and not start.startswith("<?xml"):
        return "HTML"
    if root[1] == "gml" or (name == "featurecollection" and any(space in attributes for space in _GML)):
        return "GML"
    return "XML" if start.startswith("<?xml") or root[1] or "xmlns" in attributes or "</" in start or "/>" in start else ""


_SHAPES = "FeatureCollection|Feature|Point|MultiPoint|LineString|MultiLineString|Polygon|MultiPolygon|GeometryCollection"
_GEOJSON = re.compile(rf'"type"\s*:\s*"(?:{_SHAPES})"')
_OF_GEOJSON = re.compile(r'"(?:features|geometry|coordinates|geometries)"\s*:')
_BEGINS = re.compile(r'\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]\d-]|true|false|null|$)')


def _json(start: str, whole: bool) -> str:
    if not _BEGINS.match(start):
        return ""
    if whole:
        try:
            json.loads(start)
        except (ValueError, RecursionError):
            return ""
    if start.startswith("{") and _GEOJSON.search(start) and _OF_GEOJSON.search(start):
        return "GEOJSON"
    return "JSON_LD" if re.search(r'"@(?:context|graph|id)"\s*:', start) else "JSON"


MOST_ROWS = 50
_FEWEST = {"\t": 2, ";": 2, "|": 3, ",": 3}
"""Rows that must agree before a text is taken for a table: a comma stands in sentences too."""


def _table(text: str, whole: bool) -> str:
    """Rows of a text that all have as many values, two at least, by one sign between them."""
    for sign, fewest in _FEWEST.items():
        rows = _rows(text, sign, whole)
        widths = {len(row) for row in rows}
        if len(rows) < fewest or len(widths) != 1 or widths.pop() < 2 or not any(value.strip() for value in rows[0]):
            continue
        # after a comma of a sentence stands a blank
        if sign != "," or not all(value.startswith(" ") for row in rows for value in row[1:]):
            return "TSV" if sign == "\t" else "CSV"
    return ""


def _rows(text: str, sign: str, whole: bool) -> list[list[str]]:
    """The first rows; the last of a text that is cut off is left out, empty ones too."""
    lines: Iterable[str] = text.splitlines(keepends=True)
    try:
        rows = [row for row in csv.reader(lines, delimiter=sign, strict=False) if row]
    except csv.Error:
        return []
    return (rows if whole else rows[:-1])[:MOST_ROWS]
