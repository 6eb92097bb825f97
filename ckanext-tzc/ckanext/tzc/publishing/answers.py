"""Answers to programs: what they may have kept, in the encoding they read, with reasons in plain text when something is wrong."""
from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import zstandard
from flask import Request, Response
from werkzeug.datastructures import ETags, MIMEAccept

from tzc.publishing.documents import SYNTAXES, TURTLE, Syntax

CHUNK = 64 * 1024
MEDIA = {syntax.media: syntax for syntax in SYNTAXES}
ALSO = {"text/n3": "text/turtle", "application/xml": "application/rdf+xml", "text/xml": "application/rdf+xml", "application/json": "application/ld+json"}
"""Other names of ours."""
ACCEPTED = [*MEDIA, *ALSO]


def refuse(status: int, reason: str) -> Response:
    """A reason, in plain text."""
    return Response(reason + "\n", status, content_type="text/plain; charset=utf-8", headers={"Access-Control-Allow-Origin": "*"})


def negotiated(asked: Request) -> Syntax | None:
    """The syntax that the reader likes best; a reader who takes anything, or does not say, gets Turtle, one who takes none of ours None."""
    if not asked.headers.get("Accept"):
        return TURTLE
    best = _accepted(asked).best_match(ACCEPTED, default=None)
    return MEDIA.get(ALSO.get(best or "", best or ""), TURTLE if best else None)


def ending(asked: Request) -> str:
    """What an address without an ending is read as, where the syntax alone does not say it: Turtle has another name."""
    return "n3" if _accepted(asked).best_match(ACCEPTED, default=None) == "text/n3" else ""


def _accepted(asked: Request) -> MIMEAccept:
    """What the reader takes, without parameters: a character set or a profile of JSON-LD makes no other type."""
    return MIMEAccept([(media.partition(";")[0].strip(), quality) for media, quality in asked.accept_mimetypes])


def asks_for_rdf(asked: Request) -> bool:
    """Whether a reader prefers RDF to a page."""
    accepted = _accepted(asked)
    best = accepted.best_match(["text/html", *ACCEPTED])
    return bool(best) and best != "text/html" and not accepted["text/html"] >= accepted[best]


def fresh(asked: Request, etag: str, changed: datetime | None = None) -> Response | None:
    """304, when the reader has this already: by its mark, or for a reader who sends none by its date."""
    kept: ETags = asked.if_none_match
    since = asked.if_modified_since
    by_date = not asked.headers.get("If-None-Match") and since is not None and changed is not None and _past(changed) and changed.replace(microsecond=0) <= since
    if not by_date and not kept.contains_weak(etag):
        return None
    return _labelled(Response(status=304), etag, changed)


def _past(changed: datetime) -> bool:
    """Whether the second of a change is over: until then another may come in it, which no date would tell apart."""
    return changed < datetime.now(timezone.utc) - timedelta(seconds=2)


def _labelled(response: Response, etag: str, changed: datetime | None) -> Response:
    response.headers["ETag"] = f'W/"{etag}"'
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Link"
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if changed and _past(changed):
        response.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    return response


def rdf(asked: Request, content: bytes | Iterable[bytes], media: str, etag: str, changed: datetime | None) -> Response:
    """A document; `changed` is UTC with its zone."""
    encoding = asked.accept_encodings.best_match(["zstd", "gzip"], default=None)
    packed: Any = _packed(content, encoding)
    # of an answer that is sent while it is made nobody knows the length, so HEAD tells none
    nothing = b"" if isinstance(packed, bytes) else iter(())
    response = Response(packed if asked.method != "HEAD" else nothing, content_type=f"{media}; charset=utf-8" if media.startswith("text/") else media)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    if isinstance(packed, bytes):
        response.headers["Content-Length"] = str(len(packed))
    return _labelled(response, etag, changed)


def _packed(content: bytes | Iterable[bytes], encoding: str | None) -> bytes | Iterator[bytes] | Iterable[bytes]:
    if encoding is None:
        return content if isinstance(content, bytes) else _gathered(content)
    packer: Any = zstandard.ZstdCompressor(level=3).compressobj() if encoding == "zstd" else zlib.compressobj(1, wbits=31)
    if isinstance(content, bytes):
        return bytes(packer.compress(content) + packer.flush())
    return _stream(_gathered(content), packer)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a sensible size."""
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(kept)
            kept, size = [], 0
    yield b"".join(kept)


def _stream(pieces: Iterable[bytes], packer: Any) -> Iterator[bytes]:
    for piece in pieces:
        if out := packer.compress(piece):
            yield out
    yield packer.flush()


def media_of(extension: str, syntax: Syntax) -> str:
    """The media type of an address's ending: N3 has its own."""
    return "text/n3" if extension == "n3" else syntax.media


