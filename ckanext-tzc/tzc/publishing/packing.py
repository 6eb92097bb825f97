"""Fragments as they are stored: packed by Zstandard, with a dictionary of what all fragments of a syntax repeat.

With the dictionary a fragment takes a quarter of the room and is unpacked three times as fast. A packed fragment names its dictionary by a number: those in
`dictionaries/` are never changed nor removed, a better one gets the next number. `ckan tzc publishing dictionary` makes one.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

import zstandard

LEVEL = 6
"""A fragment is packed once and read often."""
SIZE = 16 * 1024
"""Bytes of a dictionary."""
FIRST = 40_000
"""Numbers below 32,768 are for dictionaries that are registered."""


def packed(body: str, syntax: str = "") -> bytes:
    """A fragment in a syntax (its name) as it is stored, with the newest dictionary for it; without one where there is none."""
    number = _newest().get(syntax)
    dictionary = _dictionaries()[number] if number else None
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_content_size=True).compress(body.encode("utf-8"))


def unpacked(stored: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """What `packed` has packed, as UTF-8. Raises zstandard.ZstdError for what is no packed fragment, KeyError for one whose dictionary is not here."""
    readers: dict[int, zstandard.ZstdDecompressor] = {}
    for one in stored:
        number = zstandard.get_frame_parameters(one).dict_id
        if number not in readers:
            readers[number] = zstandard.ZstdDecompressor(dict_data=_dictionaries()[number] if number else None)
        yield readers[number].decompress(one)


def unpacked_one(stored: bytes | memoryview | None) -> bytes:
    """The same of one fragment; nothing of one that is withdrawn."""
    return next(unpacked([stored])) if stored is not None else b""


def trained(samples: Sequence[bytes], number: int) -> bytes:
    """A dictionary for texts like these, with its number. Raises zstandard.ZstdError when they are too few."""
    return zstandard.train_dictionary(SIZE, list(samples), dict_id=number, level=LEVEL).as_bytes()


def next_number() -> int:
    """The number of a dictionary that is made now."""
    return max(_dictionaries(), default=FIRST) + 1


@lru_cache(maxsize=1)
def _dictionaries() -> dict[int, zstandard.ZstdCompressionDict]:
    return {number: zstandard.ZstdCompressionDict(content) for number, (_, content) in _files().items()}


@lru_cache(maxsize=1)
def _newest() -> dict[str, int]:
    """The highest number of each syntax."""
    return {syntax: number for number, (syntax, _) in sorted(_files().items())}


def _files() -> dict[int, tuple[str, bytes]]:
    """Syntax and content of each dictionary by its number, from files named `SYNTAX-NUMBER.zdict`."""
    found = {}
    for file in files(__package__).joinpath("dictionaries").iterdir():
        if file.name.endswith(".zdict"):
            syntax, _, number = file.name.removesuffix(".zdict").rpartition("-")
            found[int(number)] = (syntax, file.read_bytes())
    return found
