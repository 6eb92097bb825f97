"""Who is shown which streams: as files of their dataset, and personal ones to their person alone. What is hidden looks as what is not there."""
from __future__ import annotations

import contextvars
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from ckan.tests import factories
from tzc.sensors import partitions
from tzc.sensors.readings import readings

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

START = partitions.microseconds(dt.datetime(2026, 10, 1, tzinfo=dt.timezone.utc))
Make = Callable[..., Any]


@pytest.fixture
def number(streams: Make) -> int:
    """A stream with one value."""
    import ckan.model as model
    from ckanext.tzc.sensors import writing

    made = streams("t")["t"]
    writing.write(readings([made], [START], [10.0]))
    model.Session.commit()
    return int(made)


def close(partner: dict[str, Any], dataset: dict[str, Any], **fields: Any) -> None:
    import ckan.plugins.toolkit as tk

    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": dataset["id"], **fields})


def token(user: str) -> dict[str, str]:
    return {"Authorization": factories.APIToken(user=user)["token"]}


def get(app: Any, *args: Any, **options: Any) -> Any:
    """An answer to a request of its own: what the test's own context knows of who is signed in is not in it."""
    return contextvars.Context().run(app.get, *args, **options)


def opens(app: Any, number: int, **headers: str) -> bool:
    """Whether each way of reading gives it; all must agree."""
    answers = [get(app, path, headers=headers, status=None) for path in (
        f"/api/tzc/series?stream={number}", f"/sta/v1.1/Datastreams({number})", f"/sta/v1.1/Datastreams({number})/Observations", f"/sta/v1.1/Observations('{number}-{START}')",
        f"/sta/v1.1/Observations('{number}-{START}')/result",
    )]  # fmt: skip
    lists = [json.loads(get(app, f"/sta/v1.1/{name}?$count=true", headers=headers).body) for name in (
        "Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest",
    )]  # fmt: skip
    given = {answer.status_code == 200 for answer in answers} | {len(one["value"]) > 0 for one in lists} | {one["@iot.count"] > 0 for one in lists}
    assert len(given) == 1, ([answer.status_code for answer in answers], [len(one["value"]) for one in lists])
    assert {answer.status_code for answer in answers} <= {200, 404}
    if headers and given == {True} and not opens(app, number):
        assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)
    return given.pop()


def test_open(app: Any, number: int) -> None:
    assert opens(app, number)


@pytest.mark.parametrize(("fields", "who", "expected"), [
    ({"access_level": "registered"}, "stranger", False), ({"access_level": "registered"}, "account", True), ({"access_level": "restricted"}, "account", False),
    ({"access_level": "restricted"}, "member", True), ({"access_level": "confidential"}, "account", False), ({"access_level": "confidential"}, "member", True),
    ({"embargo": "2099-01-01"}, "stranger", False), ({"embargo": "2099-01-01"}, "account", False), ({"embargo": "2099-01-01"}, "member", True),
])  # fmt: skip
def test_as_files_of_the_dataset(app: Any, partner: dict[str, Any], dataset: dict[str, Any], number: int, fields: dict[str, str], who: str, expected: bool) -> None:
    close(partner, dataset, **fields)
    headers = {"stranger": {}, "account": token(factories.User()["name"]), "member": token(partner["editor"])}[who] if who != "stranger" else {}
    assert opens(app, number, **headers) is expected


def test_a_draft_is_its_partners(app: Any, partner: dict[str, Any], dataset: dict[str, Any], number: int) -> None:
    import ckan.plugins.toolkit as tk

    tk.get_action("package_patch")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": dataset["id"], "state": "draft"})
    assert not opens(app, number)
    assert not opens(app, number, **token(factories.User()["name"]))


@pytest.mark.parametrize("visibility", ["private", "consented"])
def test_personal_streams_are_their_persons(app: Any, partner: dict[str, Any], streams: Make, visibility: str) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store, writing

    person, other = factories.User(), factories.User()
    number = streams("meter", code="electric_power", unit="W", visibility=visibility)["meter"]
    model.Session.get(store.Stream, number).person = person["id"]
    writing.write(readings([number], [START], [10.0]))
    model.Session.commit()
    assert opens(app, number, **token(person["name"]))
    assert not opens(app, number)
    assert not opens(app, number, **token(other["name"]))
    assert not opens(app, number, **token(partner["editor"]))
    assert not opens(app, number, **token(factories.Sysadmin()["name"]))


def test_who_has_a_personal_stream_finds_nobody_elses(app: Any, partner: dict[str, Any], streams: Make) -> None:
    """In lists, where streams are not named one by one."""
    import ckan.model as model
    from ckanext.tzc.sensors import store, writing

    owners = {factories.User()["name"]: number for number in streams("one", "two", code="electric_power", unit="W", visibility="private").values()}
    for name, number in owners.items():
        model.Session.get(store.Stream, number).person = model.User.get(name).id
        writing.write(readings([number], [START], [10.0]))
    model.Session.commit()
    for name, number in owners.items():
        for path in ("/sta/v1.1/Datastreams", "/sta/v1.1/Datastreams?$top=100&$count=true", "/sta/v1.1/Things?$expand=Datastreams"):
            told = get(app, path, headers=token(name)).body
            found = {int(one) for one in re.findall(r"Datastreams\((\d+)\)", told)}
            assert found == {number}, path


def test_the_file_that_stands_for_them_may_be_stricter(app: Any, partner: dict[str, Any], dataset: dict[str, Any], number: int) -> None:
    import ckan.model as model
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import offering, store

    offering.offer(dataset["id"])
    assert opens(app, number)
    tk.get_action("resource_patch")({"user": partner["editor"]}, {"id": model.Session.get(store.Offer, dataset["id"]).resource, "access_level": "restricted"})
    assert not opens(app, number)
    assert opens(app, number, **token(partner["editor"]))


def test_a_right_opens_them_while_it_lasts(app: Any, publish: Make, partner: dict[str, Any], dataset: dict[str, Any], number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import grants
    from tzc.rights.policy import Grant

    close(partner, dataset, access_level="restricted")
    user = factories.User()
    now = dt.datetime.now(dt.timezone.utc)
    day = dt.timedelta(days=1)
    headers = token(user["name"])
    for grant, expected in (
        (Grant(dataset["id"], now - day, now + day), True), (Grant(dataset["id"], now - day, now), False), (Grant(dataset["id"], now - day, now + day, live=False), False),
        (Grant(dataset["id"], now - day, now + day, resources=frozenset({"another"})), False),
        (Grant(dataset["id"], now - day, now + day, columns={"another": frozenset({"a"})}), False), (Grant("another", now - day, now + day), False),
    ):
        monkeypatch.setattr(grants, "_answer", [lambda account, _datasets, grant=grant: (grant,) if account == user["id"] else ()])
        assert opens(app, number, **headers) is expected, grant


def test_without_the_catalogue_nothing_is_open(number: int, dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.common import opening
    from ckanext.tzc.sensors import seeing

    assert seeing.may_read("", [dataset["id"]]) == {dataset["id"]}
    monkeypatch.setattr(opening, "_answer", [])
    assert seeing.may_read("", [dataset["id"]]) == set()


PATHS = [
    "/api/tzc/series?stream=N", "/api/tzc/series?stream=N&format=csv", "/sta/v1.1/Datastreams(N)", "/sta/v1.1/Datastreams(N)/Observations", "/sta/v1.1/Datastreams(N)/Thing", "/sta/v1.1/Datastreams(N)/name/$value",
    "/sta/v1.1/Datastreams(N)/Observations?$count=true", "/sta/v1.1/Observations('N-T')", "/sta/v1.1/Observations('N-T')/Datastream", "/sta/v1.1/Things(N)", "/sta/v1.1/Sensors(N)/Datastreams",
    "/sta/v1.1/ObservedProperties(N)", "/sta/v1.1/Locations(N)/Things", "/sta/v1.1/FeaturesOfInterest(N)/Observations", "/sta/v1.1/HistoricalLocations(N)",
    "/sta/v1.1/Observations?$filter=Datastream/id%20eq%20N&$count=true", "/sta/v1.1/Observations?$filter=id%20eq%20'N-T'", "/sta/v1.1/Datastreams?$filter=id%20eq%20N&$expand=Thing",
    "/sta/v1.1/Things?$filter=Datastreams/id%20eq%20N", "/sta/v1.1/Things?$orderby=Datastreams/id",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_hidden_looks_as_missing(app: Any, partner: dict[str, Any], dataset: dict[str, Any], number: int, path: str) -> None:
    close(partner, dataset, access_level="confidential")

    def told(one: int) -> tuple[int, str, str]:
        answer = get(app, path.replace("N-T", f"{one}-{START}").replace("N", str(one)), status=None)
        return answer.status_code, answer.headers.get("Cache-Control", ""), re.sub(rf"\b{one}\b", "…", answer.body)

    assert told(number) == told(987654)


@pytest.fixture
def beside(number: int) -> tuple[int, int]:
    """The open stream, and a person's own of the same thing, place and dataset, with another device and another property: it began in 2020, each 7 seconds, and said 123.25."""
    import ckan.model as model
    from ckanext.tzc.sensors import describing, settling, store, writing
    from tzc.sensors.model import Property, Sensor, Stream, Thing

    source = model.Session.query(store.Source).one()
    station = Thing("station", "Station of the port", location={"type": "Point", "coordinates": [-1.15, 46.16]})
    told = Stream("secret", station, Property("electric_power"), name="secret", sensor=Sensor("secret"), unit="W", interval=7, visibility="private")
    own = describing.describe(source, [told])["secret"]
    own.person = factories.User()["id"]
    early = partitions.microseconds(dt.datetime(2020, 2, 3, tzinfo=dt.timezone.utc))
    writing.write(readings([own.id] * 2, [early, START], [123.25, 123.25]))
    model.Session.commit()
    settling.settle_all()
    return number, int(own.id)


BESIDE = [
    "Datastreams", "Things?$expand=Datastreams($expand=Observations,Sensor,ObservedProperty;$count=true)", "Locations?$expand=Things/Datastreams/Observations", "Sensors?$expand=Datastreams",
    "ObservedProperties?$expand=Datastreams", "FeaturesOfInterest?$expand=Observations($count=true)", "Observations?$expand=FeatureOfInterest($expand=Observations),Datastream($expand=Thing/Datastreams)",
    "Observations?$resultFormat=CSV", "Observations?$resultFormat=dataArray", "HistoricalLocations?$expand=Thing/Datastreams/Observations", "Things?$resultFormat=GeoJSON&$expand=Datastreams",
]  # fmt: skip
HIDES = [
    "Things?$filter=Datastreams/name eq 'secret'", "Things?$filter=Datastreams/unitOfMeasurement/symbol eq 'W'", "Things?$filter=Datastreams/Sensor/name eq 'secret'",
    "Things?$filter=Datastreams/id eq OWN", "Locations?$filter=Things/Datastreams/id eq OWN", "Observations?$filter=Datastream/id eq OWN", "Observations?$filter=result gt 100",
    "Observations?$filter=Datastream/name eq 'secret'", "Sensors?$filter=name eq 'secret'", "ObservedProperties?$filter=properties/code eq 'electric_power'", "Datastreams?$filter=id eq OWN",
]  # fmt: skip


def test_beside_an_open_stream_a_private_one_is_nowhere(app: Any, beside: tuple[int, int], partner: dict[str, Any], dataset: dict[str, Any]) -> None:
    """Not in lists, counts, conditions and ways from one entity to another; not in series, pages, the map, files, and what catalogues are told."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import jobs

    shown, own = beside
    assert jobs.offer() == 1
    [file] = tk.get_action("package_show")({"ignore_auth": True}, {"id": dataset["id"]})["resources"]
    assert file["description"].startswith("Les observations de 1 séries") and not file.get("temporal_resolution")
    place = json.loads(get(app, "/sta/v1.1/Locations").body)["value"][0]["@iot.id"]
    for headers in ({}, token(factories.User()["name"]), token(partner["editor"])):
        looked_at = [
            *(f"/sta/v1.1/{path}" for path in BESIDE), f"/sta/v1.1/Datastreams({shown})/Thing/Datastreams", f"/sta/v1.1/FeaturesOfInterest({place})/Observations?$count=true",
            f"/sta/v1.1/Locations({place})/Things?$expand=Datastreams", f"/sta/v1.1/Observations('{shown}-{START}')/FeatureOfInterest/Observations", f"/api/tzc/series?stream={shown}",
            "/capteurs", "/capteurs.geojson", f"/dataset/{dataset['name']}", f"/dataset/{dataset['name']}?stream={own}&stream={shown}", f"/embed/series?stream={shown}",
            "/api/3/action/tzc_sensor_stream_list", f"/api/3/action/tzc_sensor_dataset_show?id={dataset['id']}", f"/api/3/action/package_show?id={dataset['id']}", f"/dataset/{dataset['id']}.ttl",
        ]  # fmt: skip
        for path in looked_at:
            text = get(app, path, headers=headers, status=200).body
            assert not [word for word in ("123.25", "123,25", "secret", "electric_power", "PT7S", "2020-02-03") if word in text], path
        for path in HIDES:
            assert json.loads(get(app, f"/sta/v1.1/{path.replace('OWN', str(own))}&$count=true", headers=headers, status=200).body) == {"@iot.count": 0, "value": []}, path
        for path in (f"/sta/v1.1/Datastreams({shown})/Thing/Datastreams({own})", f"/api/tzc/series?stream={shown}&stream={own}", f"/embed/series?stream={shown}&stream={own}"):
            get(app, path, headers=headers, status=404)
        counts = {name: json.loads(get(app, f"/sta/v1.1/{name}?$count=true", headers=headers).body)["@iot.count"] for name in ("Things", "Datastreams", "Sensors", "ObservedProperties", "Observations")}
        assert set(counts.values()) == {1}, counts
        export = get(app, f"/api/tzc/sensors/lake/{dataset['id']}/export.parquet?from=2026-09-30&to=2026-10-02", headers=headers, status=200)
        table = pq.read_table(io.BytesIO(export.data))
        assert table.column("stream").to_pylist() == [shown] and b"secret" not in table.schema.metadata[b"tzc.sensors"]


def test_who_knows_it_already_is_told_by_whom_it_may_be_kept(app: Any, partner: dict[str, Any], dataset: dict[str, Any], number: int) -> None:
    """An answer without content says it as the one with content did."""
    path = f"/api/tzc/series?stream={number}"
    mark = {"If-None-Match": get(app, path).headers["ETag"]}
    known = get(app, path, headers=mark, status=304)
    assert "public" in known.headers["Cache-Control"] and known.headers["ETag"] == mark["If-None-Match"]
    close(partner, dataset, access_level="restricted")
    known = get(app, path, headers={**mark, **token(partner["editor"])}, status=304)
    assert "private" in known.headers["Cache-Control"] and "no-store" in known.headers["Cache-Control"] and "public" not in known.headers["Cache-Control"]
    get(app, path, headers=mark, status=404)
