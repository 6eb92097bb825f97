"""Columns of observations: order, spans, and hours, against a plain reading one at a time."""
from __future__ import annotations

import datetime as dt
import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from tzc.sensors import partitions, quality, rollup
from tzc.sensors.partitions import HOUR, Month
from tzc.sensors.readings import SECOND, Span, in_order, joined, readings, spans, starts

ROWS = st.lists(st.tuples(st.integers(1, 3), st.integers(-50, 50), st.floats(-1e6, 1e6)), max_size=50)
FLAGS = st.sampled_from([0, quality.RANGE, quality.JUMP, quality.SUSPECT, quality.CORRECTED])


@given(ROWS)
def test_in_order_each_once_the_last_word_counts(rows: list[tuple[int, int, float]]) -> None:
    found = in_order(readings([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]))
    assert list(zip(found.streams.tolist(), found.times.tolist(), found.results.tolist(), strict=True)) == sorted((s, t, v) for (s, t), v in {(s, t): v for s, t, v in rows}.items())
    assert [int(found.streams[place]) for place in starts(found.streams)] == sorted({row[0] for row in rows})


@given(ROWS, st.integers(1, 30))
def test_spans_cover_all_and_nothing_far(rows: list[tuple[int, int, float]], apart: int) -> None:
    found = in_order(readings([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]))
    covered = spans(found, apart)
    moments = list(zip(found.streams.tolist(), found.times.tolist(), strict=True))
    assert all(sum(span.stream == stream and span.first <= time <= span.last for span in covered) == 1 for stream, time in moments)
    for one, next_ in itertools.pairwise(covered):
        assert one.stream < next_.stream or next_.first - one.last > apart
    for span in covered:
        inside = [time for stream, time in moments if stream == span.stream and span.first <= time <= span.last]
        assert (inside[0], inside[-1]) == (span.first, span.last)
        assert all(later - earlier <= apart for earlier, later in itertools.pairwise(inside))


@given(st.lists(st.builds(Span, st.integers(1, 2), st.integers(0, 20), st.integers(21, 40)), max_size=8))
def test_joined_spans_touch_no_other(given_: list[Span]) -> None:
    found = joined(given_)
    assert {(span.stream, moment) for span in given_ for moment in range(span.first, span.last + 1)} == {(span.stream, moment) for span in found for moment in range(span.first, span.last + 1)}
    assert all(one.stream < next_.stream or one.last < next_.first for one, next_ in itertools.pairwise(found))


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 300), st.floats(-100, 100), FLAGS), max_size=60))
def test_hours(rows: list[tuple[int, int, float, int]]) -> None:
    once = sorted({(s, t * 60 * SECOND): (v, f) for s, t, v, f in rows}.items())
    given_ = readings([key[0] for key, _ in once], [key[1] for key, _ in once], [value for _, (value, _f) in once], flags=[flags for _, (_v, flags) in once])
    found = rollup.hours(given_)
    groups: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for (stream, time), row in once:
        groups.setdefault((stream, time - time % HOUR), []).append(row)
    assert list(zip(found.streams.tolist(), found.times.tolist(), strict=True)) == list(groups)
    for place, group in enumerate(groups.values()):
        good = [value for value, flags in group if not flags & quality.LEFT_OUT]
        assert (found.count[place], found.good[place]) == (len(group), len(good))
        if good:
            assert (found.least[place], found.most[place], found.first[place], found.last[place]) == (min(good), max(good), good[0], good[-1])
            assert math.isclose(found.sums[place], math.fsum(good), rel_tol=1e-12, abs_tol=1e-9)
        else:
            assert all(math.isnan(column[place]) for column in (found.sums, found.least, found.most, found.first, found.last))


@given(st.integers(31_536_000, 7_258_118_400).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.timezone.utc)))
def test_months(moment: dt.datetime) -> None:
    time = partitions.microseconds(moment)
    month = partitions.month_of(time)
    assert month.begins <= time < month.ends == month.next.begins
    assert partitions.of_table(month.table) == month
    assert partitions.months(readings([1], [time], [0.0]).times) == [month]
    assert partitions.moment(time) == moment


def test_tables_that_are_no_months() -> None:
    assert partitions.of_table("tzc_sensors_state") is None
    assert partitions.of_table("tzc_sensors_observation") is None
    assert Month(2026, 12).next == Month(2027, 1)
    assert partitions.shown(2**62) == f"{2**62} µs"
