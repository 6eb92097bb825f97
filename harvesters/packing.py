"""Answers that come packed (`Content-Encoding`), unpacked part by part. One that ends in the middle is told from a whole one: where no length is said, nothing else does.

    DecodeError   it is broken, or ends in the middle (urllib3's own)
"""
from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from urllib3.exceptions import DecodeError

CHUNK = 65_536
GZIP = frozenset({"gzip", "x-gzip"})
DEFLATE = "deflate"
MAGIC = b"\x1f\x8b"
"""What each member of a gzip begins with."""

MOST = 2
"""Packings, one in the other, that are undone."""


def parts(response: Any) -> Iterator[bytes]:
    """The body of an answer of urllib3, unpacked where it is packed in a way that is known; no part has more than `CHUNK` bytes."""
    said = [way.strip().lower() for way in response.headers.get("content-encoding", "").split(",")]
    ways = [way for way in said if way not in {"", "identity"}]
    found = _as_sent(response)
    if len(ways) <= MOST and all(way in {*GZIP, DEFLATE} for way in ways):
        for way in reversed(ways):
            found = unpacked(found, way)
    return found


def _as_sent(response: Any) -> Iterator[bytes]:
    while part := response.read1(CHUNK, decode_content=False):
        yield part


def unpacked(packed: Iterable[bytes], way: str) -> Iterator[bytes]:
    """What was packed. A gzip may have several members; what follows and is none is left alone, as others do."""
    unpacking: Any = None
    held = b""
    for part in packed:
        held += part
        while held:
            if unpacking is None or unpacking.eof:
                if len(held) < len(MAGIC):
                    break  # too little to see what begins
                if unpacking is not None and not (way in GZIP and held.startswith(MAGIC)):
                    return
                unpacking = zlib.decompressobj(_window(held, way))
            try:
                yield from _made_of(held, unpacking)
            except zlib.error as error:
                raise DecodeError(f"what it packed ({way}) is broken: {error}") from error
            held = unpacking.unused_data
    if held if unpacking is None else not unpacking.eof:
        raise DecodeError(f"what it packed ({way}) ends in the middle")


def _made_of(held: bytes, unpacking: Any) -> Iterator[bytes]:
    full = True
    while full:
        made = unpacking.decompress(held, CHUNK)
        if made:
            yield made
        held, full = unpacking.unconsumed_tail, len(made) == CHUNK


def _window(beginning: bytes, way: str) -> int:
    """How zlib is to read it: a gzip, a zlib stream (RFC 1950), or, where a server takes “deflate” by its word, the bare one (RFC 1951)."""
    if way in GZIP:
        return 16 + zlib.MAX_WBITS
    named = beginning[0] & 0x0F == zlib.DEFLATED and int.from_bytes(beginning[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if named else -zlib.MAX_WBITS
