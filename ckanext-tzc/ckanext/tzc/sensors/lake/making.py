"""A dataset's files of a month, made anew: of what the files of before hold, and of the rows of the month's table."""
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ckan.model as model
import numpy as np
from numpy.typing import NDArray

from tzc.sensors.model import PUBLIC
from tzc.sensors.partitions import Month, microseconds
from tzc.sensors.readings import Readings, in_order

from .. import columns
from . import catalogue, files, places
from .catalogue import Pair
from .files import Piece

CHUNK = 4_000_000
"""Rows that are held at once."""

_ABOUT = """
    SELECT s.id, s.visibility = 'public', s.external, s.name, s.unit, p.code, p.definition, t.name, f.before, s.kind
    FROM tzc_sensors_stream AS s JOIN tzc_sensors_property AS p ON p.id = s.property JOIN tzc_sensors_thing AS t ON t.id = s.thing
    LEFT JOIN tzc_sensors_forgotten AS f ON f.stream = s.id
    WHERE s.dataset = %s AND s.id = ANY(%s)
"""
ODD = f"""
    EXISTS (SELECT FROM tzc_sensors_moved AS m LEFT JOIN tzc_sensors_stream AS s ON s.id = m.stream LEFT JOIN tzc_sensors_forgotten AS g ON g.stream = m.stream
            WHERE m.file = f.id AND (s.id IS NULL OR (s.visibility <> '{PUBLIC}') <> f.personal OR g.before > m.first))
    OR f.rows <> (SELECT coalesce(sum(m.rows), 0) FROM tzc_sensors_moved AS m WHERE m.file = f.id)
"""
"""Files that hold what they should not: rows of streams that are gone, that were erased, or that others may see than before; raw values that are no longer kept."""

KINDS = ("int4", "timestamptz", "int4", "float8", "int2")


@dataclasses.dataclass(frozen=True)
class Made:
    """A file that was written, and is not known yet."""

    number: int
    path: str
    size: int
    digest: str
    pieces: Sequence[Piece]


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """What a file is made of. `rows`: at most, by stream; `held`: what the lake has; `counts`: what the month's table has, of `total` rows of all datasets."""

    dataset: str
    month: Month
    personal: bool
    streams: Sequence[_Stream]
    rows: Mapping[int, int]
    held: Sequence[Pair]
    counts: Mapping[int, int]
    total: int


@dataclasses.dataclass(frozen=True)
class _Stream:
    number: int
    public: bool
    about: Mapping[str, str]
    before: int


def make(at: Any, dataset: str, month: Month, counts: Mapping[int, int], total: int = 0) -> list[Made]:
    """Write a dataset's files of a month: what is in the lake, and `counts` rows by stream of the month's table, which has so many in all. `at` sees the database at one moment."""
    held = catalogue.pairs(at, "f.dataset = %(dataset)s AND m.month = %(month)s", {"dataset": dataset, "month": catalogue.day(month)})
    rows = {pair.stream: pair.rows for pair in held}
    for stream, count in counts.items():
        rows[stream] = rows.get(stream, 0) + count
    known = _streams(at, dataset, sorted(rows))
    made = []
    for personal in (False, True):
        mine = [stream for stream in known if stream.public is not personal]
        if mine:
            made += _file(at, _Wanted(dataset, month, personal, mine, rows, held, counts, total))
    return made


def _streams(at: Any, dataset: str, numbers: Sequence[int]) -> list[_Stream]:
    at.execute(_ABOUT, (dataset, list(numbers)))
    names = ("external", "name", "unit", "property", "definition", "thing")
    return sorted(
        (_Stream(row[0], row[1], dict(zip(names, row[2:8], strict=True)) | {"kind": row[9]}, microseconds(row[8]) if row[8] else 0) for row in at.fetchall()),
        key=lambda stream: stream.number,
    )


def _file(at: Any, wanted: _Wanted) -> list[Made]:
    month, streams = wanted.month, wanted.streams
    with model.Session.get_bind().begin() as connection:
        # known before it is there, so that what is left of a run that was killed is found
        number, path = catalogue.begin(connection.connection.cursor(), wanted.dataset, month, wanted.personal)
    place = places.here()
    about = {"dataset": wanted.dataset, "month": f"{month.year:04d}-{month.month:02d}", "streams": {str(stream.number): dict(stream.about) for stream in streams}}
    pieces = list(files.together(files.write(place, path, (part for part in _parts(at, wanted) if len(part)), about)).values())
    if not pieces:
        return []
    return [Made(number, path, *place.digest(path), pieces)]


def _parts(at: Any, wanted: _Wanted) -> Iterator[Readings]:
    """All rows in order, part by part; while one is written, the next one is fetched."""
    place = places.here()
    asked = ((chunk, *times) for chunk in _chunks(wanted.streams, wanted.rows) for times in _times(wanted.month, sum(wanted.rows[stream.number] for stream in chunk)))
    with ThreadPoolExecutor(1) as ahead:
        following = None
        for chunk, first, next in asked:
            fetched, following = following, ahead.submit(_part, at, wanted, place, chunk, first, next)
            if fetched is not None:
                yield fetched.result()
        if following is not None:
            yield following.result()


def _part(at: Any, wanted: _Wanted, place: places.Place, chunk: Sequence[_Stream], first: int, next: int) -> Readings:
    numbers = np.array([stream.number for stream in chunk], dtype=np.int32)
    lake, table = _lake(place, wanted.held, numbers, first, next), _table(at, wanted, numbers, first, next)
    return _kept(in_order(files.concatenated([*lake, table])) if lake else _sorted(table), chunk)


def _chunks(streams: Sequence[_Stream], rows: Mapping[int, int]) -> Iterator[list[_Stream]]:
    chunk: list[_Stream] = []
    total = 0
    for stream in streams:
        if chunk and total + rows[stream.number] > CHUNK:
            yield chunk
            chunk, total = [], 0
        chunk.append(stream)
        total += rows[stream.number]
    if chunk:
        yield chunk


def _times(month: Month, rows: int) -> Iterator[tuple[int, int]]:
    """The month as it is, or cut where one stream alone has more rows than are held at once."""
    cuts = np.linspace(month.begins, month.ends, max(1, -(-rows // CHUNK)) + 1).astype(np.int64).tolist()
    cuts[0], cuts[-1] = month.begins, month.ends
    return itertools.pairwise(cuts)


def _lake(place: places.Place, held: Sequence[Pair], numbers: NDArray[np.int32], first: int, next: int) -> list[Readings]:
    wanted = {int(number) for number in numbers}
    by_file: dict[str, list[int]] = {}
    for pair in held:
        # of what is back, the table has all
        if pair.stream in wanted and not pair.back:
            by_file.setdefault(pair.path, []).append(pair.stream)
    return [files.read(place, path, np.array(sorted(mine), dtype=np.int32), first, next - 1) for path, mine in by_file.items()]


def _table(at: Any, wanted: _Wanted, numbers: NDArray[np.int32], first: int, next: int) -> Readings:
    month, mine = wanted.month, [int(number) for number in numbers if wanted.counts.get(int(number))]
    if not mine:
        return files.concatenated([])
    conditions = []
    if sum(wanted.counts[number] for number in mine) != wanted.total:
        conditions.append(f"stream BETWEEN {mine[0]} AND {mine[-1]}")
        conditions.append(at.mogrify("stream = ANY(%s)", (mine,)).decode())
    if (first, next) != (month.begins, month.ends):
        conditions.append(f"time >= '{_moment(first)}' AND time < '{_moment(next)}'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Readings(*columns.read(at, f"SELECT stream, time, seconds, result, flags FROM {month.table}{where}", KINDS))


def _moment(time: int) -> str:
    from ..writing import moments

    return moments([time])[0]


def _sorted(given: Readings) -> Readings:
    """In order; each moment of a stream is there once. Rows mostly lie by time already."""
    if len(given) < 2:
        return given
    codes = given.streams - given.streams.min()
    # numbers of two bytes are sorted by counting
    order = np.argsort(codes.astype(np.uint16) if codes.max() < 65_536 else codes, kind="stable")
    found = given.chosen(order)
    if bool(np.all((np.diff(found.times) > 0) | (np.diff(found.streams) != 0))):
        return found
    return in_order(given)


def _kept(given: Readings, chunk: Sequence[_Stream]) -> Readings:
    """Without raw values that are no longer kept."""
    if not any(stream.before for stream in chunk):
        return given
    numbers = np.array([stream.number for stream in chunk], dtype=np.int32)
    before = np.array([stream.before for stream in chunk], dtype=np.int64)[np.searchsorted(numbers, given.streams)]
    return given.chosen(given.times >= before)


def know(at: Any, month: Month, datasets: Sequence[str], made: Sequence[Made]) -> None:
    """Files that were written take the place of those of before. Does not commit."""
    for dataset in datasets:
        catalogue.retire(at, dataset, month)
    for one in made:
        catalogue.keep(at, one.number, month, one.size, one.digest, one.pieces)


def put_right(connection: Any, dataset: str | None = None) -> int:
    """Make anew what holds what it should not; how many files there were. Nothing is read of those of before any more. Commits."""
    count = 0
    with connection.begin():
        odd = catalogue.kept(connection.connection.cursor(), f"({ODD}) AND (%(dataset)s::text IS NULL OR f.dataset = %(dataset)s)", {"dataset": dataset})
    for of, month in sorted({(file.dataset, file.month) for file in odd}):
        with connection.begin():
            at = connection.connection.cursor()
            made = make(at, of, month, {})
            know(at, month, [of], made)
        count += 1
    if odd:
        tidy(connection, [file.id for file in odd])
    return count


def tidy(connection: Any, now: Sequence[int] = ()) -> int:
    """Remove files that nobody knows of, and those of before after a while; some at once. How many. Commits."""
    place = places.here()
    with connection.begin():
        at = connection.connection.cursor()
        found = catalogue.leftovers(at)
        at.execute("SELECT id, path FROM tzc_sensors_file WHERE id = ANY(%s) AND state <> 'kept'", (list(now),))
        found += [(row[0], row[1]) for row in at.fetchall()]
    for number, path in found:
        if path:
            place.remove(path)
        with connection.begin():
            catalogue.forget(connection.connection.cursor(), [number])
    return len(found)

