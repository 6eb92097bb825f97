"""Who is shown which streams: as files of their dataset, and personal ones to their person alone. What is hidden looks as what is not there."""
from __future__ import annotations

import contextvars
import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

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
