"""What is stored of observations, and what follows from it, however they come."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tzc.sensors import partitions, quality
from tzc.sensors.readings import Readings, readings

Make = Callable[..., dict[str, int]]

MINUTE = 60_000_000
START = partitions.microseconds(dt.datetime(2026, 10, 24, 20, tzinfo=dt.timezone.utc))
"""The evening before the clocks go back."""


@pytest.fixture
def write() -> Callable[[Readings], Any]:
    import ckan.model as model
    from ckanext.tzc.sensors import writing

    def store(given: Readings) -> Any:
        done = writing.write(given)
        model.Session.commit()
        return done

    return store


def rows(table: str = "tzc_sensors_observation", what: str = "stream, time, result, flags") -> list[Any]:
    import ckan.model as model
    import sqlalchemy as sa

    return list(model.Session.execute(sa.text(f"SELECT {what} FROM {table} ORDER BY stream, time")).all())  # noqa: S608 -- names of ours


def test_written_once(streams: Make, write: Any) -> None:
    number = streams("t")["t"]
    batch = readings([number] * 3, [START, START + MINUTE, START + 2 * MINUTE], [10.5, 11.0, 11.5])
    first, again = write(batch), write(batch)
    assert (first.new, first.changed, first.same) == (3, 0, 0)
    assert (again.new, again.changed, again.same) == (0, 0, 3)
    assert [row.result for row in rows()] == [10.5, 11.0, 11.5]


def test_late_and_corrected_values(streams: Make, write: Any) -> None:
    number = streams("t")["t"]
    write(readings([number] * 2, [START, START + 2 * MINUTE], [10.0, 12.0]))
    done = write(readings([number] * 3, [START + 2 * MINUTE, START + MINUTE, START + 3 * MINUTE], [12.5, 11.0, 13.0]))
    assert (done.new, done.changed, done.same) == (2, 1, 0)
    assert [row.result for row in rows()] == [10.0, 11.0, 12.5, 13.0]
    assert [bool(row.flags & quality.CORRECTED) for row in rows()] == [False, False, True, False]
    state = rows("(SELECT *, last AS time FROM tzc_sensors_state) AS s", "result, observations, first, last")[0]
    assert (state.result, state.observations) == (13.0, 4)
    assert partitions.microseconds(state.first) == START
    assert partitions.microseconds(state.last) == START + 3 * MINUTE


def test_a_period_is_corrected(streams: Make, write: Any) -> None:
    """How long it was is part of what is said: the same value of another length is another one. What the source says of the new value is kept, what it said of the old one not."""
    number = streams("t")["t"]
    write(readings([number] * 2, [START, START + 60 * MINUTE], [10.0, 11.0], seconds=3600, flags=[quality.SUSPECT, 0]))
    done = write(readings([number] * 2, [START, START + 60 * MINUTE], [10.0, 11.5], seconds=[1800, 3600], flags=[0, quality.ESTIMATED]))
    assert (done.new, done.changed, done.same) == (0, 2, 0)
    assert rows(what="result, seconds, flags") == [(10.0, 1800, quality.CORRECTED), (11.5, 3600, quality.CORRECTED | quality.ESTIMATED)]


def test_the_last_value_is_corrected(streams: Make, write: Any) -> None:
    number = streams("t")["t"]
    write(readings([number], [START], [10.0]))
    write(readings([number], [START], [10.25]))
    assert rows("(SELECT *, last AS time FROM tzc_sensors_state) AS s", "result, observations")[0] == (10.25, 1)


def test_what_is_too_much_for_one_transaction_is_settled_in_the_next(streams: Make, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors import settling

    monkeypatch.setattr(settling, "MOST_HOURS", 7)
    numbers = streams("t", "u")
    for number in numbers.values():
        write(readings([number] * 20, START + np.arange(20) * 60 * MINUTE, np.arange(20.0)))
    first = settling.settle()
    assert (first.hours, first.left) == (7, True)
    assert settling.settle_all().hours == 33
    assert [row.count for row in rows("tzc_sensors_hour", "stream, time, count")] == [1] * 40


@pytest.mark.parametrize("query", ["_BEFORE", "_AFTER"])
def test_what_lies_around_an_hour_is_found_without_reading_all_that_there_is(streams: Make, write: Any, query: str) -> None:
    """Settling took as long as the stream's history, as all of it was read and thrown away."""
    from ckanext.tzc.sensors import settling, writing

    number = streams("t")["t"]
    write(readings([number] * 3000, START + np.arange(3000) * MINUTE, np.arange(3000.0)))
    at = writing.cursor()
    at.execute("ANALYZE tzc_sensors_observation; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    firsts = (START + np.arange(500, 2500, 20) * MINUTE).tolist()
    spans = list(range(len(firsts))), [number] * len(firsts), writing.moments(firsts), writing.moments([first + 60 * MINUTE for first in firsts]), [3600.0] * len(firsts), [float("nan")] * len(firsts)
    at.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {getattr(settling, query)}", spans)
    assert read(at.fetchone()[0][0]["Plan"]) < 20 * len(firsts)


def read(plan: dict[str, Any]) -> float:
    """How many rows the parts of a plan looked at."""
    own = sum(plan.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
    return float(own * plan.get("Actual Loops", 1)) + sum(read(part) for part in plan.get("Plans", []))


def test_years_apart(streams: Make, write: Any) -> None:
    """Each month has its table, made when a row needs it."""
    number = streams("t")["t"]
    moments = [dt.datetime(year, month, 1, tzinfo=dt.timezone.utc) for year in (1999, 2026) for month in (1, 6, 12)]
    write(readings([number] * 6, [partitions.microseconds(moment) for moment in moments], range(6)))
    assert [row.time for row in rows()] == moments


def test_a_stream_that_is_gone(streams: Make, write: Any) -> None:
    from ckanext.tzc.sensors.writing import UnknownStreamError

    streams("t")
    with pytest.raises(UnknownStreamError):
        write(readings([987654], [START], [1.0]))
    assert rows() == []


def test_hours_days_and_months(streams: Make, write: Any) -> None:
    """A day by the territory's clock has 25 hours in October."""
    from ckanext.tzc.sensors import settling

    number = streams("t")["t"]
    times = START + np.arange(0, 40 * 60, 10) * MINUTE
    write(readings([number] * len(times), times, np.arange(len(times)) / 10))
    settling.settle_all()
    hours = rows("tzc_sensors_hour", "*")
    assert len(hours) == 40
    assert (hours[0].count, hours[0].good, hours[0].least, hours[0].most, hours[0].first, hours[0].last) == (6, 6, 0.0, 0.5, 0.0, 0.5)
    assert hours[0].sum == pytest.approx(1.5, abs=0)
    days = rows("tzc_sensors_day", "time, count")
    assert [(day.time.isoformat(), day.count) for day in days] == [
        ("2026-10-23T22:00:00+00:00", 2 * 6), ("2026-10-24T22:00:00+00:00", 25 * 6), ("2026-10-25T23:00:00+00:00", 13 * 6),
    ]  # fmt: skip
    assert [(month.time.isoformat(), month.count) for month in rows("tzc_sensors_month", "time, count")] == [("2026-09-30T22:00:00+00:00", 240)]
    assert settling.settle_all() == settling.Settled()


def test_marks_of_quality(streams: Make, write: Any) -> None:
    from ckanext.tzc.sensors import settling

    number = streams("t", interval=600)["t"]
    write(readings([number] * 5, START + np.array([0, 10, 20, 30, 80]) * MINUTE, [10.0, 90.0, 11.0, 11.0, 11.0]))
    settling.settle_all()
    marks = [quality.named(row.flags) for row in rows()]
    assert marks == [[], ["range", "jump"], ["jump"], [], ["gap"]]
    hour = rows("tzc_sensors_hour", "*")[0]
    assert (hour.count, hour.good, hour.most) == (4, 3, 11.0)
    # the odd one is corrected: its own marks and the next one's go
    write(readings([number], [START + 10 * MINUTE], [10.5]))
    settling.settle_all()
    assert [quality.named(row.flags) for row in rows()] == [[], ["corrected"], [], [], ["gap"]]
    assert rows("tzc_sensors_hour", "*")[0].most == 11.0


def test_frozen_for_days(streams: Make, write: Any) -> None:
    """Whatever is settled together, a value that stays is marked from the same moment on, across hours that were settled before."""
    from ckanext.tzc.sensors import settling

    number = streams("t", interval=1800)["t"]
    times = START + np.arange(0, 60 * 48, 30) * MINUTE
    for part in np.array_split(times, 7):
        write(readings([number] * len(part), part, [7.0] * len(part)))
        settling.settle_all()
    frozen = [row.time for row in rows() if row.flags & quality.FROZEN]
    assert frozen[0] == partitions.moment(START + 24 * 60 * MINUTE)
    assert len(frozen) == 48
    write(readings([number], [times[20]], [7.5]))
    settling.settle_all()
    frozen = [row.time for row in rows() if row.flags & quality.FROZEN]
    assert frozen[0] == partitions.moment(int(times[21]) + 24 * 60 * MINUTE)


STEPS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30), st.sampled_from([-60.0, 5.0, 5.0, 6.25, 31.1])), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(STEPS, min_size=1, max_size=5), data=st.data())
def test_any_order_gives_the_same(streams: Make, write: Any, batches: list[list[tuple[int, int, float]]], data: st.DataObject) -> None:
    """Batches in any order and again and again, settled at any moment: the same store as all of them at once. Each moment has one value, whichever batch brings it."""
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import settling

    numbers = list(streams("a", "b", interval=1200).values())
    values: dict[tuple[int, int], float] = {}
    whole = [readings([numbers[s] for s, _t, _v in batch], [START + t * 20 * MINUTE for _s, t, _v in batch], [values.setdefault((s, t), v) for s, t, v in batch]) for batch in batches]

    def emptied() -> None:
        for table in ("observation", "state", "hour", "day", "month", "unsettled"):
            model.Session.execute(sa.text(f"TRUNCATE tzc_sensors_{table}"))
        model.Session.commit()

    def found() -> list[Any]:
        settling.settle_all()
        state = rows("(SELECT *, last AS time FROM tzc_sensors_state) AS s", "stream, first, last, result, flags, observations")
        return [rows(), *(rows(f"tzc_sensors_{table}", "stream, time, count, good, sum::text, least::text, most::text, first::text, last::text") for table in ("hour", "day", "month")), state]

    emptied()
    for batch in whole:
        write(batch)
    expected = found()
    emptied()
    for batch in data.draw(st.permutations([*whole, *data.draw(st.lists(st.sampled_from(whole), max_size=4))])):
        write(batch)
        if data.draw(st.booleans()):
            settling.settle()
    assert found() == expected
    emptied()
