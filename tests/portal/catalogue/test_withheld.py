"""Addresses of files that are not for everybody are learnt from no answer."""
from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.lib.search import make_connection, rebuild
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SECRET = "https://files.example.org/chemin-tenu-secret.csv"
SUM = "d41d8cd98f00b204e9800998ecf8427e"

Publish = Callable[..., dict[str, Any]]


WAYS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "registered": ({"access_level": "registered"}, {}), "restricted": ({"access_level": "restricted"}, {}), "embargo": ({"embargo": "2098-03-01"}, {}),
    "a registered file": ({}, {"access_level": "registered"}), "a restricted file": ({"access_level": "registered"}, {"access_level": "restricted"}),
}  # fmt: skip
"""How a file is closed: fields of its dataset, and its own."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def closed(way: str, publish: Publish) -> Iterator[dict[str, Any]]:
    """A dataset with a file that is not for everybody."""
    of_dataset, of_file = WAYS[way]
    yield publish(name="velos", **of_dataset, resources=[{"url": SECRET, "name": "Comptages", "format": "CSV", "hash": SUM, "download_url": SECRET, **of_file}])


def readers(way: str) -> list[dict[str, str]]:
    """Headers of people who may not have the data: none, and somebody with an account where that is not enough."""
    return [{}, *([] if "registered" in way else [{"Authorization": factories.UserWithToken()["token"]}])]


ADDRESSES = [
    "/api/3/action/package_show?id=velos", "/api/3/action/package_search?q=*:*", "/api/3/action/package_search?q=*:*&fl=*", "/api/3/action/package_search?q=*:*&fl=validated_data_dict,data_dict,res_url",
    '/api/3/action/package_search?q=*:*&facet.field=["res_url"]&facet.limit=-1', "/api/3/action/current_package_list_with_resources", "/api/3/action/resource_search?query=name:Comptages",
    "/api/3/action/package_activity_list?id=velos", "/api/3/action/recently_changed_packages_activity_list", "/dataset/velos", "/dataset/", "/", "/catalog.ttl", "/catalog/all.nt", "/dataset/velos.rdf",
    "/dataset/velos.jsonld?profiles=schemaorg", "/dataset/activity/velos", "/dataset/velos/history", "/feeds/dataset.atom", "/api/3/action/organization_show?id={partner}&include_datasets=true",
    "/api/3/action/group_package_show?id={partner}", "/api/3/action/package_autocomplete?q=velos", "/api/3/action/resource_show?id={file}", "/api/3/action/resource_view_list?id={file}",
    "/dataset/velos/resource/{file}", "/dataset/velos/resource/{file}/download", "/dataset/velos/resource/{file}/download/autre.csv", "/file/download/{file}",
    "/sparql?query=SELECT%20*%20WHERE%20{{?s%20?p%20?o}}", "/publishing/received", "/sitemap.xml",
]  # fmt: skip


def test_no_answer_tells_an_address(app: Any, way: str, closed: dict[str, Any], partner: dict[str, Any]) -> None:
    for headers in readers(way):
        for address in ADDRESSES:
            answer = app.get(address.format(partner=partner["name"], file=closed["resources"][0]["id"]), headers=headers, follow_redirects=False, status=None)
            told = answer.body + str(answer.headers)
            assert answer.status_code < 500, address
            assert "chemin-tenu-secret" not in told, address
            assert SUM not in told, address


def test_no_question_finds_by_an_address(app: Any, closed: dict[str, Any]) -> None:
    for query in ("res_url:*chemin*", "chemin-tenu-secret", f'res_url:"{SECRET}"', "res_extras_hash:d41*", "text:chemin"):
        assert app.get("/api/3/action/package_search", query_string={"q": query, "mm": "100%"}, status=None).json.get("result", {}).get("count", 0) == 0, query
    for query in ("url:chemin", f"hash:{SUM}", f"hash:{SUM[:2]}"):
        for more in ({}, {"limit": "0"}, {"offset": "0", "limit": "1"}):
            found = app.get("/api/3/action/resource_search", query_string={"query": query, **more}, status=200).json["result"]
            assert (found["count"], found["results"]) == (0, []), (query, more)


def test_the_index_holds_no_address(closed: dict[str, Any]) -> None:
    for again in (False, True):
        if again:
            rebuild(closed["id"])
        assert "chemin-tenu-secret" not in json.dumps(make_connection().search("*:*", fl="*", rows=10).docs, default=str)


def test_who_may_have_the_data_sees_and_keeps_the_address(closed: dict[str, Any], partner: dict[str, Any]) -> None:
    """Also when what was changed came from the index: nothing is written back as it was shown to others."""
    for user in (partner["editor"], factories.Sysadmin()["name"]):
        shown = tk.get_action("package_show")({"user": user}, {"id": "velos"})["resources"][0]
        assert (shown["url"], shown["hash"], shown.get("withheld")) == (SECRET, SUM, None)
        tk.get_action("package_patch")({"user": user}, {"id": "velos", "title": f"De {user}"})
        tk.get_action("resource_patch")({"user": user}, {"id": shown["id"], "description": user})
    stored = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": "velos"})["resources"][0]
    assert (stored["url"], stored["hash"], stored["download_url"]) == (SECRET, SUM, SECRET)
    found = tk.get_action("resource_search")({"user": partner["editor"]}, {"query": "url:chemin"})
    assert found["count"] == 1


def test_somebody_with_an_account_has_registered_data(publish: Publish) -> None:
    publish(name="velos", access_level="registered", resources=[{"url": SECRET, "name": "Comptages", "format": "CSV"}])
    assert tk.get_action("package_show")({"user": factories.User()["name"]}, {"id": "velos"})["resources"][0]["url"] == SECRET


def test_a_description_with_withheld_addresses_is_not_taken_back(closed: dict[str, Any], partner: dict[str, Any]) -> None:
    found = tk.get_action("package_search")({"user": partner["editor"]}, {"q": "name:velos"})["results"][0]
    assert found["resources"][0]["withheld"] is True
    with pytest.raises(tk.ValidationError) as refused:
        tk.get_action("package_update")({"user": partner["editor"]}, found)
    assert "package_show" in str(refused.value.error_dict)
    assert tk.get_action("package_show")({"user": partner["editor"]}, {"id": "velos"})["resources"][0]["url"] == SECRET


def test_a_closed_file_leads_to_where_it_is_asked_for(app: Any, closed: dict[str, Any]) -> None:
    file = app.get("/api/3/action/package_show?id=velos").json["result"]["resources"][0]
    assert file["url"].endswith(f"/dataset/{closed['id']}/resource/{file['id']}")
    assert file["name"] == "Comptages"


def test_opening_gives_the_address_back(app: Any, closed: dict[str, Any], partner: dict[str, Any]) -> None:
    stored = tk.get_action("package_show")({"user": partner["editor"]}, {"id": "velos"})
    opened = {"access_level": "open", "embargo": "", "resources": [{**stored["resources"][0], "access_level": ""}]}
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", **opened})
    assert app.get("/api/3/action/package_show?id=velos").json["result"]["resources"][0]["url"] == SECRET
    assert app.get("/api/3/action/package_search?q=name:velos").json["result"]["results"][0]["resources"][0]["url"] == SECRET


def test_a_file_beside_a_closed_one_is_given(app: Any, publish: Publish) -> None:
    """In every answer that withholds the other."""
    files = [{"url": SECRET, "name": "Détail", "format": "CSV", "access_level": "restricted"}, {"url": "https://files.example.org/synthese-ouverte.csv", "name": "Synthèse", "format": "CSV"}]
    publish(name="velos", resources=files)
    rebuild()
    for address in ("/api/3/action/package_show?id=velos", "/api/3/action/package_search?q=name:velos", "/dataset/velos", "/catalog.ttl", "/dataset/velos.nt", "/api/3/action/resource_search?query=url:synthese"):
        told = app.get(address, status=200).body
        assert "synthese-ouverte" in told and "chemin-tenu-secret" not in told, address
    assert app.get("/api/3/action/package_search", query_string={"q": "res_url:*synthese*"}).json["result"]["count"] == 1
    shown = app.get("/api/3/action/package_show?id=velos").json["result"]["resources"]
    assert [file.get("withheld") for file in shown] == [True, None]


def test_an_embargo_ends_at_its_second_without_anybody(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    ends = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=3)
    made = publish(name="velos", embargo=ends.isoformat(), resources=[{"url": SECRET, "name": "Comptages", "format": "CSV"}])
    assert made["embargo"] == f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    file = made["resources"][0]["id"]
    assert "2026" in app.get("/dataset/velos").body and "chemin-tenu" not in app.get("/dataset/velos").body
    assert "chemin-tenu" not in str(app.get(f"/dataset/velos/resource/{file}/download", status=None, follow_redirects=False).headers)
    assert "chemin-tenu" in str(tk.get_action("package_show")({"user": partner["editor"]}, {"id": "velos"}))
    time.sleep(max(0.0, (ends - datetime.now(timezone.utc)).total_seconds()) + 0.05)
    assert app.get("/api/3/action/package_show?id=velos").json["result"]["resources"][0]["url"] == SECRET
    assert app.get(f"/dataset/velos/resource/{file}/download", follow_redirects=False).headers["Location"] == SECRET
    assert "chemin-tenu" in app.get("/dataset/velos").body


@pytest.mark.parametrize("value", ["2026-02-31", "demain", "2026-13-01T00:00", "99999-01-01", "2020-01-01"])
def test_an_embargo_that_is_none_is_told(publish: Publish, value: str) -> None:
    with pytest.raises(tk.ValidationError) as refused:
        publish(embargo=value)
    assert list(refused.value.error_dict) == ["embargo"]


def test_an_embargo_is_a_day_where_the_territory_is(publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(name="velos", embargo="2098-07-01")
    assert made["embargo"] == "2098-06-30T22:00:00Z"
    assert tk.h.tzc_moment_to_write(made["embargo"]) == "2098-07-01" and tk.h.tzc_moment_to_write("2098-06-30T22:30:00Z") == "2098-07-01T00:30"
    # sent back as it is shown it stays the same, also when it has passed
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "title": "Un autre titre"})
    model.Package.get(made["id"]).extras["embargo"] = "2020-01-01T00:00:00Z"
    model.Session.commit()
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "title": "Encore un autre"})


@pytest.mark.parametrize("level", ["confidential", "secret"])
def test_a_files_level_is_one_of_two(publish: Publish, level: str) -> None:
    with pytest.raises(tk.ValidationError) as refused:
        publish(resources=[{"url": SECRET, "name": "Comptages", "format": "CSV", "access_level": level}])
    assert "access_level" in str(refused.value.error_dict["resources"])


@pytest.mark.parametrize("field", ["issued", "modified"])
def test_a_day_that_the_calendar_lacks_is_told(publish: Publish, field: str) -> None:
    for day in ("2026-02-31", "2026-02-31T10:00:00"):
        with pytest.raises(tk.ValidationError) as refused:
            publish(**{field: day})
        assert list(refused.value.error_dict) == [field]
    assert publish(**{field: "2026-02"})[field] == "2026-02"


def test_pages_say_who_may_have_a_file(app: Any, publish: Publish) -> None:
    """An embargo on every card, a file's own level on its page."""
    made = publish(name="velos", embargo="2098-03-01", resources=[{"url": SECRET, "name": "Comptages", "format": "CSV"}])
    other = publish(name="autre", resources=[{"url": SECRET, "name": "Comptages", "format": "CSV", "access_level": "registered"}])
    for address in ("/dataset/?q=name:velos", "/dataset/velos", f"/dataset/velos/resource/{made['resources'][0]['id']}"):
        assert "tzc-access-embargo" in app.get(address).body, address
    told = app.get(f"/dataset/autre/resource/{other['resources'][0]['id']}").body
    assert "tzc-access-registered" in told and "tzc-access-open" not in told
