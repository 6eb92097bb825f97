"""What a file would be as a table, before it is one. The tables room reads it; without it no file is a table."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from tzc.feeding.columns import Column
from tzc.tables.errors import Skipped


@dataclasses.dataclass(frozen=True)
class Look:
    """A table's columns and rows; of the columns that tell rows apart, how many rows have nothing in one of them, and how many of their values stand in several rows."""

    columns: tuple[Column, ...]
    rows: int
    without_key: int = 0
    keys_twice: int = 0


Reader = Callable[[Path, str, Collection[str]], Look]
Words = Callable[[str, Mapping[str, Any]], str]

_answer: list[tuple[Reader, Words]] = []


def look(file: Path, declared: str, keys: Collection[str] = ()) -> Look:
    """Read a file, declared as a format, as it will be loaded; `keys` are names of columns. Raises `tzc.tables.errors.Refused` for a broken table, `Skipped` for none."""
    if not _answer:
        raise Skipped("not_a_table")
    return _answer[-1][0](file, declared, keys)


def reason(code: str, parameters: Mapping[str, Any]) -> str:
    """Why a file is no table, in the reader's language."""
    return _answer[-1][1](code, parameters) if _answer else code


def answered_by(reader: Reader, words: Words) -> None:
    """Let a room answer; safe to call again."""
    _answer[:] = [(reader, words)]
