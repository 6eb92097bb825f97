"""How many observations there are: by their hours where these are settled, so that nothing has to be looked at one by one."""
from __future__ import annotations

from collections.abc import Sequence

from tzc.sensors.partitions import HOUR, PREFIX
from tzc.sensors.readings import Span, joined

from . import reading, writing

_HOURS = "SELECT coalesce(sum(count), 0)::bigint FROM tzc_sensors_hour WHERE stream = ANY(%s::integer[]) AND time >= %s AND time < %s"

_ROWS = f"SELECT count(*) FROM {PREFIX} WHERE stream = ANY(%s::integer[]) AND time >= %s AND time < %s"


def count(streams: Sequence[int], first: int, next: int) -> int:
    """Observations of some streams from a moment up to another."""
    known = reading.last(streams)
    if not len(known.streams):
        return 0
    if first <= int(known.first.min()) and next > int(known.times.max()):
        return int(known.observations.sum())
    # nothing is where nothing was
    first, next = max(first, int(known.first.min())), min(next, int(known.times.max()) + 1)
    begins, ends = first + -first % HOUR, next - next % HOUR
    if begins >= ends:
        return _looked_at(streams, first, next)
    noted = reading.unsettled(streams, begins, ends)
    total = _looked_at(streams, first, begins) + _settled(streams, begins, ends) + _looked_at(streams, ends, next)
    for span in joined([Span(stream, max(one - one % HOUR, begins), min(other - other % HOUR + HOUR, ends)) for stream, one, other in noted]):
        total += _looked_at([span.stream], span.first, span.last) - _settled([span.stream], span.first, span.last)
    return total


def _settled(streams: Sequence[int], first: int, next: int) -> int:
    at = writing.cursor()
    at.execute(_HOURS, (list(streams), *reading.bounds(first, next)))
    return int(at.fetchone()[0])


def _looked_at(streams: Sequence[int], first: int, next: int) -> int:
    if first >= next:
        return 0
    if reading.parts(streams, first, next) != [reading.TABLES]:
        # what lies in two places counts once
        return len(reading.raw(streams, first, next))
    at = writing.cursor()
    at.execute(_ROWS, (list(streams), *reading.bounds(first, next)))
    return int(at.fetchone()[0])
