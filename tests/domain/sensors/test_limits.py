"""How much is taken at once, and what is told of what is more: rows, bytes, rejected rows that are listed."""
from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tzc.sensors.faults import BatchError
from tzc.sensors.protocols import DECODERS, columns, sensorthings, tables
from tzc.sensors.sta import options
from tzc.sensors.sta.entities import KINDS
from tzc.sensors.sta.faults import Fault

from tests import arrows


def table(rows: int) -> pa.Table:
    return pa.table({"stream": ["t"] * rows, "time": pa.array(range(rows), pa.timestamp("us", "UTC")), "result": np.arange(rows) / 2})


def batch(given: pa.Table) -> int:
    """Rows of each of some nine batches."""
    return max(2, len(given) // 9)


WAYS = [("arrow", lambda given: arrows.stream(given, chunk=batch(given))), ("arrow", lambda given: arrows.file(given, chunk=batch(given))), ("parquet", arrows.parquet)]


@pytest.mark.parametrize(("kind", "write"), WAYS)
def test_rows_of_a_table(kind: str, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 5)
    assert DECODERS[kind](write(table(5)), {}).results.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    with pytest.raises(BatchError) as told:
        DECODERS[kind](write(table(6)), {})
    assert told.value.code == "too_many_bytes"


@pytest.mark.parametrize(("kind", "write"), WAYS)
def test_bytes_of_a_table(kind: str, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they lie in memory: numbers that are all the same take nearly none in a file."""
    monkeypatch.setattr(tables, "MOST_BYTES", 100_000)
    assert len(DECODERS[kind](write(table(100)), {})) == 100
    with pytest.raises(BatchError) as told:
        DECODERS[kind](write(table(20_000)), {})
    assert told.value.code == "too_many_bytes"


ROWS = [f"t,2026-05-06T12:00:{second:02}Z,{second}" for second in range(9)]
BAD = {1: "t,hier,1", 3: "t,,3", 4: "t,2026-05-06T12:00:04Z", 6: "t,2026-05-06T12:00:06Z,", 7: ",2026-05-06T12:00:07Z,7"}
WIDE = {"time": "time", "thing": "stream", "zone": "UTC", "values": [{"path": "result", "name": "v"}]}


@pytest.mark.parametrize(("mapping", "most", "listed"), [
    ({}, 3, [(1, "time"), (3, "no_time"), (4, "shape")]), ({}, 9, [(1, "time"), (3, "no_time"), (4, "shape"), (6, "no_result"), (7, "stream")]),
    (WIDE, 2, [(1, "time"), (3, "no_time")]), (WIDE, 9, [(1, "time"), (3, "no_time"), (4, "shape"), (7, "stream")]),
])  # fmt: skip
def test_rejected_rows_that_are_listed(mapping: dict[str, Any], most: int, listed: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones, and how many there are beyond; the good ones are all taken. In a wide table an empty cell is nothing."""
    for module in (columns, tables):
        monkeypatch.setattr(module, "MOST_LISTED", most)
    lines = [BAD.get(place, row) for place, row in enumerate(ROWS)]
    found = DECODERS["csv"]("\n".join(["stream,time,result", *lines]).encode(), {"mapping": mapping} if mapping else {})
    assert [(row.row, row.code) for row in found.rejected] == listed
    assert len(found.rejected) + found.left_out == (4 if mapping else 5)
    assert (found.rows.tolist(), found.results.tolist()) == ([0, 2, 5, 8], [0.0, 2.0, 5.0, 8.0])


def test_one_word_among_many_numbers() -> None:
    """It is one; the numbers around it are numbers, and each has its place."""
    lines = [f"t,{second},{second}.5" for second in range(1_000)]
    lines[777] = "t,777,peut-être"
    found = DECODERS["csv"]("\n".join(["stream,time,result", *lines]).encode(), {"mapping": {"written": "s"}})
    assert found.said is not None and np.flatnonzero(found.said >= 0).tolist() == [777] and list(found.words) == ["peut-être"]
    assert np.delete(found.results, 777).tolist() == [second + 0.5 for second in range(1_000) if second != 777]


def test_rows_of_sensor_things() -> None:
    """Each is answered with an address, so that there is an end."""
    part = {"Datastream": {"@iot.id": 1}, "components": ["phenomenonTime", "result"]}
    rows = [["2026-05-06T12:00:00Z", 1]] * sensorthings.MOST_ROWS
    assert len(DECODERS["sensorthings"](json.dumps([{**part, "dataArray": rows}]).encode(), {})) == len(rows)
    with pytest.raises(BatchError) as told:
        DECODERS["sensorthings"](json.dumps([{**part, "dataArray": rows}, {**part, "dataArray": rows[:1]}]).encode(), {})
    assert (told.value.code, told.value.parameters) == ("too_many_rows", {"most": 10_000})


def test_expansions_of_one_question() -> None:
    """However many ways are named, and however often each."""
    things = KINDS["Things"]
    assert set(options.parse_options({"$expand": ",".join(["Datastreams"] * options.MOST_EXPANDED)}, things).expand) == {"Datastreams"}
    for expand in (",".join(["Datastreams"] * (options.MOST_EXPANDED + 1)), f"Datastreams($expand={','.join(['Sensor'] * (options.MOST_EXPANDED + 1))})"):
        with pytest.raises(Fault) as told:
            options.parse_options({"$expand": expand}, things)
        assert told.value.code == "deep"


@pytest.mark.parametrize("name", ["$top", "$skip"])
def test_numbers_of_options(name: str) -> None:
    """No number that the database could not take."""
    assert options.parse_options({name: "999999999"}, KINDS["Things"])
    for wrong in ("1000000000", "9" * 40, "-1", "1e3", "٣", ""):
        with pytest.raises(Fault) as told:
            options.parse_options({name: wrong}, KINDS["Things"])
        assert told.value.code == "number"


def test_numbers_larger_than_any_in_json() -> None:
    """They are told apart from what is no number, also where all results are numbers: the one is too big, the other is not there."""
    rows = ", ".join(f'{{"stream": "t", "time": "2026-05-06T12:00:0{place}Z", "result": {result}}}' for place, result in enumerate(("1e400", "-1e400", "1.5", "NaN", "1" + "0" * 400)))
    found = DECODERS["json"](f"[{rows}]".encode(), {})
    most = np.finfo(np.float64).max
    assert found.results[:3].tolist() == [most, -most, 1.5] and np.isnan(found.results[3]) and found.results[4] == most
