"""What all listings of catalogues share: each record once, an end in any case, and knowing whether it was all."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from .http import FetchError
from .record import Item

MOST_RECORDS = 100_000
"""Records that are taken of one catalogue."""


MOST_PROBLEMS = 200
"""Records without identifier, and such, that are told of one by one."""


class IncompleteError(FetchError):
    """The listing is not whole, though nothing failed. What came is good; what did not come may still be there."""


def once(pages: Iterable[list[Item]]) -> Iterator[Item]:
    """The items of the pages, each once. A page that brings nothing new is a sign of a listing that never ends."""
    seen: set[str] = set()
    problems = 0
    for number, page in enumerate(pages, 1):
        bad = [item for item in page if item.problem]
        new = {item.identifier: item for item in page if not item.problem and item.identifier not in seen}
        yield from (*bad, *new.values())
        seen |= new.keys()
        problems += len(bad)
        if problems > MOST_PROBLEMS:
            raise IncompleteError(f"More than {MOST_PROBLEMS} records cannot be taken; the listing is given up.")
        if len(page) > len(bad) and not new:
            raise IncompleteError(f"Page {number} of the listing brings nothing new: its paging does not work.")
        if len(seen) > MOST_RECORDS or number > MOST_RECORDS:
            raise IncompleteError(f"The listing has more than {MOST_RECORDS} records.")


class Tally:
    """How many records came, each counted once: one that is given twice may stand in another's place."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.nameless = 0

    def add(self, identifiers: Iterable[str]) -> None:
        """Count the records of a page; those without identifier too."""
        for identifier in identifiers:
            self.seen.add(identifier)
            self.nameless += not identifier

    def confirm(self, expected: int | None) -> None:
        """Fail where fewer came than the catalogue says it has."""
        came = len(self.seen - {""}) + self.nameless
        if expected is not None and came < expected:
            raise IncompleteError(f"The catalogue says that it has {expected} records, but gave {came}.")
