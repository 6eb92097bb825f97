"""What no action takes is refused with a reason: never a traceback."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("package_search", '{"q": ["a", {"b": 1}]}'), ("package_search", '{"q": {"a": 1}}'), ("package_show", '{"id": {"a": 1}}'), ("group_list", '{"groups": [{}]}'),
        ("tzc_table_status", '{"id": "\\u0000"}'), ("tag_list", '{"query": "\\u0000"}'), ("package_list", '{"offset": 99999999999999999999}'),
        ("package_show", '{"id": 1e999}'), ("datastore_search", '{"resource_id": "x", "filters": {"nom": "\\u0000"}}'),
        ("datastore_search", '{"resource_id": "x", "filters": "{\\"nom\\": \\"\\\\u0000\\"}"}'), ("datastore_search", '{"resource_id": "x", "filters": "{\\"nom\\": 1e999}"}'),
        ("organization_patch", '{"id": "x", "users": "moi"}'), ("group_create", '{"name": "x", "extras": null}'), ("group_list", '{"sort": "title asc,"}'), ("organization_list", '{"sort": {}}'), ("package_search", '{"q": ' + "[" * 100 + "]" * 100 + "}"), ("package_search", '{"q": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
)  # fmt: skip
def test_a_body_that_no_action_takes(app: Any, action: str, body: str) -> None:
    answer = app.post(f"/api/3/action/{action}", data=body, headers={"Content-Type": "application/json"}, status=None)
    assert answer.status_code == 400, answer.body
    assert json.loads(answer.body)["success"] is False
    assert json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("question", ["package_list?offset=99999999999999999999", "package_search?rows=99999999999999999999", "tag_list?query=%00", "package_show?id=%00",
                                      "datastore_search?resource_id=x&filters={%22a%22:1e999}", "status_show?callback=alert(1)//", "package_search?start=",
                                      "package_list?limit=", "package_autocomplete?q=a&limit=2147483647", "organization_list?sort=title%20asc,", "group_list?sort=%20"])
def test_a_question_that_no_action_takes(app: Any, question: str) -> None:
    assert app.get(f"/api/3/action/{question}", status=None).status_code == 400


@pytest.mark.parametrize("address", ["/dataset/", "/organization/", "/group/", "/organization/{partner}", "/group/mobilite", "/feeds/custom.atom"])
def test_a_list_that_cannot_be(app: Any, partner: dict[str, Any], address: str) -> None:
    for question in ("sort=title%20asc,", "sort=%20", "sort=title%20asc,%20,name", "page=99999999999", "page=x", "page=%D9%A3", "page="):
        answer = app.get(f"{address.format(partner=partner['name'])}?{question}", status=None)
        assert answer.status_code == 400, question
        assert ("asc" in answer.body) == question.startswith("sort"), "says how it is written"
    assert app.get(f"{address.format(partner=partner['name'])}?sort=title_string%20asc,name%20desc&page=1", status=None).status_code == 200


@pytest.mark.parametrize("address", ["/dataset/", "/organization/{partner}", "/group/mobilite"])
def test_a_filter_that_cannot_be_read_is_said_on_the_page(app: Any, partner: dict[str, Any], address: str) -> None:
    for question in ("axis=%22", "fq=%7B!x%7D", "(=1", "id:*)%20OR%20(x=1"):
        assert "n’a pas pu se faire" in app.get(f"{address.format(partner=partner['name'])}?{question}", status=200).body


@pytest.mark.parametrize("question", ["limit=-1", "offset=-1", "limit=x", "format=xx", "offset=99999999999999999999"])
def test_a_download_of_a_table_that_cannot_be(app: Any, publish: Any, partner: dict[str, Any], question: str) -> None:
    file = publish(resources=[{"name": "Rangées", "url": "https://example.org/rangees.csv", "format": "CSV"}])["resources"][0]["id"]
    tk.get_action("datastore_create")({"user": partner["editor"], "ignore_auth": True}, {"resource_id": file, "force": True, "records": [{"lieu": "Aytré"}]})
    assert app.get(f"/datastore/dump/{file}?limit=1&format=csv", status=200)
    answer = app.get(f"/datastore/dump/{file}?{question}", status=None)
    assert (answer.status_code, answer.content_type.split(";")[0]) == (400, "text/plain")


def test_what_concerns_an_account_is_told_to_it_alone(app: Any, partner: dict[str, Any]) -> None:
    somebody = factories.UserWithToken()
    actions = ("organization_list_for_user", "user_follower_count", "user_followee_count", "followee_count", "dataset_followee_count", "user_followee_list")
    for headers in ({}, {"Authorization": somebody["token"]}):
        for action in actions:
            told = [app.get(f"/api/3/action/{action}?id={name}", headers=headers, status=None) for name in (partner["editor"], "nobody-of-this-name")]
            assert {answer.status_code for answer in told} == {403}, action
            assert told[0].json["error"]["message"] == told[1].json["error"]["message"]
    assert app.get("/api/3/action/organization_list_for_user", headers={"Authorization": somebody["token"]}, status=200).json["result"] == []
    assert tk.get_action("organization_list_for_user")({"user": partner["editor"]}, {"id": partner["editor"]})
    shown = tk.get_action("user_show")({"user": somebody["name"]}, {"id": partner["editor"]})
    assert not {"sysadmin", "last_active", "email"} & set(shown)
    assert "sysadmin" in tk.get_action("user_show")({"user": somebody["name"]}, {"id": somebody["name"]})


def test_keywords_of_what_is_hidden_are_told_to_nobody(app: Any, publish: Any, partner: dict[str, Any]) -> None:
    publish(tags=[{"name": "zqpublic"}])
    publish(tags=[{"name": "zqcache"}], access_level="confidential")
    publish(tags=[{"name": "zqbrouillon"}], state="draft")
    gone = publish(tags=[{"name": "zqsupprime"}])
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": gone["id"]})
    for address in ("tag_list", "tag_list?query=zq", "tag_list?all_fields=true", "tag_autocomplete?query=zq", "tag_search?query=zq"):
        told = app.get(f"/api/3/action/{address}", status=200).body
        assert "zqpublic" in told, address
        assert not [word for word in ("zqcache", "zqsupprime") if word in told], address
    assert app.get("/api/3/action/tag_search?query=zqcache&limit=0").json["result"]["count"] == 0
    assert "zqcache" not in app.get("/api/2/util/tag/autocomplete?incomplete=zq", status=200).body


def test_what_this_portal_does_without_says_so(app: Any, publish: Any) -> None:
    made = publish()
    for action in ("package_collaborator_list", "package_collaborator_create", "package_collaborator_delete", "package_collaborator_list_for_user"):
        answer = app.post(f"/api/3/action/{action}", json={"id": made["id"]}, status=400)
        assert "membre de son partenaire" in answer.json["error"]["message"], answer.body


@pytest.mark.parametrize("address", ["/user/login", "/user/reset"])
def test_a_form_with_a_character_that_no_text_has(app: Any, address: str) -> None:
    answer = app.post(address, data={"login": "a\x00b", "user": "a\x00b", "password": "x"}, status=None)
    assert answer.status_code == 400, answer.status
