"""Lines with too few or too many fields, and tables whose words are in no encoding."""
from __future__ import annotations

import pyarrow as pa
import pytest
from tzc.sensors.faults import BatchError
from tzc.sensors.protocols import DECODERS, columns, tables

from tests import arrows


def test_lines_of_another_length_are_counted_beyond_those_that_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty lines are none, wherever they stand."""
    for module in (columns, tables):
        monkeypatch.setattr(module, "MOST_LISTED", 2)
    lines = ["stream,time,result", "t", "t,1", "", "t,1", "t", "", " x", "t,2026-05-06T12:00:05Z,5"]
    found = DECODERS["csv"]("\n".join(lines).encode(), {})
    assert [(row.row, row.code, row.shown) for row in found.rejected] == [(0, "shape", "t"), (1, "shape", "t,1")]
    assert (found.left_out, found.rows.tolist(), found.results.tolist()) == (3, [7], [5.0])


def test_a_zone_that_is_no_text() -> None:
    """Arrow finds out when it is asked for the zone."""
    whole = arrows.stream(pa.table({"stream": ["t"], "time": pa.array([0], pa.timestamp("us", "Europe/Paris")), "result": [1.0]}))
    assert whole.count(b"Europe/Paris") == 1 and len(DECODERS["arrow"](whole, {})) == 1
    with pytest.raises(BatchError) as told:
        DECODERS["arrow"](whole.replace(b"Europe/Paris", b"Europe\xffParis"), {})
    assert told.value.code == "broken"
