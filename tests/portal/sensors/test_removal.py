"""A source is removed: what goes is told before, and then it is nowhere: not in the tables, the lake's files, what came as it came, places, answers."""
# ruff: noqa: S608 -- names of our tables
from __future__ import annotations

import contextvars
import json
import threading
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.people import PASSWORD, Person
from tests.portal.sensors import homes
from tests.portal.sensors.test_lake import lake
from tests.portal.sensors.test_listening import until

__all__ = ["lake"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "lake", "with_request_context")

MAPPING = {"thing": "station", "time": "time", "create": True, "longitude": "lon", "latitude": "lat", "values": [{"path": "niveau", "property": "water_level", "unit": "m"}, {"path": "porte", "kind": "category"}]}
TABLES = ("stream", "thing", "place", "location", "arrival", "key", "word", "rule", "forgotten", "moved", "state", "hour", "day", "month", "unsettled", "observation", "retained")


def rows(station: str, longitude: float) -> bytes:
    """Of a month that is moved and of one that stays."""
    return json.dumps([
        {"station": station, "time": f"{month}-{day:02d}T12:00:00Z", "niveau": day + longitude, "porte": "ouverte", "lon": longitude, "lat": 46.16}
        for month in ("2025-01", "2026-11") for day in range(1, 11)
    ]).encode()  # fmt: skip


@pytest.fixture
def two(dataset: dict[str, Any], partner: dict[str, Any]) -> dict[str, Any]:
    """Two sources of the dataset, each with a month in the lake, and what they hold."""
    from ckanext.tzc.sensors import arrivals, retention, settling, store
    from ckanext.tzc.sensors.lake import moving

    found = {}
    for name, longitude in (("Port", -1.15), ("Marais", -1.25)):
        made = tk.get_action("tzc_sensor_source_create")({"user": partner["editor"]}, {"dataset": dataset["id"], "kind": "push", "name": name, "mapping": MAPPING})
        tk.get_action("tzc_sensor_key_create")({"user": partner["editor"]}, {"id": made["id"]})
        arrivals.receive(store.source(made["id"]), arrivals.HTTP, "json", rows(name.lower(), longitude))
        model.Session.commit()
        streams = store.streams_of(made["id"])
        retention.set_rule(dataset["id"], streams[f"{name.lower()}/niveau"].id, 5000, 0, "tests")
        found[name] = {**made, "streams": sorted(row.id for row in streams.values())}
    model.Session.commit()
    settling.settle_all()
    moving.move()
    return found


def counts(source: dict[str, Any]) -> dict[str, int]:
    """How many rows each table has of a source."""
    of_source = {"stream": "source = :id", "thing": "source = :id", "arrival": "source = :id", "key": "source = :id", "retained": "source = :id"}
    others = {"place": "thing IN (SELECT id FROM tzc_sensors_thing WHERE source = :id)", "location": "id IN (SELECT location FROM tzc_sensors_thing WHERE source = :id)"}
    model.Session.rollback()
    told = {}
    for table in TABLES:
        where = of_source.get(table) or others.get(table) or "stream = ANY(:streams)"
        told[table] = model.Session.execute(sa.text(f"SELECT count(*) FROM tzc_sensors_{table} WHERE {where}"), {"id": source["id"], "streams": source["streams"]}).scalar()
    return told


def in_files(lake: Path) -> set[int]:
    """The streams that any file of the lake has rows of."""
    return {number for file in lake.rglob("*.parquet") for number in pq.read_table(file, columns=["stream"]).column("stream").to_pylist()}


def test_nothing_of_it_stays_and_nothing_else_goes(two: dict[str, Any], lake: Path, partner: dict[str, Any]) -> None:
    from ckanext.tzc.sensors import reading

    gone, stays = two["Port"], two["Marais"]
    shown = tk.get_action("tzc_sensor_source_show")({"user": partner["editor"]}, {"id": gone["id"]})["holds"]
    size = shown.pop("bytes")
    assert shown == {
        "streams": 2, "observations": 40, "first": "2025-01-01T12:00:00+00:00", "last": "2026-11-10T12:00:00+00:00", "things": 1, "arrivals": 1, "files": 1,
    } and size == len(rows("port", -1.15))  # fmt: skip
    before = counts(stays)
    assert in_files(lake) == {*gone["streams"], *stays["streams"]} and before["moved"] == 2
    tk.get_action("tzc_sensor_source_remove")({"user": partner["editor"]}, {"id": gone["id"]})
    assert set(counts(gone).values()) == {0}
    assert in_files(lake) == set(stays["streams"]), "at once, without the nightly run"
    assert homes.traces([gone["id"], "port/niveau", "-1.15"]) == []
    assert counts(stays) == before
    assert len(reading.raw(gone["streams"], 0, 2**62)) == 0 and len(reading.raw(stays["streams"], 0, 2**62)) == 40
    model.Session.rollback()


def test_a_removal_that_is_given_up_takes_nothing(two: dict[str, Any], lake: Path) -> None:
    from ckanext.tzc.sensors import erasing, sources, store

    before, files = counts(two["Port"]), in_files(lake)
    row = store.source(two["Port"]["id"])
    assert row is not None
    sources.remove(row)
    model.Session.rollback()
    erasing.commit()
    assert counts(two["Port"]) == before and in_files(lake) == files


def test_what_is_being_taken_in_goes_too(two: dict[str, Any]) -> None:
    """A removal waits for who is storing something of the source just now, a stream that nobody knew of before among it."""
    from ckanext.tzc.sensors import arrivals, erasing, sources, store

    id_ = two["Port"]["id"]
    taken, go = threading.Event(), threading.Event()

    def take() -> None:
        row = store.source(id_)
        assert row is not None
        arrivals.receive(row, arrivals.HTTP, "json", rows("neuf", -1.2))
        taken.set()
        go.wait(60)
        model.Session.commit()
        model.Session.remove()

    def remove() -> None:
        row = store.source(id_)
        assert row is not None
        sources.remove(row)
        erasing.commit()
        model.Session.remove()

    model.Session.rollback()
    threads = [threading.Thread(target=take), threading.Thread(target=remove)]
    threads[0].start()
    assert taken.wait(60)
    threads[1].start()
    waits = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    until(lambda: model.Session.execute(waits).scalar() == 1)
    go.set()
    for thread in threads:
        thread.join(60)
    assert set(counts(two["Port"]).values()) == {0}
    strays = sa.text("SELECT count(*) FROM tzc_sensors_observation WHERE stream NOT IN (SELECT id FROM tzc_sensors_stream)")
    assert model.Session.execute(strays).scalar() == 0


def test_where_the_lake_does_not_answer_the_retention_makes_up_for_it(two: dict[str, Any], lake: Path, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is gone all the same, a file that should hold less is given to nobody, and the nightly run writes it anew."""
    from ckanext.tzc.sensors import downloads, erasing, retention

    def broken(_numbers: Any, _datasets: Any) -> None:
        raise OSError("the bucket does not answer")

    gone = two["Port"]
    monkeypatch.setattr(erasing, "ERASERS", [broken])
    tk.get_action("tzc_sensor_source_remove")({"user": partner["editor"]}, {"id": gone["id"]})
    assert {name for name, count in counts(gone).items() if count} == {"moved"}
    assert set(gone["streams"]) & in_files(lake)
    assert downloads.files_of(gone["dataset"]) == []
    model.Session.rollback()
    retention.retain()
    assert in_files(lake) == set(two["Marais"]["streams"]) and set(counts(gone).values()) == {0}
    assert len(downloads.files_of(gone["dataset"])) == 1


def test_the_page_and_the_command_say_it_before(app: Any, two: dict[str, Any], dataset: dict[str, Any], partner: dict[str, Any]) -> None:
    from ckan.tests import factories
    from ckanext.tzc.sensors import cli
    from click.testing import CliRunner

    editor = str(factories.User(password=PASSWORD)["name"])
    site = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": site}, {"id": partner["id"], "username": editor, "role": "editor"})
    person = Person(app, editor)
    person.visit(f"/dataset/capteurs/{dataset['name']}")
    (form,) = person.page.xpath(f"//main//form[.//button[@value='remove']][.//input[@value='{two['Port']['id']}']]")
    lines = [" ".join(line.text_content().split()) for line in form.xpath(".//li")]
    assert len(lines) == 5 and lines[0].startswith("2 ") and "40" in lines[0] and "2025" in lines[0] and lines[1].startswith("1 ") and lines[2].startswith("1 ")

    def run(*words: str) -> Any:
        return contextvars.Context().run(CliRunner().invoke, cli.tzc, ["sensors", "remove", *words])

    told = json.loads(run(two["Port"]["id"], "--json").output)
    assert (told["removed"], told["holds"]["observations"], told["holds"]["files"]) == (False, 40, 1)
    assert counts(two["Port"])["stream"] == 2, "without --yes it is only said"
    assert "observations 40" in run(two["Port"]["id"], "--yes").output
    assert set(counts(two["Port"]).values()) == {0}
    missing = run(two["Port"]["id"])
    assert missing.exit_code == 1 and "There is no source" in missing.output
