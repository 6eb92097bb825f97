"""Series by address: raw values and what they come to, each form, marks, refusals."""
from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tzc.sensors import partitions
from tzc.sensors.readings import SECOND, readings

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

START = partitions.microseconds(dt.datetime(2026, 10, 24, 22, tzinfo=dt.timezone.utc))
"""When the day begins that the clock is put back on, in France."""

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
Make = Callable[..., Any]


@pytest.fixture
def put() -> Make:
    """Write and commit; settled where it is said."""
    import ckan.model as model
    from ckanext.tzc.sensors import settling, writing

    def done(stream: int, times: Any, results: Any, settle: bool = True) -> None:
        writing.write(readings([stream] * len(times), times, results))
        model.Session.commit()
        if settle:
            settling.settle_all()

    return done


def ask(app: Any, question: str, status: int = 200, **headers: str) -> Any:
    answer = app.get(f"/api/tzc/series?{question}", headers=headers, status=status)
    return json.loads(answer.body) if answer.body else None


def test_raw_values_with_a_gap(app: Any, streams: Make, put: Make) -> None:
    number = streams("t", interval=600)["t"]
    put(number, START + np.array([0, 10, 20, 90]) * MINUTE, [10.0, 10.5, 11.0, 9.0])
    found = ask(app, f"stream={number}&every=raw")
    assert found["streams"] == [{
        "id": number, "name": "t", "unit": "Cel", "property": "air_temperature", "kind": "measurement", "dataset": found["streams"][0]["dataset"], "interval": 600,
        "times": [START // 1000 + minute * 60_000 for minute in (0, 10, 20, 50, 90)], "values": [10.0, 10.5, 11.0, None, 9.0], "flags": [0, 0, 0, 0, 8],
    }]  # fmt: skip
    assert (found["from"], found["to"], found["every"]) == ("2026-10-24T22:00:00Z", "2026-10-24T23:30:00.000001Z", "raw")
    assert found["marks"]["8"] == "gap"


def test_hours_days_and_months(app: Any, streams: Make, put: Make) -> None:
    number = streams("t", interval=600)["t"]
    times = START + np.arange(0, 40 * 60, 10) * MINUTE
    put(number, times, np.arange(240) / 10)
    hours = ask(app, f"stream={number}&every=1h&from=2026-10-25T00:00:00%2B02:00&to=2026-10-25T02:00:00+02:00")["streams"][0]
    assert hours["times"] == [START // 1000, START // 1000 + 3_600_000]
    assert hours["values"] == pytest.approx([0.25, 0.85])
    assert (hours["least"], hours["most"], hours["counts"], hours["left_out"], hours["flags"], hours["aggregate"]) == ([0.0, 0.6], [0.5, 1.1], [6, 6], [0, 0], [0, 0], "mean")
    days = ask(app, f"stream={number}&every=1d&from=2026-10-25")["streams"][0]
    assert days["times"] == [START // 1000, START // 1000 + 25 * 3_600_000]
    assert days["counts"] == [150, 90]
    assert ask(app, f"stream={number}&every=1mo")["streams"][0]["counts"] == [240]
    quarters = ask(app, f"stream={number}&every=15m&to=2026-10-24T23:00:00Z")["streams"][0]
    assert quarters["counts"] == [2, 1, 2, 1]


@pytest.mark.parametrize("every", ["10m", "1h", "1d", "1mo"])
def test_what_is_not_settled_is_right_all_the_same(app: Any, streams: Make, put: Make, every: str) -> None:
    """Late, corrected and odd values change the answer as soon as they are committed, to what it is when they are settled."""
    from ckanext.tzc.sensors import settling

    number = streams("t", interval=600)["t"]
    put(number, START + np.arange(0, 30 * 60, 10) * MINUTE, np.arange(180) / 10)
    before = ask(app, f"stream={number}&every={every}")["streams"]
    put(number, START + np.array([25, 600, 1205]) * MINUTE, [5.0, 99.0, -7.0], settle=False)
    now = ask(app, f"stream={number}&every={every}")["streams"]
    assert now != before
    assert sum(now[0]["left_out"]) == 1
    settling.settle_all()
    after = ask(app, f"stream={number}&every={every}")["streams"]
    for name in ("times", "counts", "left_out", "least", "most", "flags"):
        assert now[0][name] == after[0][name]
    assert now[0]["values"] == pytest.approx(after[0]["values"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.tuples(st.integers(0, 3000), st.integers(-50, 60)), min_size=1, max_size=8), min_size=1, max_size=5), every=st.sampled_from(["1h", "1d", "1mo"]), data=st.data())
def test_settled_or_not_gives_the_same(streams: Make, put: Make, batches: list[list[tuple[int, int]]], every: str, data: st.DataObject) -> None:
    from ckanext.tzc.sensors import buckets, settling

    number = _fresh(streams, data)
    for batch in batches:
        put(number, START + np.array([minute for minute, _ in batch]) * MINUTE, [float(value) for _, value in batch], settle=data.draw(st.booleans()))
    first = START + data.draw(st.integers(-50, 50)) * HOUR
    next_ = first + data.draw(st.integers(1, 120)) * HOUR
    now = buckets.buckets([number], first, next_, every)
    settling.settle_all()
    then = buckets.buckets([number], first, next_, every)
    assert now.times.tolist() == then.times.tolist()
    for name in ("count", "good", "least", "most", "first", "last", "sums"):
        np.testing.assert_allclose(getattr(now, name), getattr(then, name), rtol=1e-12)


def _fresh(streams: Make, data: st.DataObject) -> int:
    name = f"t{data.draw(st.uuids())}"
    return int(streams(name)[name])


def test_as_fine_as_the_length_allows(app: Any, streams: Make, put: Make) -> None:
    number, other = streams("t", interval=60)["t"], streams("slow", interval=86400)["slow"]
    put(number, START + np.arange(6000) * MINUTE, np.arange(6000) % 7)
    hours = {length: ask(app, f"stream={number}&from=2026-10-24T22:00:00Z&to={(partitions.moment(START + length * HOUR)).isoformat().replace('+00:00', 'Z')}")["every"] for length in (1, 33, 34, 100)}
    assert hours == {1: "raw", 33: "raw", 34: "10m", 100: "10m"}
    put(other, START + np.arange(300) * 24 * HOUR, np.arange(300) % 9)
    assert ask(app, f"stream={other}")["every"] == "raw"
    both = ask(app, f"stream={number},{other}")
    assert both["every"] == "1d"
    assert [len(one["values"]) <= 2000 for one in both["streams"]] == [True, True]


def test_counts_are_summed_and_words_are_words(app: Any, streams: Make, put: Make) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import taking

    number = streams("n", code="bike_count", unit="1", kind="count", interval=900, period=900)["n"]
    spoken = streams("w", code="other", unit="1", kind="category")["w"]
    put(number, START + np.arange(8) * 15 * MINUTE, np.arange(8.0))
    hours = ask(app, f"stream={number}&every=1h")["streams"][0]
    assert (hours["values"], hours["aggregate"]) == ([6.0, 22.0], "sum")
    words = taking.words(spoken, ["ok", "=broken"])
    model.Session.commit()
    put(spoken, START + np.arange(2) * MINUTE, [words["ok"], words["=broken"]])
    assert ask(app, f"stream={spoken}")["streams"][0]["values"] == ["ok", "=broken"]
    lines = list(csv.DictReader(io.StringIO(app.get(f"/api/tzc/series?stream={spoken}&format=csv").body)))
    assert [line["word"] for line in lines] == ["ok", "'=broken"]


@pytest.mark.parametrize(("said", "written"), [
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(1)", "'@SUM(1)"), ("\t=1+1", "'\t=1+1"), ("\r=1+1", "'\n=1+1"), ("a\r=1+1", "a\n=1+1"), ("a\r\n=1+1", "a\n=1+1"), ("a=1", "a=1"),
])  # fmt: skip
def test_no_cell_is_a_formula(app: Any, streams: Make, put: Make, said: str, written: str) -> None:
    """What a source calls its streams, and the words that it says; numbers below nothing stay numbers. In both tables that programs get. No row begins within a text."""
    import ckan.model as model
    from ckanext.tzc.sensors import store, taking

    spoken, measured = streams("w", code="other", unit="1", kind="category")["w"], streams("t")["t"]
    words = taking.words(spoken, [said])
    model.Session.query(store.Stream).filter(store.Stream.id == spoken).update({"name": said, "description": said})
    model.Session.commit()
    put(spoken, [START], [words[said]])
    put(measured, [START], [-1.5])

    def lines(address: str) -> list[dict[str, str]]:
        # as spreadsheet programs read lines: any end is one
        return list(csv.DictReader(io.StringIO(app.get(address).body, newline="")))

    [line] = lines(f"/api/tzc/series?stream={spoken}&format=csv")
    assert (line["name"], line["word"]) == (written, written)
    assert {int(line["Datastream"]): line["result"] for line in lines("/sta/v1.1/Observations?$resultFormat=CSV&$orderby=id")} == {spoken: written, measured: "-1.5"}
    [line] = lines(f"/sta/v1.1/Datastreams?$resultFormat=CSV&$filter=id eq {spoken}")
    assert (line["name"], line["description"]) == (written, written)
    [line] = lines(f"/api/tzc/series?stream={measured}&format=csv")
    assert line["value"] == "-1.5"


def test_files(app: Any, streams: Make, put: Make) -> None:
    numbers = streams("a", "b", interval=600)
    put(numbers["a"], START + np.array([0, 10, 90]) * MINUTE, [10.0, 99.0, 9.0])
    put(numbers["b"], START + np.array([5]) * MINUTE, [1.5])
    question = f"/api/tzc/series?stream={numbers['a']}&stream={numbers['b']}&every=raw&format="
    lines = list(csv.DictReader(io.StringIO(app.get(question + "csv").body)))
    assert lines[1] == {"stream": str(numbers["a"]), "name": "a", "unit": "Cel", "time": "2026-10-24T22:10:00.000Z", "value": "99.0", "marks": "range jump"}
    assert len(lines) == 4
    table = pq.read_table(io.BytesIO(app.get(question + "parquet").data))
    assert table.column("time").type == pa.timestamp("us", tz="UTC")
    assert table.column("value").to_pylist() == [10.0, 99.0, 9.0, 1.5]
    assert json.loads(table.schema.metadata[b"streams"])[str(numbers["b"])]["unit"] == "Cel"
    answer = app.get(question + "arrow")
    assert answer.content_type == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(io.BytesIO(answer.data)).read_all().equals(table)
    hours = pq.read_table(io.BytesIO(app.get(question.replace("every=raw", "every=1h") + "parquet").data))
    assert hours.column("counts").to_pylist() == [2, 1, 1]
    assert hours.column("value").to_pylist() == [10.0, 9.0, 1.5]


def test_nothing_is_sent_twice(app: Any, streams: Make, put: Make) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    number = streams("t", interval=600)["t"]
    put(number, [START], [10.0])
    question = f"/api/tzc/series?stream={number}&every=1h"
    answer = app.get(question)
    mark = {"If-None-Match": answer.headers["ETag"]}
    assert "no-cache" in answer.headers["Cache-Control"]
    assert "private" not in answer.headers["Cache-Control"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert app.get(question, headers=mark, status=304).body == ""
    assert app.get(question.replace("1h", "1d"), headers=mark, status=200).body
    put(number, [START], [11.0], settle=False)
    changed = app.get(question, headers=mark, status=200)
    assert json.loads(changed.body)["streams"][0]["values"] == [11.0]
    mark = {"If-None-Match": changed.headers["ETag"]}
    put(number, [START - HOUR], [9.0])
    mark = {"If-None-Match": app.get(question, headers=mark, status=200).headers["ETag"]}
    app.get(question, headers=mark, status=304)
    for about in ({"name": "Another name"}, {"unit": "K"}, {"interval": 1200}):
        model.Session.query(store.Stream).filter_by(id=number).update(about)
        model.Session.commit()
        answer = app.get(question, headers=mark, status=200)
        assert json.loads(answer.body)["streams"][0][next(iter(about))] == next(iter(about.values()))
        mark = {"If-None-Match": answer.headers["ETag"]}
        app.get(question, headers=mark, status=304)


def test_what_was_corrected_long_ago_is_sent_anew(app: Any, streams: Make, put: Make) -> None:
    """Neither the last value nor their number says that one in the middle is another."""
    number = streams("t", interval=600)["t"]
    put(number, [START, START + MINUTE, START + 2 * MINUTE], [10.0, 11.0, 12.0])
    question = f"/api/tzc/series?stream={number}&every=raw"
    mark = {"If-None-Match": app.get(question).headers["ETag"]}
    put(number, [START + MINUTE], [11.5])
    assert json.loads(app.get(question, headers=mark, status=200).body)["streams"][0]["values"] == [10.0, 11.5, 12.0]


def test_marks_of_quality_that_come_later_are_sent_anew(app: Any, streams: Make, put: Make) -> None:
    from ckanext.tzc.sensors import settling

    number = streams("t", interval=600)["t"]
    put(number, START + np.arange(5) * 10 * MINUTE, [10.0, 90.0, 11.0, 11.1, 11.2], settle=False)
    question = f"/api/tzc/series?stream={number}&every=raw"
    before = app.get(question)
    settling.settle_all()
    after = app.get(question, headers={"If-None-Match": before.headers["ETag"]}, status=200)
    assert after.headers["ETag"] != before.headers["ETag"]


def test_nothing_is_there_yet(app: Any, streams: Make) -> None:
    number = streams("t")["t"]
    found = ask(app, f"stream={number}")
    assert (found["from"], found["to"], found["streams"][0]["values"]) == (None, None, [])
    for form in ("csv", "parquet", "arrow"):
        assert app.get(f"/api/tzc/series?stream={number}&format={form}").data


@pytest.mark.parametrize("every", ["auto", "raw", "10m", "1h", "1d", "1mo"])
def test_times_without_anything(app: Any, streams: Make, put: Make, every: str) -> None:
    number = streams("t")["t"]
    put(number, [START], [10.0])
    for question in ("from=9999-12-31T23:59:59Z", "from=2027-01-01&to=2028-01-01", "to=1970-01-02", "from=0001-01-01&to=0001-01-02T00:00:00Z"):
        assert ask(app, f"stream={number}&every={every}&{question}")["streams"][0]["values"] == []


BAD = ["", "stream=", "stream=x", "stream=1.5", "stream=-1", "stream=N&from=x", "stream=N&from=2026-11-01&to=2026-10-01", "stream=N&every=2h", "stream=N&format=xls", "stream=N&nothing=1",
       "stream=N&from=2026-03-29T02:30:00", "stream=N&from=0000-00-00", "stream=" + ",".join(map(str, range(1, 60)))]  # fmt: skip


@pytest.mark.parametrize("question", BAD)
def test_what_cannot_be_asked_is_told(app: Any, streams: Make, put: Make, question: str) -> None:
    number = streams("t")["t"]
    put(number, [START], [10.0])
    error = ask(app, question.replace("N", str(number)), 400)["error"]
    assert error["__type"] == "Validation Error"
    assert len(error["message"]) > 20


def test_too_many_values_are_refused(app: Any, streams: Make, put: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors import series

    number = streams("t")["t"]
    put(number, START + np.arange(100) * MINUTE, np.arange(100))
    monkeypatch.setattr(series, "MOST_VALUES", 99)
    assert "every=1h" in ask(app, f"stream={number}&every=raw", 400)["error"]["message"]
    assert len(ask(app, f"stream={number}&every=raw&from=2026-10-24T22:01:00Z")["streams"][0]["values"]) == 99
    # spans are counted before they are looked up: nearly two hours of ten minutes each
    monkeypatch.setattr(series, "MOST_VALUES", 8)
    assert "8" in ask(app, f"stream={number}&every=10m", 400)["error"]["message"]
    assert len(ask(app, f"stream={number}&every=1h")["streams"][0]["values"]) == 2


def test_what_lies_elsewhere_is_read_too(app: Any, streams: Make, put: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Months that were moved: their rows come from who moved them, and what is in a table goes before."""
    from ckanext.tzc.sensors import reading

    number = streams("t")["t"]
    put(number, [START + 10 * MINUTE, START + 30 * MINUTE], [2.0, 4.0])

    class Moved:
        def read(self, streams: Any, first: int, next: int, limit: int | None = None, newest: bool = False) -> Any:
            rows = readings([number] * 3, START + np.array([0, 10, 20]) * MINUTE, [1.0, 99.0, 3.0])
            inside = rows.chosen((rows.times >= first) & (rows.times < next))
            return inside.chosen(slice(-limit, None) if newest else slice(limit)) if limit else inside

    monkeypatch.setattr(reading, "_others", [lambda _streams, _first, _next: [Moved()]])
    found = reading.raw([number], START, START + HOUR)
    assert found.results.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert reading.raw([number], START, START + HOUR, 2).results.tolist() == [1.0, 2.0]
    assert reading.raw([number], START, START + HOUR, 3, newest=True).results.tolist() == [2.0, 3.0, 4.0]
