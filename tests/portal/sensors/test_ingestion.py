"""Programs and networks send observations: keys, quotas, what is answered, and that the same again changes nothing."""
from __future__ import annotations

import contextvars
import datetime as dt
import hashlib
import hmac
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Act = Callable[..., Any]
T0 = "2026-05-06T12:00:00Z"
AT = 1_778_068_800_000_000
"""The same moment in microseconds."""

CSV = "stream,time,result\nt,2026-05-06T12:00:00Z,21.5\nt,2026-05-06T12:10:00Z,22.5\n"


@pytest.fixture
def act(partner: dict[str, Any]) -> Act:
    """Call an action, as the partner's editor where nobody else is named."""
    import ckan.plugins.toolkit as tk

    def call(action: str, user: str = "", /, **data: Any) -> Any:
        return tk.get_action(action)({"user": user or partner["editor"]}, data)

    return call


@pytest.fixture
def made(act: Act, dataset: dict[str, Any]) -> Act:
    """A source and a key of it."""

    def make(kind: str = "push", **fields: Any) -> dict[str, Any]:
        source = act("tzc_sensor_source_create", dataset=dataset["id"], kind=kind, name="Stations", **fields)
        return {**source, "key": act("tzc_sensor_key_create", id=source["id"])["key"]}

    return make


@pytest.fixture
def send(app: Any) -> Act:
    """Send a body to a source, or to an address with its key."""

    def call(source: dict[str, Any], body: Any, kind: str = "text/csv", *, to: str = "", key: str | None = None, **headers: str) -> Any:
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        address = to or f"/api/tzc/sensors/{source['id']}/observations"
        own = {"Authorization": f"Bearer {source['key'] if key is None else key}", **headers}
        return contextvars.Context().run(app.post, address, data=content, content_type=kind, headers=own, status=None)

    return call


@pytest.fixture
def numbers(act: Act, dataset: dict[str, Any]) -> Act:
    """Make streams of a source: their numbers, by name."""
    import ckan.model as model
    from ckanext.tzc.sensors import describing, store
    from tzc.sensors.model import Property, Stream, Thing

    def make(source: dict[str, Any], *names: str, **more: Any) -> dict[str, int]:
        row = store.source(source["id"])
        rows = describing.describe(row, [Stream(name, Thing("s", "S"), Property("other"), **more) for name in names])
        model.Session.commit()
        return {name: rows[name].id for name in names}

    return make


def stored(what: str = "stream, time, result") -> list[tuple[Any, ...]]:
    import ckan.model as model
    import sqlalchemy as sa

    model.Session.rollback()
    return [tuple(row) for row in model.Session.execute(sa.text(f"SELECT {what} FROM tzc_sensors_observation ORDER BY stream, time")).all()]  # noqa: S608 -- names of ours


def read(query: str) -> list[tuple[Any, ...]]:
    import ckan.model as model
    import sqlalchemy as sa

    model.Session.rollback()
    return [tuple(row) for row in model.Session.execute(sa.text(query)).all()]


def results() -> list[float]:
    return [row[0] for row in stored("result")]


def test_a_csv_is_taken_once(made: Act, send: Act, numbers: Act) -> None:
    source = made()
    numbers(source, "t", unit="Cel")
    first = send(source, CSV)
    assert first.status_code == 201
    assert {field: first.json[field] for field in ("observations", "new", "changed", "same", "rejected", "rows")} == {"observations": 2, "new": 2, "changed": 0, "same": 0, "rejected": 0, "rows": []}
    again = send(source, CSV)
    assert (again.status_code, again.json["new"], again.json["same"]) == (200, 0, 2)
    corrected = send(source, CSV.replace("22.5", "23.5"))
    assert (corrected.status_code, corrected.json["new"], corrected.json["changed"], corrected.json["same"]) == (201, 0, 1, 1)
    # what came before is known: it does not bring the old value back
    assert send(source, CSV).status_code == 200
    assert results() == [21.5, 23.5]


def test_after_the_mapping_changed_the_same_body_is_read_anew(made: Act, send: Act, act: Act) -> None:
    """What was sent before its stream was known, or in a unit that was given wrong, is sent again and taken."""
    value = {"path": "v", "name": "t", "property": "air_temperature", "unit": "Cel"}
    mapping = {"thing": "capteur", "time": "date", "values": [value]}
    source = made(mapping=mapping)
    body = {"capteur": "quai", "date": "2026-05-06T12:00:00Z", "v": 300}
    assert send(source, body, "application/json").json["rows"][0]["code"] == "stream"
    act("tzc_sensor_source_update", id=source["id"], mapping={**mapping, "create": True})
    assert send(source, body, "application/json").json["new"] == 1
    act("tzc_sensor_source_update", id=source["id"], mapping={**mapping, "create": True, "values": [{**value, "unit": "K"}]})
    assert send(source, body, "application/json").json["changed"] == 1
    assert results() == [pytest.approx(26.85)]


def test_what_a_mapping_says_of_streams_may_be_said_later(made: Act, send: Act, act: Act) -> None:
    """Their unit, name, property, interval and place: those that are there are told of anew by the next message."""
    mapping = {"thing": "capteur", "time": "date", "create": True, "values": [{"path": "v", "name": "t"}]}
    source = made(mapping=mapping)
    assert send(source, {"capteur": "quai", "date": T0, "v": 21}, "application/json").json["new"] == 1
    value = {"path": "v", "name": "t", "property": "air_temperature", "unit": "Cel", "interval": 600}
    place = {"quai": {"name": "Quai de la gare", "longitude": -1.15, "latitude": 46.16}}
    act("tzc_sensor_source_update", id=source["id"], mapping={**mapping, "values": [value], "places": place})
    assert send(source, {"capteur": "quai", "date": "2026-05-06T13:00:00Z", "v": 22}, "application/json").json["new"] == 1
    assert results() == [21, 22]
    told = read(
        "SELECT s.unit, s.interval, p.code, t.name, l.geometry->>'coordinates' AS place FROM tzc_sensors_stream s JOIN tzc_sensors_property p ON p.id = s.property "
        "JOIN tzc_sensors_thing t ON t.id = s.thing JOIN tzc_sensors_location l ON l.id = t.location"
    )
    assert told == [("Cel", 600, "air_temperature", "Quai de la gare", "[-1.15, 46.16]")]


def test_bad_rows_are_listed_and_the_others_kept(made: Act, send: Act, numbers: Act) -> None:
    source = made()
    numbers(source, "t")
    body = CSV + "t,2026-05-06T12:20:00Z,inf\nu,2026-05-06T12:20:00Z,1\nt,2199-01-01T00:00:00Z,1\nt,2026-05-06T12:30:00Z,1e300\nt,2026-05-06T12:40:00Z,abc\nt,1960-01-01T00:00:00Z,1\nt,bad,1\n"
    answer = send(source, body)
    assert answer.status_code == 201
    assert [(row["row"], row["code"]) for row in answer.json["rows"]] == [(2, "not_a_number"), (3, "stream"), (4, "clock"), (5, "too_big"), (6, "not_a_number"), (7, "clock"), (8, "time")]
    assert all(row["words"] and row["words"] != row["code"] for row in answer.json["rows"])
    assert answer.json["rows"][4]["shown"] == "t 2026-05-06T12:40:00+00:00 abc"
    assert (answer.json["new"], answer.json["rejected"]) == (2, 7)
    assert results() == [21.5, 22.5]


def test_clocks_that_are_ahead(made: Act, numbers: Act) -> None:
    """Ten minutes are nothing; up to a day is a mark, with which a value is in no sum; more is no time. What is foretold may be of 400 days from now, and has no mark."""
    import ckan.model as model
    from ckanext.tzc.sensors import settling, store, taking
    from tzc.sensors import quality
    from tzc.sensors.readings import decoded

    source, day = made(), 86_400
    numbers(source, "t")
    numbers(source, "f", forecast=True)
    seconds = [600, 601, day, day + 1, day, 400 * day, 400 * day + 1]
    batch = decoded(["t", "f"], [0] * 4 + [1] * 3, [AT + second * 1_000_000 for second in seconds], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    taken = taking.take(store.source(source["id"]), batch, AT)
    model.Session.commit()
    assert [(row.row, row.code) for row in taken.rejected] == [(3, "clock"), (6, "clock")]
    assert stored("result, flags") == [(1.0, 0), (2.0, quality.AHEAD), (3.0, quality.AHEAD), (5.0, 0), (6.0, 0)]
    settling.settle_all()
    hours = read("SELECT s.external, h.count, h.good, h.sum FROM tzc_sensors_hour h JOIN tzc_sensors_stream s ON s.id = h.stream WHERE h.good > 0 ORDER BY s.external, h.time")
    assert hours == [("f", 1, 1, 5.0), ("f", 1, 1, 6.0), ("t", 2, 1, 1.0)]


@pytest.mark.parametrize(("body", "kind", "status", "code"), [
    ("stream,time,result\nx,2026-05-06T12:00:00Z,1\n", "text/csv", 422, "rows"), ("", "text/csv", 422, "empty"), ("a,b\n1,2\n", "text/csv", 422, "columns"), (b"PAR1abc", "application/vnd.apache.parquet", 422, "broken"),
    (b"\xff\xff\xff\xff", "application/vnd.apache.arrow.stream", 422, "broken"), ("{", "application/json", 422, "broken"), (CSV, "image/png", 415, "kind"),
    ("x" * 2000, "text/csv", 413, "too_many_bytes"),
])  # fmt: skip
def test_nothing_is_taken_in_words(made: Act, send: Act, monkeypatch: pytest.MonkeyPatch, body: Any, kind: str, status: int, code: str) -> None:
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.sensors.most_bytes", 1000)
    answer = send(made(), body, kind)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["words"] != code
    assert stored() == []


def test_what_was_cut_off_says_so(made: Act, send: Act) -> None:
    table, parquet = pa.table({"stream": ["t"], "time": [T0], "result": [1.5]}), io.BytesIO()
    pq.write_table(table, parquet)
    source = made()
    cut = [send(source, parquet.getvalue()[:-9], "application/vnd.apache.parquet"), send(source, b"\xff\xff\xff\xff", "application/vnd.apache.arrow.stream")]
    broken = send(source, parquet.getvalue()[:4] * 9, "application/vnd.apache.parquet")
    assert [answer.json["code"] for answer in (*cut, broken)] == ["broken"] * 3
    assert cut[0].json["words"] == cut[1].json["words"] != broken.json["words"]
    assert "magic" not in cut[0].json["words"]


def test_arrow_parquet_and_json(made: Act, send: Act, numbers: Act) -> None:
    source = made()
    numbers(source, "t")
    moment = dt.datetime(2026, 5, 6, 12, tzinfo=dt.timezone.utc)
    table = pa.table({"stream": ["t"], "time": pa.array([moment], pa.timestamp("us", "UTC")), "result": [1.5]})
    arrow, parquet = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table)
    pq.write_table(table, parquet)
    assert send(source, arrow.getvalue(), "application/vnd.apache.arrow.stream").status_code == 201
    assert send(source, parquet.getvalue(), "application/vnd.apache.parquet").json["same"] == 1
    assert send(source, [{"stream": "t", "time": T0, "result": 1.5}], "application/json").json["same"] == 1
    assert stored("time, result") == [(moment, 1.5)]


def test_who_sends(app: Any, act: Act, made: Act, send: Act, dataset: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    source, other = made(), made()
    for key in ("", "tzcs_nothing", other["key"], "tzcf_" + source["key"][5:]):
        answer = send(source, CSV, key=key)
        assert (answer.status_code, answer.json["code"], answer.headers["WWW-Authenticate"]) == (401, "key", "Bearer")
    assert send({"id": "nobody", "key": source["key"]}, CSV).status_code == 401
    assert send(source, CSV, key="", **{"X-Sensor-Key": source["key"]}).status_code == 422
    act("tzc_sensor_source_update", id=source["id"], paused=True)
    assert (send(source, CSV).status_code, send(source, CSV).json["code"]) == (403, "paused")
    act("tzc_sensor_source_update", id=source["id"], paused=False)
    shown = act("tzc_sensor_source_show", id=source["id"])
    assert source["key"] not in json.dumps(shown) and shown["keys"][0]["used"]
    act("tzc_sensor_key_revoke", id=source["id"], key=shown["keys"][0]["id"])
    assert send(source, CSV).json["code"] == "ended"
    key = model.Session.query(store.Key).filter_by(source=other["id"]).one()
    key.ends = store.now() - dt.timedelta(seconds=1)
    model.Session.commit()
    assert send(other, CSV).json["code"] == "ended"
    waiting = made()
    store.source(waiting["id"]).allowed = False
    model.Session.commit()
    assert (send(waiting, CSV).status_code, send(waiting, CSV).json["code"]) == (403, "not_allowed")


def test_quotas(made: Act, send: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.plugins.toolkit as tk

    source, other = made(), made()
    monkeypatch.setitem(tk.config, "tzc.sensors.requests_an_hour", 2)
    statuses = [send(source, CSV).status_code for _time in range(4)]
    assert statuses == [422, 422, 429, 429]
    answer = send(source, CSV)
    assert answer.json["code"] == "often" and 0 < int(answer.headers["Retry-After"]) <= 3600
    monkeypatch.setitem(tk.config, "tzc.sensors.requests_an_hour", 100)
    monkeypatch.setitem(tk.config, "tzc.sensors.bytes_a_day", 2 * len(CSV))
    assert [send(other, CSV).status_code for _time in range(3)] == [422, 422, 429]
    assert send(other, CSV).json["code"] == "much"


def test_quotas_end_with_their_hour_and_day(made: Act, send: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    import sqlalchemy as sa

    def later(hours: int) -> None:
        model.Session.execute(sa.text("UPDATE tzc_sensors_use SET hour = hour - make_interval(hours => :hours)"), {"hours": hours})
        model.Session.commit()

    source = made()
    monkeypatch.setitem(tk.config, "tzc.sensors.requests_an_hour", 2)
    monkeypatch.setitem(tk.config, "tzc.sensors.bytes_a_day", 4 * len(CSV))
    assert [send(source, CSV).status_code for _time in range(3)] == [422, 422, 429]
    later(1)
    assert [send(source, CSV).json["code"] for _time in range(2)] == ["rows", "much"], "the day's bytes are those of all of its hours"
    later(25)
    assert send(source, CSV).json["code"] == "rows"
    assert read("SELECT count(*) FROM tzc_sensors_use") == [(1,)], "what is over is forgotten"


@pytest.mark.parametrize("where", ["key", "rows", "commit"])
def test_while_the_database_is_away_one_is_told_to_come_again(made: Act, send: Act, numbers: Act, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Whether it goes when the key is looked up, when rows are written or before they are committed: nothing is taken, and nobody is told that they are wrong. A fault of ours is one."""
    import ckan.model as model
    import sqlalchemy as sa
    from ckanext.tzc.sensors import arrivals, entering, writing

    source = made()
    numbers(source, "t")
    places: dict[str, tuple[Any, str]] = {"key": (entering, "_key"), "rows": (writing, "_append"), "commit": (arrivals, "receive")}
    module, name = places[where]
    right = getattr(module, name)

    def cut(*given: Any) -> Any:
        done = right(*given) if where == "commit" else None
        pid = model.Session.execute(sa.text("SELECT pg_backend_pid()")).scalar()
        with model.meta.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return done if where == "commit" else right(*given)

    monkeypatch.setattr(module, name, cut)
    answer = send(source, CSV)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "away", "10")
    monkeypatch.setattr(module, name, right)
    assert stored() == []
    assert send(source, CSV).json["new"] == 2
    broken = sa.exc.ProgrammingError("SELECT", None, Exception("no such column"))
    monkeypatch.setattr(module, name, lambda *_given: (_ for _ in ()).throw(broken))
    with pytest.raises(sa.exc.ProgrammingError):
        send(source, CSV.replace("22.5", "23.5"))


def test_what_comes_in_parts_is_counted_too(app: Any, made: Act, send: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is sent in chunks says no length before."""
    import ckan.plugins.toolkit as tk

    source = made()
    monkeypatch.setitem(tk.config, "tzc.sensors.bytes_a_day", 2 * len(CSV))
    key = {"Authorization": f"Bearer {source['key']}", "Content-Type": "text/csv", "Transfer-Encoding": "chunked"}
    address = f"/api/tzc/sensors/{source['id']}/observations"

    def chunked() -> int:
        more = {"input_stream": io.BytesIO(CSV.encode()), "environ_overrides": {"wsgi.input_terminated": True}, "headers": key, "status": None}
        return int(contextvars.Context().run(lambda: app.post(address, **more)).status_code)

    assert [chunked() for _time in range(4)] == [422, 422, 422, 429] and send(source, CSV).json["code"] == "much"


def test_sensorthings_observations(made: Act, send: Act, numbers: Act) -> None:
    source = made()
    number = numbers(source, "t")["t"]
    one = {"phenomenonTime": T0, "result": 21.5, "Datastream": {"@iot.id": number}}
    first = send(source, one, "application/json", to="/sta/v1.1/Observations")
    assert first.status_code == 201
    assert first.headers["Location"].endswith(f"/sta/v1.1/Observations('{number}-1778068800000000')")
    assert first.json["@iot.id"] == f"{number}-1778068800000000"
    assert send(source, one, "application/json", to="/sta/v1.1/Observations").status_code == 200
    plain = {"phenomenonTime": "2026-05-06T12:10:00Z", "result": 22}
    assert send(source, plain, "application/json", to=f"/sta/v1.1/Datastreams({number})/Observations").status_code == 201
    assert results() == [21.5, 22.0]
    for body, code in (({**one, "Datastream": {"@iot.id": number + 999}}, "rows"), ({**one, "result": "x"}, "rows"), ({**one, "phenomenonTime": None}, "rows"), ([], "unexpected"), ("{", "broken")):
        answer = send(source, body, "application/json", to="/sta/v1.1/Observations")
        assert (answer.status_code, answer.json["code"]) == (422, code)
    # streams of another source are not there
    assert send(made(), one, "application/json", to="/sta/v1.1/Observations").json["rows"][0]["code"] == "stream"


def test_data_arrays_answer_each_row(made: Act, send: Act, numbers: Act) -> None:
    source = made()
    number = numbers(source, "t")["t"]
    body = [
        {"Datastream": {"@iot.id": number}, "components": ["phenomenonTime", "result"], "dataArray": [[T0, 1], ["bad", 2], ["2026-05-06T12:10:00Z", 3]]},
        {"Datastream": {"@iot.id": number + 999}, "components": ["phenomenonTime", "result"], "dataArray": [[T0, 1]]},
    ]
    for _time in range(2):
        answer = send(source, body, "application/json", to="/sta/v1.1/CreateObservations")
        assert answer.status_code == 201
        assert [link.rpartition("/")[2] for link in answer.json] == [f"Observations('{number}-1778068800000000')", "error", f"Observations('{number}-1778069400000000')", "error"]
    assert results() == [1.0, 3.0]
    assert send(source, [], "application/json", to="/sta/v1.1/CreateObservations").status_code == 422


def test_streams_are_made_by_the_first_message(act: Act, made: Act, send: Act, dataset: dict[str, Any]) -> None:
    mapping = {
        "thing": "device", "time": "at", "create": True, "longitude": "lon", "latitude": "lat",
        "values": [{"path": "temp", "name": "temperature", "property": "air_temperature", "unit": "Cel", "interval": 600}, {"path": "door", "kind": "category"}, {"path": "open", "kind": "truth"}],
    }
    source = made(mapping=mapping)
    body = [{"device": "d1", "at": T0, "temp": 21.5, "door": "ouverte", "open": "oui", "lon": -1.15, "lat": 46.16}, {"device": "d1", "at": "2026-05-06T12:10:00Z", "door": "fermée", "open": False},
            {"device": "d1", "at": "2026-05-06T12:20:00Z", "door": "ouverte"}]  # fmt: skip
    assert send(source, body, "application/json").json["new"] == 6
    from ckanext.tzc.sensors import store

    rows = store.streams_of(source["id"])
    assert {name: (row.unit, row.kind, row.interval) for name, row in rows.items()} == {
        "d1/temperature": ("Cel", "measurement", 600), "d1/door": ("1", "category", 0), "d1/open": ("1", "truth", 0),
    }  # fmt: skip
    assert [result for stream, _time, result in stored() if stream == rows["d1/door"].id] == [0.0, 1.0, 0.0]
    assert [result for stream, _time, result in stored() if stream == rows["d1/open"].id] == [1.0, 0.0]
    assert act("tzc_sensor_source_show", id=source["id"])["streams"] == 3


def test_more_streams_than_there_is_room_for(made: Act, send: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.sensors.most_streams", 2)
    source = made(mapping={"create": True})
    answer = send(source, "stream,time,result\n" + "".join(f"s{number},{T0},1\n" for number in range(4)))
    assert [(row["row"], row["code"]) for row in answer.json["rows"]] == [(2, "stream"), (3, "stream")]


def test_words_of_a_stream_have_an_end(made: Act, send: Act, numbers: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors import taking

    monkeypatch.setattr(taking, "MOST_WORDS", 2)
    source = made()
    numbers(source, "t", kind="category")
    answer = send(source, "stream,time,result\n" + "".join(f"t,2026-05-06T12:0{place}:00Z,{word}\n" for place, word in enumerate(["a", "b", "c", "a", "5"])))
    assert [(row["row"], row["code"]) for row in answer.json["rows"]] == [(2, "words"), (4, "words")]
    assert results() == [0.0, 1.0, 0.0]


def test_units_become_the_streams(made: Act, numbers: Act) -> None:
    """As a pulled source says them with its values: exact, or said to be none of the stream's."""
    import ckan.model as model
    from ckanext.tzc.sensors import store, taking
    from tzc.sensors.readings import decoded

    source = made()
    numbers(source, "q", unit="m3/s")
    numbers(source, "k", unit="Cel")
    batch = decoded(["q", "k", "x"], [0, 1, 0], [1, 2, 3], [348000.0, 298.45, 1.0], units={"q": "L/s", "k": "K"})
    taking.take(store.source(source["id"]), batch, 10**15)
    model.Session.commit()
    assert results() == [348.0, 0.001, 25.3]
    odd = taking.take(store.source(source["id"]), decoded(["q"], [0], [9], [1.0], units={"q": "Cel"}), 10**15)
    assert [row.code for row in odd.rejected] == ["unit"]


UPLINK = {
    "end_device_ids": {"device_id": "quai-1", "dev_eui": "0004A30B001C0530"}, "received_at": T0,
    "uplink_message": {"f_port": 1, "normalized_payload": [{"air": {"temperature": 25.3, "relativeHumidity": 44.5}}], "received_at": T0},
}  # fmt: skip


def test_a_webhook_waits_in_the_queue(act: Act, made: Act, send: Act) -> None:
    from ckanext.tzc.sensors import arrivals

    source = made("ttn")
    to = f"/api/tzc/sensors/{source['id']}/uplinks"
    assert source["send"].endswith(to)
    answer = send(source, UPLINK, "application/json", to=to)
    assert (answer.status_code, answer.json["state"]) == (202, "waiting")
    assert stored() == []
    assert arrivals.drain() == 1
    assert results() == [25.3, 44.5]
    assert send(source, UPLINK, "application/json", to=to).json["state"] == "done"
    assert arrivals.drain() == 0
    assert send(source, CSV).status_code == 404
    assert send(made(), UPLINK, "application/json", to=f"/api/tzc/sensors/{made()['id']}/uplinks").status_code == 401
    came = act("tzc_sensor_arrival_list", id=source["id"])
    assert [(one["state"], one["observations"], one["new"]) for one in came] == [("done", 0, 0), ("done", 2, 2)]


def test_a_full_queue_says_when_to_come_again(made: Act, send: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.plugins.toolkit as tk

    monkeypatch.setitem(tk.config, "tzc.sensors.most_waiting", 1)
    source = made("ttn")
    to = f"/api/tzc/sensors/{source['id']}/uplinks"
    assert send(source, UPLINK, "application/json", to=to).status_code == 202
    answer = send(source, {**UPLINK, "received_at": "2026-05-06T12:10:00Z"}, "application/json", to=to)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "full", "10")
    pushed = made()
    assert send(pushed, CSV, Prefer="respond-async").status_code == 503
    monkeypatch.setitem(tk.config, "tzc.sensors.most_waiting", 5)
    assert send(pushed, CSV, Prefer="respond-async").status_code == 202


def test_a_queue_is_bounded_by_its_bytes_too(made: Act, send: Act, numbers: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decoded is in it no longer."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import arrivals

    source = made()
    numbers(source, "t")
    monkeypatch.setitem(tk.config, "tzc.sensors.most_waiting_bytes", 2 * len(CSV))
    bodies = [CSV, CSV.replace("21.5", "21.6"), CSV.replace("21.5", "21.7")]
    answers = [send(source, body, Prefer="respond-async") for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 202, 503] and answers[2].headers["Retry-After"] == "10"
    assert arrivals.drain() == 2
    assert send(source, bodies[2], Prefer="respond-async").status_code == 202
    assert arrivals.drain() == 1 and results() == [21.7, 22.5]


def test_what_cannot_be_decoded_is_tried_some_times_and_holds_up_nobody(made: Act, send: Act, numbers: Act, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is shown as refused; when its decoder was mended it is read again by a replay."""
    import ckan.model as model
    from ckanext.tzc.sensors import arrivals, store

    source = made()
    numbers(source, "t")
    right = arrivals.DECODERS["json"]
    monkeypatch.setitem(arrivals.DECODERS, "json", lambda *_given: 1 // 0)
    assert send(source, [{"stream": "t", "time": T0, "result": 1.5}], "application/json", Prefer="respond-async").status_code == 202
    assert send(source, CSV, Prefer="respond-async").status_code == 202
    assert arrivals.drain() == arrivals.MOST_ATTEMPTS + 1 and results() == [21.5, 22.5]
    assert arrivals.drain() == 0
    shown = {one["kind"]: (one["state"], one["code"]) for one in act("tzc_sensor_arrival_list", id=source["id"])}
    assert shown == {"json": ("refused", "broken"), "csv": ("done", None)}
    monkeypatch.setitem(arrivals.DECODERS, "json", right)
    now = dt.datetime.now(dt.timezone.utc)
    row = store.source(source["id"])
    assert arrivals.replay(row, now - dt.timedelta(hours=2), now - dt.timedelta(hours=1)) == 0
    assert arrivals.replay(row, now + dt.timedelta(hours=1), now + dt.timedelta(hours=2)) == 0
    assert arrivals.replay(row, now - dt.timedelta(hours=1), now + dt.timedelta(hours=1)) == 2
    model.Session.commit()
    # in the order in which they came: what came last counts
    assert results() == [21.5, 22.5]
    assert {one["state"] for one in act("tzc_sensor_arrival_list", id=source["id"])} == {"done"}


def test_what_came_is_kept_for_some_days(made: Act, send: Act, numbers: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits stays, however long."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    import sqlalchemy as sa
    from ckanext.tzc.sensors import jobs

    source = made()
    numbers(source, "t")
    for body in (CSV, CSV.replace("21.5", "21.6")):
        assert send(source, body).status_code == 201
    assert send(source, CSV.replace("21.5", "21.7"), Prefer="respond-async").status_code == 202
    first, second, third = (row[0] for row in read("SELECT id FROM tzc_sensors_arrival ORDER BY id"))
    monkeypatch.setitem(tk.config, "tzc.sensors.arrival_days", 14)
    for number, days in ((first, 14.1), (second, 13.9), (third, 99)):
        model.Session.execute(sa.text("UPDATE tzc_sensors_arrival SET received = now() - make_interval(secs => :seconds) WHERE id = :id"), {"id": number, "seconds": days * 86_400})
    model.Session.commit()
    assert jobs.forget() == 1
    assert read("SELECT id, state FROM tzc_sensors_arrival ORDER BY id") == [(second, "done"), (third, "waiting")]
    assert results() == [21.6, 22.5], "what it said stays"


def test_a_signed_webhook(act: Act, made: Act, send: Act, partner: dict[str, Any]) -> None:
    act("tzc_credential_set", partner=partner["id"], name="ttn", host="eu1.cloud.thethings.network:443", kind="bearer", token="a secret of the network")
    source = made("ttn", signature="ttn")
    to, body = f"/api/tzc/sensors/{source['id']}/uplinks", json.dumps(UPLINK)
    right = hmac.new(b"a secret of the network", body.encode(), hashlib.sha256).hexdigest()
    assert send(source, body, "application/json", to=to, **{"X-Hub-Signature-256": f"sha256={right}"}).status_code == 202
    for wrong in ("", "sha256=", "sha256=" + "0" * 64, "sha256=é"):
        answer = send(source, body + " ", "application/json", to=to, **{"X-Hub-Signature-256": wrong})
        assert (answer.status_code, answer.json["code"]) == (401, "signature")
    act("tzc_credential_remove", partner=partner["id"], name="ttn")
    assert send(source, body, "application/json", to=to, **{"X-Hub-Signature-256": f"sha256={right}"}).status_code == 403


def test_what_the_decoder_of_a_repeat_would_do_is_not_done(made: Act, send: Act, numbers: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that was taken is known by its digest."""
    from ckanext.tzc.sensors import arrivals

    source = made()
    numbers(source, "t")
    assert send(source, CSV).status_code == 201
    monkeypatch.setitem(arrivals.DECODERS, "csv", lambda *_given: pytest.fail("it was decoded again"))
    assert send(source, CSV).json["same"] == 2
