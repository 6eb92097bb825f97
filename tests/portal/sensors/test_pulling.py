"""Sources that are asked, from the action that makes one to what is stored, with servers on the loopback."""
from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tzc.sensors import units

from tests.domain.harvesters.sensors.speakers import SPEAKERS, Speaker, Told
from tests.people import PASSWORD, Person
from tests.sites import Asked, Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Make = Callable[..., dict[str, Any]]
HUBEAU = next(speaker for speaker in SPEAKERS if speaker.name == "hubeau")


@pytest.fixture
def administrator(dataset: dict[str, Any]) -> str:
    from ckan.tests import factories

    return str(factories.Sysadmin(password=PASSWORD)["name"])


@pytest.fixture
def make(dataset: dict[str, Any], administrator: str) -> Make:
    """Make a source by the action, as an administrator, who may let it lead to the loopback."""
    import ckan.plugins.toolkit as tk

    def create(**data: Any) -> dict[str, Any]:
        return dict(tk.get_action("tzc_sensor_source_create")({"user": administrator}, {"dataset": dataset["id"], "name": "Stations", **data}))

    return create


def told(speaker: Speaker, count: int = 12) -> Told:
    """Observations up to an hour ago, at whole minutes."""
    now = dt.datetime.now(dt.timezone.utc).replace(second=0, microsecond=0)
    return speaker.told(count, now - dt.timedelta(hours=1))


def stored(source: str) -> list[tuple[str, dt.datetime, float]]:
    import ckan.model as model
    import sqlalchemy as sa

    rows = model.Session.execute(sa.text(
        "SELECT s.external, o.time, o.result FROM tzc_sensors_observation o JOIN tzc_sensors_stream s ON s.id = o.stream WHERE s.source = :source ORDER BY 1, 2"
    ), {"source": source}).all()  # fmt: skip
    return [(row.external, row.time, row.result) for row in rows]


def row_of(source: str) -> Any:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    model.Session.expire_all()
    return model.Session.get(store.Source, source)


def arrivals(source: str) -> list[Any]:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    return list(model.Session.query(store.Arrival).filter_by(source=source).order_by(store.Arrival.id))


def credential(speaker: Speaker, dataset: dict[str, Any], administrator: str, address: str) -> dict[str, str]:
    """The speaker's secret, kept for its host."""
    import ckan.plugins.toolkit as tk

    if not speaker.secret:
        return {}
    kind = "header" if "header" in speaker.secret else "basic"
    data = {"partner": dataset["owner_org"], "name": "cle", "kind": kind, "host": address, **speaker.secret}
    tk.get_action("tzc_credential_set")({"user": administrator}, data)
    return {"credential": "cle"}


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_all_kinds(speaker: Speaker, site: Site, make: Make, dataset: dict[str, Any], administrator: str) -> None:
    """What each says is stored once, in the portal's units; later only what is new."""
    import ckan.model as model
    from ckanext.tzc.sensors import arrivals as kept
    from ckanext.tzc.sensors import pulling

    rows = told(speaker)
    site.answer = speaker.says(site, rows)
    made = make(kind=speaker.name, **speaker.definition(site.address), **credential(speaker, dataset, administrator, site.address))
    done = pulling.pull(made["id"])
    assert done is not None and (done.code, done.detail, done.whole, done.rejected) == ("", "", True, 0)
    streams = {stream.external: stream for stream in store_of(made["id"])}
    source_units = {name: unit for arrival in arrivals(made["id"]) for name, unit in decoded(arrival).units.items()}

    def stored_as(name: str, value: float) -> float:
        times, plus, over = units.exact(source_units.get(name, streams[name].unit), streams[name].unit)
        return (value * times + plus) / over

    expected = sorted((name, moment, stored_as(name, value)) for name, moment, value in speaker.sees(rows))
    assert stored(made["id"]) == expected and done.new == len(expected)
    assert {(arrival.way, arrival.kind, arrival.state) for arrival in arrivals(made["id"])} == {("pull", f"pull.{speaker.name}", "done")}
    bodies = sum(bool(arrival.body) for arrival in arrivals(made["id"]))
    again = pulling.pull(made["id"])
    assert again is not None and (again.code, again.new, again.changed) == ("", 0, 0)
    assert stored(made["id"]) == expected
    # what is read again from the bodies that were kept is the same
    source = row_of(made["id"])
    assert kept.replay(source, dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2100, 1, 1, tzinfo=dt.timezone.utc)) >= bodies
    model.Session.commit()
    assert stored(made["id"]) == expected
    assert source.trouble is None and source.due > dt.datetime.now(dt.timezone.utc) and source.cursor["at"] is not None


def store_of(source: str) -> list[Any]:
    from ckanext.tzc.sensors import store

    return list(store.streams_of(source).values())


def decoded(arrival: Any) -> Any:
    import zstandard
    from ckanext.tzc.sensors import arrivals as kept

    return kept.DECODERS[arrival.kind](zstandard.decompress(arrival.body), row_of(arrival.source).definition)


def test_how_far_each_stream_was_read_is_a_row_each(site: Site, make: Make, administrator: str) -> None:
    """A page writes what it changed; what a source's cursor held together before is read as it was, and comes apart."""
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    import sqlalchemy as sa
    from ckanext.tzc.sensors import pulling, reached

    speaker = next(one for one in SPEAKERS if one.name == "sensorthings")
    rows = told(speaker)
    site.answer = speaker.says(site, rows)
    made = make(kind="sensorthings", **speaker.definition(site.address))
    pulling.pull(made["id"])
    known = reached.of(made["id"])
    assert set(known) == {name for name, _moment, _value in speaker.sees(rows)} and "until" not in row_of(made["id"]).cursor["at"]

    def untouched() -> dict[str, str]:
        asked = sa.text("SELECT stream, xmin::text FROM tzc_sensors_reached WHERE source = :id")
        return {row.stream: row.xmin for row in model.Session.execute(asked, {"id": made["id"]})}

    before = untouched()
    last = max(moment for _name, moment, _value in rows)
    site.answer = speaker.says(site, [*rows, (rows[0][0], last + dt.timedelta(minutes=5), 1.0)])
    assert pulling.pull(made["id"]).new == 1
    after = untouched()
    assert {name for name in after if after[name] != before[name]} == {speaker.sees(rows[:1])[0][0]}, "the rows of the others stay as they are"
    # as it was kept before
    source = row_of(made["id"])
    source.cursor = {**source.cursor, "at": {"until": reached.of(made["id"])}}
    reached.forget(made["id"])
    model.Session.commit()
    site.asked.clear()
    assert pulling.pull(made["id"]).new == 0
    assert not [asked for asked in site.asked if "Observations" in asked.path], "nothing that was read is asked for again"
    assert set(reached.of(made["id"])) == set(known)
    tk.get_action("tzc_sensor_source_update")({"user": administrator}, {"id": made["id"], "address": f"{site.address}/v1.0"})
    assert reached.of(made["id"]) == {}


def test_litres_become_cubic_metres_to_the_last_digit(site: Site, make: Make) -> None:
    from ckanext.tzc.sensors import pulling

    moment = dt.datetime.now(dt.timezone.utc).replace(microsecond=0) - dt.timedelta(hours=2)
    site.answer = HUBEAU.says(site, [("F700000103", moment, 348_000.0)])
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    pulling.pull(made["id"])
    assert stored(made["id"]) == [("F700000103/Q", moment, 348.0)]


def test_what_was_corrected_is_changed(site: Site, make: Make) -> None:
    """Also when the source takes its correction back: what it says last counts."""
    from ckanext.tzc.sensors import pulling

    moment = dt.datetime.now(dt.timezone.utc).replace(microsecond=0) - dt.timedelta(hours=2)
    made = None
    for value in (1000.0, 2000.0, 1000.0):
        site.answer = HUBEAU.says(site, [("F700000103", moment, value)])
        made = made or make(kind="hubeau", **HUBEAU.definition(site.address))
        pulling.pull(made["id"])
        assert stored(made["id"]) == [("F700000103/Q", moment, value / 1000)]
    assert made is not None and [bool(arrival.body) for arrival in arrivals(made["id"])] == [True, True, True]


def test_a_run_that_is_killed_goes_on_where_it_was(site: Site, make: Make) -> None:
    """The process dies while it waits for its third page: what it stored stays, and no page is asked for again."""
    from ckanext.tzc.sensors import pulling

    rows = told(HUBEAU, 12)
    answer, run = HUBEAU.says(site, rows), []

    def deadly(asked: Asked) -> Reply:
        if asked.question.get("cursor") == "6" and run[0].poll() is None:
            os.kill(run[0].pid, signal.SIGKILL)
            run[0].wait()
        return answer(asked)

    site.answer = deadly
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    command = [str(Path(sys.executable).with_name("ckan")), "-c", os.environ["CKAN_INI"], "tzc", "sensors", "pull", made["id"]]
    run.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert run[0].wait(120) == -signal.SIGKILL
    assert len(stored(made["id"])) == 6
    site.asked.clear()
    done = pulling.pull(made["id"])
    assert done is not None and done.whole and done.new == 6
    assert [asked.question.get("cursor") for asked in site.asked] == ["6", "9"]
    assert [(name, moment, value * 1000) for name, moment, value in stored(made["id"])] == sorted(HUBEAU.sees(rows))


def test_a_run_that_takes_long_goes_on_in_the_next(site: Site, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.sensors import pulling

    site.answer = HUBEAU.says(site, told(HUBEAU, 12))
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    monkeypatch.setattr(pulling, "_over", lambda _ends: True)
    for pages in range(1, 4):
        done = pulling.pull(made["id"])
        assert done is not None and (done.whole, done.pages, done.new, done.code) == (False, 1, 3, "")
        assert len(stored(made["id"])) == 3 * pages and row_of(made["id"]).due <= dt.datetime.now(dt.timezone.utc) + dt.timedelta(minutes=1)


def test_trouble_is_told_once_and_ends(site: Site, make: Make, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is tried again later and later, then paused; those concerned know why."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.common import happening
    from ckanext.tzc.sensors import pulling, scheduling

    heard: list[Any] = []
    monkeypatch.setattr(happening, "tell", heard.append)
    site.answer = lambda _: Reply(b"{}", 404)
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    monkeypatch.setitem(tk.config, "tzc.sensors.most_failures", 3)
    waits = []
    for failures in (1, 2, 3):
        before = dt.datetime.now(dt.timezone.utc)
        done = pulling.pull(made["id"])
        row = row_of(made["id"])
        assert done is not None and done.code == row.trouble == "not_found" and row.parameters["failures"] == failures
        waits.append(row.due - before)
    assert all(wait >= dt.timedelta(minutes=5) * 2**number for number, wait in enumerate(waits))
    assert row.paused and pulling.pull(made["id"], scheduled=True) is None
    shown = tk.get_action("tzc_sensor_source_show")({"user": partner["editor"]}, {"id": made["id"]})
    assert shown["trouble"] == "not_found" and len(shown["words"]) > 20
    site.answer = HUBEAU.says(site, told(HUBEAU))
    tk.get_action("tzc_sensor_source_update")({"user": partner["editor"]}, {"id": made["id"], "paused": False})
    row = row_of(made["id"])
    row.due = dt.datetime.now(dt.timezone.utc)
    done = pulling.pull(made["id"], scheduled=True)
    assert done is not None and done.whole and row_of(made["id"]).trouble is None
    kinds = [one.kind for one in heard if one.kind.startswith("sensor_source.") and one.kind.rpartition(".")[2] in ("trouble", "paused", "recovered")]
    assert kinds == ["sensor_source.trouble", "sensor_source.paused", "sensor_source.recovered"]
    assert scheduling.due() == []


def test_a_fault_of_ours_leaves_what_was_stored(site: Site, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that cannot be read stops the run there; the pages before it stay, and it is asked for again."""
    from ckanext.tzc.sensors import pulling

    rows = told(HUBEAU, 12)
    whole = HUBEAU.says(site, rows)
    site.answer = lambda asked: Reply(b'{"data": "x"}') if asked.question.get("cursor") == "6" else whole(asked)
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    done = pulling.pull(made["id"])
    assert done is not None and (done.code, done.new) == ("format", 6) and len(stored(made["id"])) == 6
    site.answer = whole
    done = pulling.pull(made["id"])
    assert done is not None and done.whole and len(stored(made["id"])) == 12


def test_one_run_at_a_time_for_a_source_and_for_a_host(site: Site, make: Make) -> None:
    from ckanext.tzc.common import holding
    from ckanext.tzc.sensors import pulling

    site.answer = HUBEAU.says(site, told(HUBEAU))
    made = make(kind="hubeau", **HUBEAU.definition(site.address))
    with holding.held(pulling.SOURCE, made["id"]):
        assert pulling.pull(made["id"]) is None
    with holding.held(pulling.HOST, "127.0.0.1"):
        assert pulling.pull(made["id"]) is None
        assert row_of(made["id"]).due > dt.datetime.now(dt.timezone.utc)
    assert site.asked == [] and (done := pulling.pull(made["id"])) is not None and done.whole


def test_what_is_due_gets_one_job(site: Site, make: Make, partner: dict[str, Any]) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckan.lib.jobs import get_queue
    from ckanext.tzc.sensors import jobs, scheduling

    site.answer = HUBEAU.says(site, told(HUBEAU))
    made, paused = (make(kind="hubeau", name=name, cron="*/30 * * * *", **HUBEAU.definition(site.address)) for name in ("a", "b"))
    tk.get_action("tzc_sensor_source_update")({"user": partner["editor"]}, {"id": paused["id"], "paused": True})
    queue = get_queue(jobs.QUEUE)
    queue.empty()
    assert scheduling.due() == [made["id"]] and (jobs.send_due(), jobs.send_due()) == (1, 0)
    assert [job.args for job in queue.jobs] == [[made["id"]]] or [list(job.args) for job in queue.jobs] == [[made["id"]]]
    queue.empty()
    jobs.pull(made["id"])
    model.Session.expire_all()
    assert len(stored(made["id"])) == 12 and scheduling.due() == [] and (row_of(made["id"]).due.minute - 0) % 30 in (0, 1, 2)
    tk.get_action("tzc_sensor_source_pull")({"user": partner["editor"]}, {"id": made["id"]})
    assert [list(job.args) for job in queue.jobs] == [[made["id"], model.User.get(partner["editor"]).id]]
    queue.empty()


@pytest.mark.parametrize(("cron", "word"), [("* * * * *", "5"), ("toutes les heures", "cron")])
def test_what_is_no_schedule(make: Make, cron: str, word: str) -> None:
    import ckan.plugins.toolkit as tk

    with pytest.raises(tk.ValidationError) as caught:
        make(kind="gbfs", address="https://velos.example.org/gbfs.json", cron=cron)
    assert word in str(caught.value.error_dict["cron"])


def test_shared_bicycles_say_when_to_ask_again(site: Site, make: Make) -> None:
    from ckanext.tzc.sensors import pulling

    speaker = next(speaker for speaker in SPEAKERS if speaker.name == "gbfs")
    site.answer = speaker.says(site, told(speaker))
    made = make(kind="gbfs", **speaker.definition(site.address))
    pulling.pull(made["id"])
    assert dt.timedelta(seconds=110) < row_of(made["id"]).due - dt.datetime.now(dt.timezone.utc) <= dt.timedelta(seconds=120)


def test_a_credential_is_not_sent_in_the_open(make: Make, dataset: dict[str, Any], administrator: str) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import pulling

    speaker = next(speaker for speaker in SPEAKERS if speaker.name == "meteofrance")
    made = make(kind="meteofrance", **speaker.definition("http://data.example.org"), **credential(speaker, dataset, administrator, "http://data.example.org"))
    row = row_of(made["id"])
    row.internal = False
    model.Session.commit()
    done = pulling.pull(made["id"])
    assert done is not None and done.code == "plain"


def test_a_source_follows_its_dataset_to_another_partner(site: Site, make: Make, dataset: dict[str, Any], administrator: str, partner: dict[str, Any]) -> None:
    """The former partner's credentials open nothing for the next one, and its people are told nothing any more."""
    import ckan.plugins.toolkit as tk
    from ckan.tests import factories
    from ckanext.tzc.sensors import pulling

    speaker = next(speaker for speaker in SPEAKERS if speaker.secret)
    site.answer = speaker.says(site, told(speaker))
    made = make(kind=speaker.name, **speaker.definition(site.address), **credential(speaker, dataset, administrator, site.address))
    assert pulling.pull(made["id"]).code == ""
    asked, editor = len(site.asked), factories.User()
    other = factories.Organization(image_url="", users=[{"name": editor["name"], "capacity": "editor"}])
    tk.get_action("package_patch")({"user": administrator}, {"id": dataset["id"], "owner_org": other["id"]})
    done = pulling.pull(made["id"])
    assert done is not None and done.code == "credential" and len(site.asked) == asked
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("tzc_sensor_source_update")({"user": editor["name"]}, {"id": made["id"], "name": "Autres stations"})
    assert "credential" in caught.value.error_dict
    kinds = {user: [notice["kind"] for notice in tk.get_action("tzc_notices_list")({"user": user}, {})["notices"]] for user in (editor["name"], partner["editor"])}
    assert kinds == {editor["name"]: ["sensor_source.trouble"], partner["editor"]: []}
    assert [one["id"] for one in tk.get_action("tzc_sensor_health")({"user": editor["name"]}, {})] == [made["id"]]
    assert tk.get_action("tzc_sensor_health")({"user": partner["editor"]}, {}) == []
    credential(speaker, {"owner_org": other["id"]}, administrator, site.address)
    done = pulling.pull(made["id"])
    assert done is not None and done.code == "" and len(site.asked) > asked


def test_an_editor_cannot_lead_inside(make: Make, dataset: dict[str, Any], partner: dict[str, Any], site: Site) -> None:
    import ckan.plugins.toolkit as tk

    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("tzc_sensor_source_create")(
            {"user": partner["editor"]}, {"dataset": dataset["id"], "name": "x", "kind": "hubeau", **HUBEAU.definition(site.address)}
        )
    assert "address" in caught.value.error_dict and site.asked == []



def test_the_page(site: Site, app: Any, dataset: dict[str, Any], administrator: str) -> None:
    """A source that is asked is made on the page of the dataset's sensors, changed, asked at once; what is wrong with a setting stands there."""
    from ckan.lib.jobs import get_queue
    from ckanext.tzc.sensors import jobs, store

    site.answer = HUBEAU.says(site, told(HUBEAU))
    person = Person(app, administrator)
    person.visit(f"/dataset/capteurs/{dataset['name']}")

    def form(value: str) -> int:
        forms = person.page.xpath("//main//form[@method='post']")
        return next(number for number, one in enumerate(forms) if one.xpath(f".//button[@value='{value}']"))

    fields = {"kind": "hubeau", "name": "Hub’Eau", "address": site.address}
    for odd in ('{"stations": ["a b"]}', '{"stations": ["la Loire"]}', "{", "[1]", '{"password": "x"}', "{}"):
        person.send(("act", "make"), form=form("make"), status=400, settings=odd, **fields)
        assert "field-make-settings" in person.faults() and person.value("settings") == odd
    person.send(("act", "make"), form=form("make"), settings='{"stations": ["F700000103"], "quantities": ["Q"], "from": "P3D"}', **fields)
    [row] = store.sources_of(dataset["id"])
    assert row.definition == {"address": site.address, "stations": ["F700000103"], "quantities": ["Q"], "from": "P3D"} and row.internal and row.due
    person.send(("act", "change"), form=form("change"), cron="5 * * * *", settings='{"from": "P2D"}')
    changed = row_of(row.id)
    assert (changed.cron, changed.definition["from"], changed.definition["stations"]) == ("5 * * * *", "P2D", ["F700000103"])
    queue = get_queue(jobs.QUEUE)
    queue.empty()
    person.send(("act", "pull"), form=form("pull"))
    assert len(queue.jobs) == 1
    queue.empty()
