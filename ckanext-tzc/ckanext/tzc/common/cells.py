"""Cells of tables that people open in a spreadsheet program."""
from __future__ import annotations

from typing import Any

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
"""With which a text is taken for a formula, which may do anything there."""


def plain(value: Any) -> Any:
    """A value that no spreadsheet program takes for a formula; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = f"'{value}" if value.startswith(BEGINNINGS) else value
    # Python's writer puts a line feed in quotes and leaves a carriage return bare: what follows would be another row, and may begin as a formula
    return text.replace("\r\n", "\n").replace("\r", "\n")
