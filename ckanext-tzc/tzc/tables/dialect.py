"""Which character separates the columns of a delimited text."""
from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator

SEPARATORS = (",", ";", "\t", "|")


def separator(sample: str, complete: bool = True) -> str:
    """The separator that cuts the sample's rows most evenly into the most columns; a comma when nothing is cut.

    `complete`: whether the sample is the whole file; else its last row may be cut and does not count.
    """
    best = max(SEPARATORS, key=lambda candidate: (_evenness(sample, candidate, complete), -SEPARATORS.index(candidate)))
    return best if _evenness(sample, best, complete) > 0 else ","


def header(sample: str, delimiter: str) -> list[str]:
    """The cells of the first row that is not blank; empty when there is none. Raises csv.Error on a cell of more than 128 KiB."""
    return next((row for row in _rows(sample, delimiter) if row), [])


def cells(line: str, delimiter: str) -> int:
    """How many cells a row has."""
    return len(next(_rows(line, delimiter), []))


def _rows(sample: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(sample.splitlines(keepends=True), delimiter=delimiter)


def _evenness(sample: str, delimiter: str, complete: bool) -> float:
    """0 when the header is not cut; else its number of cells times the square of the share of rows that agree with it."""
    try:
        widths = [len(row) for row in _rows(sample, delimiter) if row]
    except csv.Error:
        return 0
    if not complete and len(widths) > 1:
        widths.pop()
    if not widths or widths[0] < 2:
        return 0
    return float((widths[0] - 1) * (Counter(widths)[widths[0]] / len(widths)) ** 2)
