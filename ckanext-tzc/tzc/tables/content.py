"""What a file is, from its first bytes; what it was declared to be only decides between texts."""
from __future__ import annotations

from enum import Enum

from tzc.web_page import begins_as_page

from .errors import Refused, Skipped


class Source(Enum):
    """How a file is read."""

    DELIMITED = "delimited"
    WORKBOOK = "workbook"
    GEOJSON = "geojson"


HEAD = 4096
"""Bytes that are enough to tell."""

DELIMITED = frozenset({"csv", "tsv", "tab", "text/csv", "text/tab-separated-values"})
MAPS = frozenset({"geojson", "application/geo+json", "application/vnd.geo+json"})
JSON = frozenset({"json", "application/json"})
WORKBOOKS = frozenset({"xlsx", "xls", "ods", "xlsb", "xlsm"})

_BINARY = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"\xfd7zXZ", b"Rar!", b"PAR1", b"SQLite format 3", b"\x7fELF")


def source(head: bytes, declared: str) -> Source:
    """How to read a file whose first `HEAD` bytes are `head`, declared as `declared` (a format or an extension, any case).

    Raises Skipped when it is no table, Refused when it should be one and is something else.
    """
    said = declared.strip().lower().lstrip(".")
    if not head:
        raise Refused("empty") if said in DELIMITED | MAPS | WORKBOOKS else Skipped("not_a_table")
    if head.startswith(_BINARY):
        raise _mistaken(said, "binary")
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _packed(head, said)
    if said in WORKBOOKS:
        raise Refused("workbook", detail=f"not a {said} file")
    text = head.lstrip(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<" and not (said in DELIMITED and _is_header(text)):
        raise _mistaken(said, "html")
    if said in MAPS or (said in JSON and text[:1] in {b"{", b"["}):
        return Source.GEOJSON
    if said in DELIMITED:
        return Source.DELIMITED
    raise Skipped("not_a_table")


def _is_header(text: bytes) -> bool:
    """Whether a text that begins with `<` is a table all the same, such as `<nom>,val`."""
    line = text.partition(b"\n")[0]
    return not begins_as_page(text) and not line.startswith((b"<?", b"<!")) and any(mark in line for mark in (b",", b";", b"\t", b"|"))


def _packed(head: bytes, said: str) -> Source:
    """A ZIP or an old Office file: a workbook when it says so inside, or was declared one."""
    opendocument = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in head
    if said in WORKBOOKS or opendocument or b"xl/" in head:
        return Source.WORKBOOK
    raise _mistaken(said, "binary")


def _mistaken(said: str, code: str) -> Refused | Skipped:
    return Refused(code) if said in DELIMITED | MAPS else Skipped("not_a_table")
