"""A table that lies somewhere (HTTP, HTTPS, SFTP) and grows or is replaced: text, of which only the new lines are fetched, or Parquet, as a whole where it changed.

Where a text was read to is remembered with a checksum of what stands before it. When that still stands there, reading goes on; otherwise the file is another one, and is read
from its beginning: what was there already changes nothing. A line is read when its end is there, the last one also when the file has stayed as it was.
"""
from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from tzc.sensors import mapping
from tzc.sensors.faults import BatchError
from tzc.sensors.model import Stream
from tzc.sensors.protocols import reading, tables
from tzc.sensors.readings import Decoded

from .. import sftp
from ..http import FetchError
from .asking import Asking
from .base import Cursor, Definition, Kind, Page, opened

PART = 8 * 1024 * 1024
"""Bytes that are fetched at once."""

TAIL = 16 * 1024
TEXT, PARQUET = FORMATS = ("csv", "parquet")


class Part(NamedTuple):
    """Some bytes of a file, and how many it has in all."""

    body: bytes
    size: int


class Remote(Protocol):
    """A file that can be read in parts."""

    def part(self, first: int, length: int) -> Part:
        """Bytes from a place on; none where the file ends before."""

    def whole(self, etag: str) -> tuple[bytes | None, str]:
        """All bytes and what the server calls them; None where it says that they are as they were."""


class File(Kind):
    """Definition: `address`; `mapping` (`tzc.sensors.mapping`); `format`, csv or parquet, else by the address's ending; `host_key` for SFTP."""

    name = "file"
    days = 3660
    apart = 0.1

    def describe(self, client: Asking, definition: Definition) -> list[Stream]:
        """What the mapping names. Stations and streams that lines name are described by their first lines, where the mapping says `create`."""
        written = mapping.read(definition["mapping"])
        things = list(written.places) if "thing" in written.paths else [""]
        return [written.stream(value, thing, sensor=_title(definition)) for thing in things for value in written.values]

    def collect(self, client: Asking, definition: Definition, cursor: Cursor | None) -> Iterator[Page]:
        """New lines, or the file."""
        with _remote(client, definition) as remote:
            if _format(definition) == PARQUET:
                yield from self._whole(remote, definition, cursor or {})
            else:
                yield from self._lines(remote, definition, cursor or {})

    def _whole(self, remote: Remote, definition: Definition, cursor: Cursor) -> Iterator[Page]:
        body, etag = remote.whole(str(cursor.get("etag") or ""))
        digest = hashlib.sha256(body).hexdigest() if body is not None else ""
        if body is not None and digest != cursor.get("digest"):
            yield self.page({"format": PARQUET}, body, definition, {"etag": etag, "digest": digest})

    def _lines(self, remote: Remote, definition: Definition, cursor: Cursor) -> Iterator[Page]:
        place = _Place.of(cursor)
        before = min(place.offset, place.tail_length)
        part = remote.part(place.offset - before, before + PART)
        if hashlib.sha256(part.body[:before]).hexdigest() != place.tail:
            place, before, part = _Place.of({}), 0, remote.part(0, PART) if place.offset else part
        body = part.body[before:]
        if place.loose and body and not body.startswith(tuple(_end(end, place.charset) for end in ("\n", "\r\n"))):
            # the last line of before was not at its end
            place = place.back()
            part = remote.part(place.offset, PART)
            body = part.body
        while body:
            at_end = place.offset + len(body) >= part.size
            charset = place.charset if place.offset else _two_bytes(body, definition)
            whole = _ended(body, charset)
            length = len(body) if at_end and cursor.get("size") == part.size and not (charset and len(body) % 2) else whole
            if not length and not at_end:
                raise BatchError("broken", detail="a line without an end")
            if not length:
                return
            # the line of names is read by itself, so that the lines are told in one encoding
            head, lines = (place.head, _text(body[:length], charset, definition)) if place.offset else _parted(body[:length], charset, definition)
            place = place.after(body[:length], part.size, head, length - whole, charset)
            if lines.strip():
                yield self.page({"format": TEXT, "head": head}, lines, definition, place.cursor())
            if at_end:
                return
            part = remote.part(place.offset, PART)
            body = part.body

    def decode(self, body: bytes, definition: Definition) -> Decoded:
        """Lines, or a file."""
        told, answer = opened(body)
        if told.get("format") == PARQUET:
            return tables.parquet(answer, definition)
        return tables.csv(str(told.get("head") or "").encode() + b"\n" + answer, {"mapping": {**definition["mapping"], "encoding": ""}})


class _Place(NamedTuple):
    """How far a text was read. `charset`: of two bytes a sign, as the mark at the beginning said; else nothing."""

    offset: int
    tail: str
    tail_length: int
    head: str
    size: int
    loose: int
    charset: str

    @staticmethod
    def of(cursor: Cursor) -> _Place:
        usual = {"offset": 0, "tail": NOTHING, "tail_length": 0, "head": "", "size": -1, "loose": 0, "charset": ""}
        return _Place(*(cursor.get(name, value) for name, value in usual.items()))

    def after(self, body: bytes, size: int, head: str, loose: int, charset: str) -> _Place:
        last = body[-TAIL:]
        return _Place(self.offset + len(body), hashlib.sha256(last).hexdigest(), len(last), head, size, loose, charset)

    def back(self) -> _Place:
        return self._replace(offset=self.offset - self.loose, loose=0)

    def cursor(self) -> dict[str, Any]:
        return self._asdict()


UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MARK = codecs.BOM_UTF8

NOTHING = hashlib.sha256(b"").hexdigest()


def _two_bytes(body: bytes, definition: Definition) -> str:
    """Which UTF-16 a text is in, as a mark at its beginning tells, or the mapping; nothing where it is in none."""
    said = mapping.read(definition["mapping"]).encoding
    usual = {"utf-16": "utf-16-le"}.get(said, said)
    return next((charset for mark, charset in UTF_16 if body.startswith(mark)), usual if usual in dict(UTF_16).values() else "")


def _end(text: str, charset: str) -> bytes:
    return text.encode(charset or "ascii")


def _ended(body: bytes, charset: str) -> int:
    """How many bytes there are up to the end of the last line that has one."""
    end = _end("\n", charset)
    at = body.rfind(end)
    while charset and at % 2 and at >= 0:
        # the second byte of a sign and the first of the next
        at = body.rfind(end, 0, at + 1)
    return at + len(end) if at >= 0 else 0


def _text(body: bytes, charset: str, definition: Definition) -> bytes:
    """Lines in UTF-8. Raises BatchError."""
    if not charset:
        return reading.text_of(body, mapping.read(definition["mapping"]).encoding)
    try:
        return body.decode(charset).encode()
    except UnicodeDecodeError as error:
        raise BatchError("broken", detail=str(error)[:200]) from error


def _parted(body: bytes, charset: str, definition: Definition) -> tuple[str, bytes]:
    """The first line, and the others in UTF-8. Raises BatchError."""
    if charset:
        first, _, rest = _text(body, charset, definition).removeprefix(MARK).lstrip(b"\r\n").partition(b"\n")
        return first.decode().rstrip("\r"), rest
    first, _, rest = body.lstrip(b"\r\n").partition(b"\n")
    return _text(first, "", definition).decode().lstrip("\ufeff").rstrip("\r"), _text(rest, "", definition)


def _format(definition: Definition) -> str:
    told = str(definition.get("format") or "")
    return told if told in FORMATS else PARQUET if urlsplit(str(definition["address"])).path.lower().endswith(".parquet") else TEXT


def _title(definition: Definition) -> str:
    return unquote(urlsplit(str(definition["address"])).path.rpartition("/")[2]) or "file"


# where it lies


class _Web:
    def __init__(self, client: Asking, address: str) -> None:
        self.client, self.address = client, address

    def __enter__(self) -> _Web:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open."""

    def part(self, first: int, length: int) -> Part:
        try:
            answer = self.client.question(self.address, None, {"Range": f"bytes={first}-{first + length - 1}", "Accept-Encoding": "identity"})
        except FetchError as error:
            if "status 416" in str(error):  # it ends before
                return Part(b"", 0)
            raise
        answer.refuse_page("a table") if answer.body else None
        if answer.status == 206:
            size = answer.headers.get("content-range", "").rpartition("/")[2]
            return Part(answer.body, int(size) if size.isdigit() else first + len(answer.body))
        return Part(answer.body[first : first + length], len(answer.body))

    def whole(self, etag: str) -> tuple[bytes | None, str]:
        answer = self.client.question(self.address, None, {"If-None-Match": etag} if etag else None)
        return (None, etag) if answer.status == 304 else (answer.body, answer.etag)


class _Sftp:
    def __init__(self, client: Asking, definition: Definition) -> None:
        parts = urlsplit(str(definition["address"]))
        self.path, self.limits = unquote(parts.path), client.limits
        self.session = sftp.session(
            parts.hostname or "", parts.port or 22, str(definition.get("host_key") or ""), client.secret, internal=client.allow_internal, seconds=client.limits.run
        )  # fmt: skip

    def __enter__(self) -> _Sftp:
        self.client = self.session.__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        return self.session.__exit__(*raised)

    def part(self, first: int, length: int) -> Part:
        size = int(self.client.stat(self.path).st_size or 0)
        with self.client.open(self.path, "rb") as source:
            source.seek(first)
            length = max(0, min(length, size - first))
            if length:
                source.prefetch(first + length, max_concurrent_requests=64) if first == 0 else None
            return Part(source.read(length) if length else b"", size)

    def whole(self, etag: str) -> tuple[bytes | None, str]:
        told = self.client.stat(self.path)
        mark = f"{told.st_size} {told.st_mtime}"
        if mark == etag:
            return None, etag
        if (told.st_size or 0) > self.limits.size:
            raise FetchError(f"The file has more than {self.limits.size // 2**20} MB.", "too_large")
        return self.part(0, int(told.st_size or 0)).body, mark


def _remote(client: Asking, definition: Definition) -> Any:
    address = str(definition["address"])
    return _Sftp(client, definition) if urlsplit(address).scheme == "sftp" else _Web(client, address)
