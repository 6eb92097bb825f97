"""How long what is kept: by rule, first tried; what is gone stays gone, and what came of it stays as it was."""
from __future__ import annotations

import contextvars
import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from ckan.tests import factories
from tzc.sensors import partitions
from tzc.sensors.readings import decoded, readings

from tests.portal.sensors.test_lake import ask, lake, move, rollups, stored, write

__all__ = ["lake", "write"]

pytestmark = pytest.mark.usefixtures("lake", "with_request_context")

NOW = dt.datetime(2026, 6, 15, 10, tzinfo=dt.timezone.utc)
DAY = 86_400_000_000


@pytest.fixture
def told(streams: Any, write: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three hundred days of two streams, every six hours, until a day that is today."""
    from ckanext.tzc.sensors import settling, store

    monkeypatch.setattr(store, "now", lambda: NOW)
    numbers = list(streams("a", "b", interval=21600).values())
    times = np.arange(partitions.microseconds(NOW) - 300 * DAY, partitions.microseconds(NOW), DAY // 4)
    write(readings(np.repeat(numbers, len(times)), np.tile(times, 2), np.arange(2 * len(times)) / 7))
    settling.settle_all()
    return numbers


def test_raw_values_go_and_what_came_of_them_stays(told: list[int], dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import retention, settling, store, taking

    monkeypatch.setitem(tk.config, "tzc.sensors.months_kept", 6)
    move()
    before, hours = stored(), rollups()
    retention.set_rule(dataset["id"], None, 250, 0, "tests")
    retention.set_rule(dataset["id"], told[1], 20, 0, "tests")
    model.Session.commit()
    notes = "INSERT INTO tzc_sensors_unsettled (stream, first, last) SELECT stream, last, last FROM tzc_sensors_state"
    model.Session.execute(store.sa.text(notes))
    model.Session.commit()
    tried = retention.retain(dry=True)
    assert ask("SELECT count(*) FROM tzc_sensors_unsettled") == [(2,)], "nor is anything settled"
    cut = {told[0]: NOW.replace(hour=0) - dt.timedelta(days=250), told[1]: NOW.replace(hour=0) - dt.timedelta(days=20)}
    left = [row for row in before if row[1] >= partitions.microseconds(cut[row[0]])]
    assert sum(due.rows + due.lake_rows for due in tried.due) == len(before) - len(left) > 1000
    assert all(due.lake_rows for due in tried.due) and stored() == before
    assert retention.retain() == tried
    assert (stored(), rollups()) == (left, hours)
    assert retention.retain().due == ()
    # what comes for that time is rejected, and listed so; what was there before is not made anew
    [source] = model.Session.query(store.Source).all()
    moments = [partitions.microseconds(cut[told[1]]) - 1, partitions.microseconds(cut[told[1]]) + 1]
    taken = taking.take(source, decoded(["b"], [0, 0], moments, [1.0, 2.0]), partitions.microseconds(NOW))
    assert [(row.row, row.code) for row in taken.rejected] == [(0, "forgotten")] and taken.written.new == 1
    model.Session.execute(store.sa.text("INSERT INTO tzc_sensors_unsettled (stream, first, last) SELECT stream, first, last FROM tzc_sensors_state"))
    model.Session.commit()
    settling.settle_all()
    assert [(row.stream, row.time) for row in rollups()[0]] == sorted({(row.stream, row.time) for row in hours[0]} | {(told[1], cut[told[1]])})


def test_what_came_of_them_goes_by_whole_months(told: list[int], dataset: dict[str, Any]) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import retention

    retention.set_rule(dataset["id"], None, 30, 60, "tests")
    model.Session.commit()
    retention.retain()
    for level in rollups():
        # by the territory's clock
        assert min(row.time for row in level) == dt.datetime(2026, 3, 31, 22, tzinfo=dt.timezone.utc)


def test_each_rule_is_for_its_own(told: list[int], dataset: dict[str, Any], publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream's goes before its dataset's, both before the setting; another dataset's is no concern of theirs."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import retention

    def due() -> dict[int, tuple[int | None, str | None]]:
        """By stream: how many days of raw values are kept, and from which month on what comes of them."""
        found = retention.retain(dry=True).due
        days = {one: (NOW.replace(hour=0) - one.raw_before).days if one.raw_before else None for one in found}
        return {stream: (days[one], one.rollup_before.strftime("%Y-%m-%d %H") if one.rollup_before else None) for one in found for stream in one.streams}

    retention.set_rule(publish(access_level="open")["id"], None, 3, 5, "tests")
    model.Session.commit()
    assert due() == {}
    monkeypatch.setitem(tk.config, "tzc.sensors.raw_days", 100)
    assert due() == dict.fromkeys(told, (100, None))
    monkeypatch.setitem(tk.config, "tzc.sensors.rollup_days", 200)
    # by the territory's clock, which is an hour ahead in winter
    assert due() == dict.fromkeys(told, (100, "2025-10-31 23"))
    retention.set_rule(dataset["id"], None, 250, 280, "tests")
    model.Session.commit()
    assert due() == dict.fromkeys(told, (250, "2025-08-31 22"))
    retention.set_rule(dataset["id"], told[1], 20, 60, "tests")
    model.Session.commit()
    assert due() == {told[0]: (250, "2025-08-31 22"), told[1]: (20, "2026-03-31 22")}


@pytest.mark.parametrize(("raw", "rollup"), [(0, 30), (60, 30)])
def test_what_comes_of_values_is_kept_as_long_as_they_are(told: list[int], monkeypatch: pytest.MonkeyPatch, raw: int, rollup: int) -> None:
    """Whatever the settings say: it would be made of them again."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import retention

    monkeypatch.setitem(tk.config, "tzc.sensors.raw_days", raw)
    monkeypatch.setitem(tk.config, "tzc.sensors.rollup_days", rollup)
    before = rollups()
    retention.retain()
    assert rollups() == before


def test_rules_that_are_none(told: list[int], dataset: dict[str, Any]) -> None:
    from ckanext.tzc.sensors import retention

    for raw, rollup in ((0, 30), (60, 30)):
        with pytest.raises(ValueError, match="rollups"):
            retention.set_rule(dataset["id"], None, raw, rollup, "tests")


def alone(method: Any, *arguments: Any, **named: Any) -> Any:
    """A request that shares no account with the test's own."""
    return contextvars.Context().run(method, *arguments, **named)


def test_who_says_how_long(app: Any, told: list[int], dataset: dict[str, Any], partner: dict[str, Any]) -> None:
    admin = factories.User()["name"]
    from ckan.tests.helpers import call_action

    call_action("organization_member_create", id=partner["id"], username=admin, role="admin")
    tokens = {name: {"Authorization": factories.APIToken(user=name)["token"]} for name in (admin, partner["editor"], factories.User()["name"])}

    def status(who: str | None, action: str, **data: Any) -> int:
        body = {"dataset": dataset["name"], **data}
        return int(alone(app.post, f"/api/3/action/tzc_sensor_retention_{action}", json=body, headers=tokens[who] if who else {}, status=None).status_code)

    *_others, stranger = tokens
    assert [status(who, "show") for who in (admin, partner["editor"], stranger, None)] == [200, 200, 403, 403]
    assert [status(who, "set", raw_days=9) for who in (partner["editor"], stranger, None, admin)] == [403, 403, 403, 200]
    assert [status(admin, "set", **wrong) for wrong in ({"raw_days": -1}, {"raw_days": "x"}, {"raw_days": 9, "rollup_days": 8}, {"raw_days": [1]}, {"raw_days": True})] == [409] * 5
    assert [status(admin, "set", stream=stream, raw_days=5) for stream in (told[0], 987654, "x", 2**40)] == [200, 404, 404, 404]
    answer = alone(app.post, "/api/3/action/tzc_sensor_retention_show", json={"dataset": dataset["id"]}, headers=tokens[admin]).json["result"]
    assert answer == [{"stream": None, "raw_days": 9, "rollup_days": 0}, {"stream": told[0], "raw_days": 5, "rollup_days": 0}]
    assert [status(admin, "set", remove=True) for _turn in range(2)] == [200, 404]


def test_commands(told: list[int], dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str) -> Any:
        from ckanext.tzc.sensors import cli
        from click.testing import CliRunner

        return CliRunner().invoke(cli.tzc, ["sensors", *words])

    def told_by(*words: str, code: int = 0) -> Any:
        done = run(*words, "--json")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    assert run("rule", dataset["name"], "--raw-days", "250").exit_code == 0
    assert "raw_days 250" in run("rule", dataset["name"]).stdout
    assert run("rule", dataset["name"], "--raw-days", "20", "--rollup-days", "10").exit_code == 1
    assert run("rule", "there-is-none").exit_code == 1
    tried = told_by("retain", "--dry-run")
    assert tried["dry_run"] is True and tried["due"][0]["rows"] == 2 * 199
    assert told_by("retain")["due"] == tried["due"]
    assert [(month["month"], month["files"]) for month in told_by("lake", "move", "--before", "2025-12")["months"]] == [("2025-08", 0), ("2025-09", 0), ("2025-10", 1), ("2025-11", 1)]
    assert run("lake", "move", "--before", "soon").exit_code == 1
    checked = told_by("lake", "check")
    assert (checked["files"], checked["faults"]) == (2, [])
    status = told_by("status")
    assert (status["lake"]["files"], status["waiting"], status["sources"][0]["streams"]) == (2, 0, 2)
    assert run("status").stdout.count("\n") > 8
    rows = told_by("lake", "ask", "statistics", dataset["name"], "--from", "2025-11-01", "--to", "2026-02-01")
    assert [row["stream"] for row in rows] == told and {row["count"] for row in rows} == {92 * 4}
    assert "BITWISE_AND" in run("lake", "ask", "series", dataset["name"], "--from", "2025-11-01", "--to", "2026-02-01", "--sql", "trino").stdout
    assert run("lake", "ask", "series", dataset["name"], "--from", "x", "--to", "2026-02-01").exit_code == 1
    [source] = ask("SELECT id FROM tzc_sensors_source")
    assert "0 bodies" in run("replay", source.id, "--from", "2025-01-01", "--to", "2026-01-01").stdout
    assert run("replay", "there-is-none", "--from", "2025-01-01", "--to", "2026-01-01").exit_code == 1


def test_what_prometheus_reads(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import measures
    from prometheus_client import Metric

    move()
    found: dict[str, Metric] = {metric.name: metric for metric in measures.all_measures() if metric.name.startswith("tzc_sensors_")}
    values = {name: metric.samples[0].value for name, metric in found.items() if len(metric.samples) == 1}
    assert values["tzc_sensors_observations"] == 2 * 1200 and values["tzc_sensors_unsettled"] == 0 and values["tzc_sensors_lake_files"] == 0
    streams = {sample.labels["standing"]: sample.value for sample in found["tzc_sensors_streams"].samples}
    assert streams == {"well": 0, "late": 0, "silent": 2, "empty": 0}


def test_a_replay_takes_what_came_within_a_time(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import arrivals, operating, store

    later = partitions.microseconds(NOW)
    monkeypatch.setitem(arrivals.DECODERS, "tests", lambda body, _definition: decoded(["a"], [0], [later], [float(body)]))
    [source] = model.Session.query(store.Source).all()
    for body in (b"1", b"2"):
        arrivals.receive(source, arrivals.HTTP, "tests", body)
        model.Session.commit()
    # a decoder that was wrong by a factor is mended
    monkeypatch.setitem(arrivals.DECODERS, "tests", lambda body, _definition: decoded(["a"], [0], [later], [float(body) * 10]))
    day = NOW.date()
    assert operating.replay(source.id, f"{day - dt.timedelta(days=1)}", f"{day + dt.timedelta(days=1)}") == 2
    assert (told[0], later, 20.0) in [row[:3] for row in stored()]
