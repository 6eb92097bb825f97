"""Addresses of files that are not for everybody are learnt from no answer."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.lib.search import make_connection, rebuild
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

SECRET = "https://files.example.org/chemin-tenu-secret.csv"
SUM = "d41d8cd98f00b204e9800998ecf8427e"

Publish = Callable[..., dict[str, Any]]


@pytest.fixture(params=["registered", "restricted"])
def closed(request: pytest.FixtureRequest, publish: Publish) -> Iterator[dict[str, Any]]:
    """A dataset that is not for everybody."""
    yield publish(name="velos", access_level=request.param, resources=[{"url": SECRET, "name": "Comptages", "format": "CSV", "hash": SUM, "download_url": SECRET}])


def readers(level: str) -> list[dict[str, str]]:
    """Headers of people who may not have the data: none, and for what is given on request somebody with an account."""
    return [{}, *([{"Authorization": factories.UserWithToken()["token"]}] if level == "restricted" else [])]


ADDRESSES = [
    "/api/3/action/package_show?id=velos", "/api/3/action/package_search?q=*:*", "/api/3/action/package_search?q=*:*&fl=*", "/api/3/action/package_search?q=*:*&fl=validated_data_dict,data_dict,res_url",
    '/api/3/action/package_search?q=*:*&facet.field=["res_url"]&facet.limit=-1', "/api/3/action/current_package_list_with_resources", "/api/3/action/resource_search?query=name:Comptages",
    "/api/3/action/package_activity_list?id=velos", "/api/3/action/recently_changed_packages_activity_list", "/dataset/velos", "/dataset/", "/", "/catalog.ttl", "/catalog/all.nt", "/dataset/velos.rdf",
    "/dataset/velos.jsonld?profiles=schemaorg", "/dataset/activity/velos", "/dataset/velos/history", "/feeds/dataset.atom", "/api/3/action/organization_show?id={partner}&include_datasets=true",
    "/api/3/action/group_package_show?id={partner}", "/api/3/action/package_autocomplete?q=velos", "/api/3/action/resource_show?id={file}", "/api/3/action/resource_view_list?id={file}",
    "/dataset/velos/resource/{file}", "/dataset/velos/resource/{file}/download", "/dataset/velos/resource/{file}/download/autre.csv", "/file/download/{file}",
    "/sparql?query=SELECT%20*%20WHERE%20{{?s%20?p%20?o}}", "/publishing/received", "/sitemap.xml",
]  # fmt: skip


def test_no_answer_tells_an_address(app: Any, closed: dict[str, Any], partner: dict[str, Any]) -> None:
    for headers in readers(closed["access_level"]):
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
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": "velos", "access_level": "open"})
    assert app.get("/api/3/action/package_show?id=velos").json["result"]["resources"][0]["url"] == SECRET
    assert app.get("/api/3/action/package_search?q=name:velos").json["result"]["results"][0]["resources"][0]["url"] == SECRET
