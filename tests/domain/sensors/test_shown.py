"""What pages say of streams: units, periods, whether they still speak, and the demonstration's measurements."""
from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tzc.sensors import invented, liveness, partitions, periods, unit_words

PARIS, UTC = ZoneInfo("Europe/Paris"), dt.timezone.utc
NOW = dt.datetime(2026, 11, 29, 10, tzinfo=UTC)
LAST = dt.datetime(2026, 11, 28, 12, tzinfo=UTC)
FIRST = dt.datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("Cel", "°C"), ("1", ""), ("%", "%"), ("ug/m3", "µg/m³"), ("kW.h", "kWh"), ("W.h", "Wh"), ("g/(kW.h)", "g/kWh"), ("m3/s", "m³/s"), ("[ppm]", "ppm"), ("dB[SPL]", "dB"),
        ("W/m2", "W/m²"), ("hPa", "hPa"), ("N.m", "N·m"), ("m.s-1", "m·s⁻¹"), ("{passages}", ""), ("1/h", "1/h"), ("km/h", "km/h"), ("uS/cm", "µS/cm"), ("10*3.m", "10³·m"),
    ],
)  # fmt: skip
def test_units_as_people_read_them(code: str, words: str) -> None:
    assert unit_words.shown(code) == words


@pytest.mark.parametrize(
    ("missed", "state"), [(0, "live"), (3, "live"), (3.01, "late"), (10, "late"), (10.01, "silent"), (-5, "live")]
)
def test_late_and_silent(missed: float, state: str) -> None:
    assert liveness.state(NOW - dt.timedelta(seconds=missed * 600), 600, NOW) == state


def test_what_nobody_expects_is_not_late() -> None:
    assert liveness.state(FIRST, 0, NOW) == "unknown"
    assert liveness.state(None, 600, NOW) == "never"
    assert (liveness.Share(8, 2).percent, liveness.Share().percent) == (25.0, None)


def asked(**words: str) -> periods.Period:
    return periods.period({name.rstrip("_"): value for name, value in words.items()}, FIRST, LAST, NOW, PARIS)


def test_periods_end_with_the_last_value() -> None:
    ends = LAST + dt.timedelta(seconds=1)
    assert asked() == periods.Period(ends - dt.timedelta(days=7), ends, "7d")
    assert asked(period="1d") == periods.Period(ends - dt.timedelta(days=1), ends, "1d")
    assert asked(period="all") == periods.Period(FIRST, ends, "all")
    never = periods.period({}, None, None, NOW, PARIS)
    assert (never.next, never.code, never.fault) == (NOW + dt.timedelta(seconds=1), "7d", "")


def test_days_are_the_territorys_and_the_last_one_is_in() -> None:
    """The day on which clocks go back has 25 hours."""
    own = asked(from_="2026-10-25", to="2026-10-25")
    assert own == periods.Period(dt.datetime(2026, 10, 24, 22, tzinfo=UTC), dt.datetime(2026, 10, 25, 23, tzinfo=UTC), "own")
    assert asked(from_="2026-10-25T08:00:00.000Z", to="2026-10-25T09:30:00+01:00").next == dt.datetime(2026, 10, 25, 8, 30, tzinfo=UTC)
    assert asked(from_="2026-11-01").next == LAST + dt.timedelta(seconds=1)
    assert asked(to="2026-11-01").first == FIRST


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"from_": "hier"}, "when"), ({"from_": "2026-02-30"}, "when"), ({"from_": "2026-01-01T25:00"}, "when"), ({"to": "0001-01-01"}, "when"), ({"to": "9999-12-31"}, "when"),
        ({"from_": "2026-11-02", "to": "2026-11-01"}, "order"), ({"from_": "2026-11-29"}, "order"), ({"period": "9d"}, "when"), ({"from_": "2026-11-01\0"}, "when"),
    ],
)  # fmt: skip
def test_what_is_no_period_is_told_and_the_usual_one_shown(words: dict[str, str], fault: str) -> None:
    found = asked(**words)
    assert (found.fault, found.code, found.first) == (fault, "7d", asked().first)


RULE = invented.Rule(interval=900, base=11.0, day=4.0, noise=2.5, spike=85.0, gap=7.0)


def made(rule: invented.Rule, now: dt.datetime, name: str = "a") -> tuple[Any, Any]:
    times = invented.moments(rule, 31, partitions.microseconds(now))
    return times, invented.values(rule, name, times)


def test_invented_measurements_are_the_same_whenever_they_are_made() -> None:
    (times, values), (later, others) = made(RULE, NOW), made(RULE, NOW + dt.timedelta(days=3))
    both, here, there = np.intersect1d(times, later, return_indices=True)
    assert len(both) > 2500
    assert np.array_equal(values[here], others[there])
    assert not np.array_equal(values, made(RULE, NOW, "b")[1])


def test_they_have_faults_gaps_and_an_end() -> None:
    times, values = made(RULE, NOW)
    assert (values == 85.0).sum() in (4, 5)
    assert 2.0 < values[values < 85].min() < values[values < 85].max() < 20.0
    gaps = np.diff(times) / 3.6e9
    assert set(gaps[gaps > 0.25].tolist()) == {7.25}
    stopped, _values = made(invented.Rule(interval=900, base=1.0, stopped=4), NOW)
    assert partitions.moment(int(stopped[-1])) == NOW - dt.timedelta(days=4)
