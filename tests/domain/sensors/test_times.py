"""Moments as sources write them."""
from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.sensors import partitions, times

PARIS = ZoneInfo("Europe/Paris")

AUTUMN = "2026-10-25T"
"""The day on which the clocks go back, at three."""


def utc(*parts: int) -> int:
    return partitions.microseconds(dt.datetime(*parts, tzinfo=dt.timezone.utc))  # type: ignore[arg-type, misc] -- parts of a moment


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-05-06T12:00:00Z", utc(2026, 5, 6, 12)),
        ("2026-05-06T12:00:00.250Z", utc(2026, 5, 6, 12, 0, 0, 250_000)),
        ("2026-05-06T14:00:00+02:00", utc(2026, 5, 6, 12)),
        ("2026-05-06 14:00:00 +0200", utc(2026, 5, 6, 12)),
        ("2026-05-06T09:00-03", utc(2026, 5, 6, 12)),
        ("2026-05-06T24:00:00Z", utc(2026, 5, 7)),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1)),
        ("2026-05-06T12:00:00,5Z", utc(2026, 5, 6, 12, 0, 0, 500_000)),
        ("2026-05-06T12:00:00.123456789Z", utc(2026, 5, 6, 12, 0, 0, 123_456)),
    ],
)
def test_with_a_zone(written: str, moment: int) -> None:
    assert times.moment(written) == (moment, "")
    assert times.moments([written, written])[0].tolist() == [moment, moment]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (None, "no_time"), ("", "no_time"), ("soon", "time"), (17, "time"), ("2026-13-01T00:00:00Z", "time"), ("2026-02-30T00:00:00Z", "time"), ("2026-01-01T25:00:00Z", "time"),
        ("2026-01-01T00:00:00", "zone"), ("2026-01-01", "zone"), ("0000-01-01T00:00:00Z", "time"), ("9999-12-31T24:00:00Z", "time"), ("2026-01-01T00:00:00+99:00", "time"),
    ],
)  # fmt: skip
def test_no_moment(written: object, code: str) -> None:
    assert times.moment(written) == (times.NO_TIME, code)


def test_a_zone_of_the_source() -> None:
    assert times.moment("2026-07-01T12:00", PARIS) == (utc(2026, 7, 1, 10), "")
    assert times.moment("2026-01-01 12:00:00", PARIS) == (utc(2026, 1, 1, 11), "")


def test_the_hour_that_is_skipped() -> None:
    assert times.moment("2026-03-29T02:30:00", PARIS) == (times.NO_TIME, "missing_hour")
    assert times.moment("2026-03-29T03:00:00", PARIS) == (utc(2026, 3, 29, 1), "")


def test_the_hour_that_is_repeated() -> None:
    assert times.moment(f"{AUTUMN}02:30:00", PARIS) == (times.NO_TIME, "doubled_hour")
    found, codes = times.moments([f"{AUTUMN}{clock}" for clock in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")], PARIS)
    assert found.tolist() == [utc(2026, 10, 24, 23, 30) + step * 1_800_000_000 for step in range(6)]
    assert codes.tolist() == [0] * 6


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_utc_at_once_is_utc_one_by_one(seconds: list[int]) -> None:
    written = [dt.datetime.fromtimestamp(1_700_000_000 + second, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for second in seconds]
    found, codes = times.moments(written)
    assert found.tolist() == [(1_700_000_000 + second) * 1_000_000 for second in seconds]
    assert not codes.any()
    assert [times.moment(text)[0] for text in written] == found.tolist()


@given(st.integers(1_600_000_000, 2_000_000_000))
def test_a_clock_of_the_zone_comes_back(second: int) -> None:
    """All but the repeated hour: it is told as such."""
    moment = dt.datetime.fromtimestamp(second, PARIS)
    found, code = times.moment(moment.strftime("%Y-%m-%dT%H:%M:%S"), PARIS)
    doubled = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    assert (code == "doubled_hour") == doubled
    assert doubled or found == second * 1_000_000


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("PT30M", 1800), ("PT1H", 3600), ("P1D", 86400), ("P1W", 604800), ("PT10S", 10), ("P1DT2H3M4S", 93784), ("PT", None), ("P", None), ("P1M", None), ("30", None), (30, None), ("", None)],
)
def test_periods(written: object, seconds: int | None) -> None:
    assert times.period(written) == seconds


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-01-01T00:00:00Z", (utc(2026, 1, 1), 0, "")),
        ("2026-01-01T00:00:00Z/2026-01-01T00:30:00Z", (utc(2026, 1, 1), 1800, "")),
        ("2026-01-01T00:00:00Z/PT15M", (utc(2026, 1, 1), 900, "")),
        ("2026-01-01T01:00:00Z/2026-01-01T00:30:00Z", (times.NO_TIME, 0, "period")),
        ("x/PT15M", (times.NO_TIME, 0, "time")),
        ("2026-01-01T00:00:00Z/soon", (times.NO_TIME, 0, "time")),
    ],
)
def test_intervals(written: str, found: tuple[int, int, str]) -> None:
    assert times.interval(written) == found
