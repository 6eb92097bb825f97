"""Questions over the lake and the tables together: on DuckDB against numbers made by hand, and as the SQL of other engines."""
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sqlglot
from ckanext.tzc.sensors.lake import engines, queries
from tzc.sensors import quality
from tzc.sensors.readings import readings

from tests.portal.sensors.test_lake import FEBRUARY, JANUARY, MARCH, MINUTE, lake, move, told, write

__all__ = ["lake", "told", "write"]

pytestmark = pytest.mark.usefixtures("lake")

FIRST, MIDDLE, NEXT = JANUARY.first, FEBRUARY.first, MARCH.first
Ask = Callable[[Any], list[dict[str, Any]]]


def questions(table: Any) -> dict[str, Any]:
    return {
        "series": queries.series(table, 600), "statistics": queries.statistics(table), "completeness": queries.completeness(table, FIRST, NEXT, 1800),
        "compare": queries.compare(table, (FIRST, MIDDLE), (MIDDLE, NEXT)), "profile": queries.profile(table), "above": queries.above(table, 15.0),
    }  # fmt: skip


def answers(numbers: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Of all questions, wherever the rows lie."""
    import ckan.model as model

    engine = engines.connect()
    table = engines.observations(engine, numbers, FIRST, NEXT)
    found = {name: engines.arrow(question, engine).to_pylist() for name, question in questions(table).items()}
    model.Session.rollback()
    return found


def test_the_same_answers_wherever_the_rows_lie(told: list[int], write: Any) -> None:
    """In the tables; one month in the lake; both; and with late rows that came back or came new."""
    late = readings([told[0]] * 3, [JANUARY.begins, JANUARY.begins + 7 * MINUTE, FEBRUARY.begins + 7 * MINUTE], [2.5, 3.5, 4.5])
    write(late)
    expected = answers(told)
    move(before=FEBRUARY)
    half = answers(told)
    move()
    whole = answers(told)
    write(readings([told[0]], [JANUARY.begins], [2.75]))
    write(readings([told[0]], [JANUARY.begins], [2.5]))
    back = answers(told)
    for found in (half, whole, back):
        for name, rows in expected.items():
            assert len(found[name]) == len(rows) > 0
            for one, other in zip(found[name], rows, strict=True):
                assert one == pytest.approx(other, rel=1e-12, abs=0, nan_ok=True) if "at" not in one and "first" not in one else like(one, other)


def like(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Rows with moments: those the same, numbers up to the order of their sum."""
    return one.keys() == other.keys() and all(one[name] == other[name] or (isinstance(one[name], float) and one[name] == pytest.approx(other[name], rel=1e-12, abs=0)) for name in one)


def test_numbers_made_by_hand(streams: Any, write: Any) -> None:
    number = streams("a", interval=1800)["a"]
    times = JANUARY.begins + np.array([0, 5, 30, 45]) * MINUTE
    write(readings([number] * 4, times, [1.0, 3.0, 99.0, 8.0], flags=[0, 0, quality.SUSPECT, 0]))
    write(readings([number] * 2, [FEBRUARY.begins, FEBRUARY.begins + MINUTE], [5.0, 7.0]))
    move(before=FEBRUARY)
    found = answers([number])
    at = [FIRST, FIRST + dt.timedelta(minutes=30), FIRST + dt.timedelta(minutes=40), MIDDLE]
    assert [(row["at"].replace(tzinfo=dt.timezone.utc), row["count"], row["good"], row["mean"], row["least"], row["most"]) for row in found["series"]] == [
        (at[0], 2, 2, 2.0, 1.0, 3.0), (at[1], 1, 0, None, None, None), (at[2], 1, 1, 8.0, 8.0, 8.0), (at[3], 2, 2, 6.0, 5.0, 7.0),
    ]  # fmt: skip
    [row] = found["statistics"]
    assert (row["count"], row["good"], row["mean"], row["least"], row["most"], row["last_result"]) == (6, 5, 24.0 / 5, 1.0, 8.0, 7.0)
    assert row["deviation"] == pytest.approx(float(np.std([1.0, 3.0, 8.0, 5.0, 7.0])), rel=1e-12)
    assert (row["first"], row["last"]) == (FIRST, MIDDLE + dt.timedelta(minutes=1))
    assert found["completeness"] == [{"stream": number, "there": 3, "expected": 59 * 48, "share": 3 / (59 * 48)}]
    assert found["compare"] == [{"stream": number, "before": 4.0, "after": 6.0, "difference": 2.0, "ratio": 1.5}]
    assert found["profile"] == [{"stream": number, "weekday": 2, "hour": 0, "mean": 4.0, "count": 3}, {"stream": number, "weekday": 5, "hour": 0, "mean": 6.0, "count": 2}]
    assert found["above"] == [{"stream": number, "above": 0, "of": 2}]


@pytest.mark.parametrize("dialect", engines.DIALECTS)
def test_written_for_each_engine(dialect: str, told: list[int]) -> None:
    """As SQL that a parser of that engine's reads, over one table of the agreed name."""
    for name, question in questions(queries.between(queries.logical(), FIRST, NEXT)).items():
        text = engines.written(question, dialect)
        tree = sqlglot.parse_one(text, dialect="spark" if dialect == "pyspark" else dialect)
        tables = {table.name for table in tree.find_all(sqlglot.exp.Table)} - {cte.alias for cte in tree.find_all(sqlglot.exp.CTE)}
        assert tables == {"observations"}, name


def test_an_engine_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.sensors.lake_engine", "excel")
    with pytest.raises(engines.EngineError, match="“excel” is no engine"):
        engines.connect()
