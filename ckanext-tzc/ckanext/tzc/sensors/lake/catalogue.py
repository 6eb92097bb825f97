"""What the lake holds, as rows: its files, and what each holds of each stream. Cursors are psycopg2's; nothing here commits."""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from tzc.sensors.partitions import Month

from .files import Piece

WRITING, KEPT, RETIRED = ("writing", "kept", "retired")
"""A file that a run writes, and nobody reads; one that holds what it says; one that another took the place of, and that readers may still have open."""

GRACE = dt.timedelta(hours=1)
"""For how long such a one stays."""

_MICROSECONDS = "(extract(epoch FROM {name}) * 1000000)::bigint"
_PAIRS = f"""
    SELECT m.stream, m.month, m.file, {_MICROSECONDS.format(name="m.first")}, {_MICROSECONDS.format(name="m.last")}, m.rows, m.least, m.most, m.sum, m.back, f.path
    FROM tzc_sensors_moved AS m JOIN tzc_sensors_file AS f ON f.id = m.file
"""
_FILES = "SELECT f.id, f.dataset, f.month, f.personal, f.path, f.rows, f.bytes, f.digest, f.made FROM tzc_sensors_file AS f"


@dataclasses.dataclass(frozen=True)
class File:
    """A file that is kept. `digest`: its SHA-256."""

    id: int
    dataset: str
    month: Month
    personal: bool
    path: str
    rows: int
    bytes: int
    digest: str
    made: dt.datetime


@dataclasses.dataclass(frozen=True)
class Pair:
    """What a file holds of a stream. `back`: the table has all of it too."""

    stream: int
    month: Month
    file: int
    first: int
    last: int
    rows: int
    least: float
    most: float
    sum: float
    back: bool
    path: str

    @property
    def piece(self) -> Piece:
        """The same, as it is counted in a file."""
        return Piece(self.stream, self.rows, self.first, self.last, self.least, self.most, self.sum)


def day(month: Month) -> dt.date:
    """How a month is kept."""
    return month.first.date()


def _month(value: dt.date) -> Month:
    return Month(value.year, value.month)


def pairs(at: Any, where: str, values: Mapping[str, Any]) -> list[Pair]:
    """What files hold of streams, by the oldest month first; `where` speaks of `m` and `f`."""
    at.execute(f"{_PAIRS} WHERE f.state = 'kept' AND {where} ORDER BY m.month, m.file, m.stream", values)
    return [Pair(row[0], _month(row[1]), *row[2:]) for row in at.fetchall()]


def kept(at: Any, where: str = "true", values: Mapping[str, Any] | None = None) -> list[File]:
    """The files that are kept, by dataset and month; `where` speaks of `f`."""
    at.execute(f"{_FILES} WHERE f.state = 'kept' AND {where} ORDER BY f.dataset, f.month, f.personal", values or {})
    return [File(row[0], row[1], _month(row[2]), *row[3:]) for row in at.fetchall()]


def begin(at: Any, dataset: str, month: Month, personal: bool) -> tuple[int, str]:
    """A file that is to be written: its number and path, which no other file ever has."""
    at.execute(
        "INSERT INTO tzc_sensors_file (dataset, month, personal, path, state, rows, bytes, digest, made) VALUES (%s, %s, %s, '', 'writing', 0, 0, '', now()) RETURNING id",
        (dataset, day(month), personal),
    )
    number = int(at.fetchone()[0])
    path = f"{dataset}/{month.year:04d}-{month.month:02d}{'-personal' if personal else ''}.{number}.parquet"
    at.execute("UPDATE tzc_sensors_file SET path = %s WHERE id = %s", (path, number))
    return number, path


def retire(at: Any, dataset: str, month: Month) -> None:
    """Others take the place of a dataset's files of a month."""
    at.execute("DELETE FROM tzc_sensors_moved AS m USING tzc_sensors_file AS f WHERE f.id = m.file AND f.dataset = %s AND f.month = %s AND f.state = 'kept'", (dataset, day(month)))
    at.execute("UPDATE tzc_sensors_file SET state = 'retired', retired = now() WHERE dataset = %s AND month = %s AND state = 'kept'", (dataset, day(month)))


def keep(at: Any, number: int, month: Month, size: int, digest: str, found: Sequence[Piece]) -> None:
    """A file that was written is one that is kept."""
    known = (sum(piece.rows for piece in found), size, digest, number)
    at.execute("UPDATE tzc_sensors_file SET state = 'kept', rows = %s, bytes = %s, digest = %s, made = now() WHERE id = %s", known)
    columns = [[getattr(piece, name) for piece in found] for name in ("stream", "first", "last", "rows", "least", "most", "sum")]
    at.execute(
        """
        INSERT INTO tzc_sensors_moved (stream, month, file, first, last, rows, least, most, sum, back)
        SELECT stream, %s, %s, timestamptz 'epoch' + first * interval '1 microsecond', timestamptz 'epoch' + last * interval '1 microsecond', rows, least, most, sum, false
        FROM unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[]) AS p (stream, first, last, rows, least, most, sum)
        """,
        (day(month), number, *columns),
    )


def leftovers(at: Any) -> list[tuple[int, str]]:
    """Files to be removed: those that a run that is over did not finish, and those of before that nobody reads any more. Only who runs alone may ask."""
    at.execute("SELECT id, path FROM tzc_sensors_file WHERE state = 'writing' OR (state = 'retired' AND retired < now() - %s) ORDER BY id", (GRACE,))
    return [(row[0], row[1]) for row in at.fetchall()]


def forget(at: Any, numbers: Sequence[int]) -> None:
    """Files that were removed."""
    at.execute("DELETE FROM tzc_sensors_file WHERE id = ANY(%s) AND state <> 'kept'", (list(numbers),))
