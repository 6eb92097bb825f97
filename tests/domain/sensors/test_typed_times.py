"""Moments that a table has as moments, without a zone; and tables that are cut off."""
from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from tzc.sensors import partitions
from tzc.sensors.faults import BatchError
from tzc.sensors.protocols import DECODERS
from tzc.sensors.readings import Decoded

from tests import arrows


def table(times: Any) -> pa.Table:
    return pa.table({"stream": ["t"] * len(times), "time": times, "result": [1.0] * len(times)})


def told(found: Decoded) -> tuple[list[str], list[tuple[int, str]]]:
    return [partitions.shown(time)[:16] for time in found.times.tolist()], [(row.row, row.code) for row in found.rejected]


WAYS = [("arrow", arrows.stream), ("arrow", arrows.file), ("parquet", arrows.parquet)]
CLOCKS = [dt.datetime.fromisoformat(clock) for clock in ("2026-05-06T14:00", "2026-03-29T02:30", "2026-10-25T01:30", "2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T02:00")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(("kind", "write"), WAYS)
def test_moments_without_a_zone_are_the_sources(kind: str, write: Any, unit: str) -> None:
    """Of an hour that is there twice each in its turn, the one that is missing is named; without a zone of the source's none is taken."""
    given = write(table(pa.array(CLOCKS, pa.timestamp(unit))))
    assert told(DECODERS[kind](given, {"mapping": {"zone": "Europe/Paris"}})) == (
        ["2026-05-06T12:00", "2026-10-24T23:30", "2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00"], [(1, "missing_hour")],
    )  # fmt: skip
    assert told(DECODERS[kind](given, {})) == ([], [(row, "zone") for row in range(6)])
    given = write(table(pa.array(CLOCKS[:1], pa.timestamp(unit, "UTC"))))
    assert told(DECODERS[kind](given, {"mapping": {"zone": "Europe/Paris"}})) == (["2026-05-06T14:00"], [])


@pytest.mark.parametrize(("kind", "write"), WAYS)
def test_days_begin_by_the_clock_of_the_source(kind: str, write: Any) -> None:
    given = write(table(pa.array([dt.date(2026, 5, 6), None, dt.date(2026, 1, 6)], pa.date32())))
    assert told(DECODERS[kind](given, {"mapping": {"zone": "Europe/Paris"}})) == (["2026-05-05T22:00", "2026-01-05T23:00"], [(1, "no_time")])
    assert told(DECODERS[kind](given, {})) == ([], [(0, "zone"), (1, "no_time"), (2, "zone")])


def test_what_came_before_a_time_that_is_none_tells_which_hour_is_meant() -> None:
    lines = ["t,2026-10-25 01:30,1", "t,2026-03-29 02:30,2", "t,2026-10-25 02:00,3"]
    found = DECODERS["csv"]("\n".join(["stream,time,result", *lines]).encode(), {"mapping": {"zone": "Europe/Paris"}})
    assert told(found) == (["2026-10-24T23:30", "2026-10-25T00:00"], [(1, "missing_hour")])


def test_a_file_of_arrow_that_is_cut_off() -> None:
    """Anywhere: also where all of its rows are there, and only what says so is not."""
    whole = arrows.file(table(pa.array(CLOCKS, pa.timestamp("us", "UTC"))))
    assert len(DECODERS["arrow"](whole, {})) == 6
    for length in range(7, len(whole), 5):
        with pytest.raises(BatchError) as caught:
            DECODERS["arrow"](whole[:length], {})
        assert (caught.value.code, caught.value.parameters.get("cut")) == ("broken", True), length
