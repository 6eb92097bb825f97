"""Observations lie in a table a month (UTC). Which months some moments need, and what their tables are called."""
from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np

from .readings import SECOND, Ints

PREFIX = "tzc_sensors_observation"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


@dataclasses.dataclass(frozen=True, order=True)
class Month:
    """A month; from its first moment up to the next one's."""

    year: int
    month: int

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"{PREFIX}_{self.year:04d}_{self.month:02d}"

    @property
    def first(self) -> dt.datetime:
        """Its first moment."""
        return dt.datetime(self.year, self.month, 1, tzinfo=dt.timezone.utc)

    @property
    def next(self) -> Month:
        """The month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begins(self) -> int:
        """Its first moment, in microseconds."""
        return microseconds(self.first)

    @property
    def ends(self) -> int:
        """The first moment that is no longer in it, in microseconds."""
        return microseconds(self.next.first)


def microseconds(moment: dt.datetime) -> int:
    """Since 1970."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def moment(microseconds: int) -> dt.datetime:
    """The moment of a whole number."""
    return EPOCH + dt.timedelta(microseconds=microseconds)


def shown(microseconds: int) -> str:
    """A moment for a report, whatever number it is."""
    try:
        return moment(microseconds).isoformat()
    except OverflowError:
        return f"{microseconds} µs"


def month_of(time: int) -> Month:
    """The month that a moment lies in."""
    found = moment(time)
    return Month(found.year, found.month)


def of_table(name: str) -> Month | None:
    """The month of a table; None of another table."""
    stem, _, rest = name.removeprefix(f"{PREFIX}_").partition("_")
    return Month(int(stem), int(rest)) if name.startswith(f"{PREFIX}_") and stem.isdigit() and rest.isdigit() else None


def months(times: Ints) -> list[Month]:
    """All that some moments lie in, in order."""
    numbers = np.unique(times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64))
    return [Month(int(number) // 12 + 1970, int(number) % 12 + 1) for number in numbers]


HOUR = 3600 * SECOND
