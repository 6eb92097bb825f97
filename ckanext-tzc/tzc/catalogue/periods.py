"""Periods of time, as far as people write them: a year, a month, a day or a moment."""
from __future__ import annotations

import re

WRITTEN = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?(?=$|[T ])")


def ends_before_it_starts(start: str, end: str) -> bool:
    """Whether the end lies before the start. What is told of only one of the two (a day, where the other is a year) is not compared."""
    first, last = WRITTEN.match(start), WRITTEN.match(end)
    if not first or not last:
        return False
    told = min(len(first[0]), len(last[0]))
    return last[0][:told] < first[0][:told]
