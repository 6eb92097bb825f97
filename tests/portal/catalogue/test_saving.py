"""Datasets from programs: nothing that they send is dropped without a word, and a draft stays one."""
from __future__ import annotations

import contextvars
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def send(app: Any, partner: dict[str, Any]) -> Any:
    """Call an action as the partner's editor: `send(action, status, **values)`."""
    token = factories.APIToken(user=partner["editor"])["token"]

    def call(action: str, status: int, **values: Any) -> Any:
        # in a context of its own: the one of the test knows another person
        answer = contextvars.Context().run(app.post, f"/api/3/action/{action}", json=values, headers={"Authorization": token}, status=status).json
        return answer["result"] if answer["success"] else answer["error"]

    return call


def show(name: str) -> dict[str, Any]:
    return tk.get_action("package_show")({"ignore_auth": True}, {"id": name})


@pytest.fixture
def whole(publish: Any, partner: dict[str, Any]) -> dict[str, Any]:
    """A dataset's values, as a program sends them."""
    made = publish()
    tk.get_action("package_delete")({"user": partner["editor"]}, {"id": made["id"]})
    return {name: value for name, value in made.items() if name not in {"id", "name", "groups"} and value not in (None, "", [])}


def test_a_draft_stays_one(send: Any, whole: dict[str, Any]) -> None:
    assert send("package_create", 200, **{**whole, "name": "brouillon", "state": "draft"})["state"] == "draft"
    assert tk.get_action("package_search")({}, {"fq": "name:brouillon"})["count"] == 0
    assert send("package_patch", 200, id="brouillon", state="active")["state"] == "active"
    refused = send("package_patch", 409, id="brouillon", state="zombie")
    assert "active, draft, deleted" in refused["state"][0]
    assert show("brouillon")["state"] == "active"


def test_a_field_that_is_none_is_told(send: Any, publish: Any) -> None:
    made = publish()
    refused = send("package_patch", 409, id=made["name"], titel="Nouveau", zz=1)
    assert set(refused) - {"__type"} == {"titel", "zz"}
    assert "Vouliez-vous dire « title » ?" in refused["titel"][0]
    assert show(made["name"])["title"] == made["title"]


WRONG = {
    "contact": "mairie@example.org", "publisher": {"name": "A"}, "creator": ["A"], "spatial_coverage": 7, "temporal_coverage": "2026", "tags": "vélo", "resources": {"url": "x"}, "extras": ["a"],
}  # fmt: skip


def test_what_takes_objects_says_so(send: Any, publish: Any, whole: dict[str, Any]) -> None:
    made = publish(contact=[{"name": "Accueil"}])
    for action, given in (("package_patch", {"id": made["id"]}), ("package_create", {**whole, "name": "autre"}), ("package_create", {**whole, "name": "autre", "state": "draft"})):
        refused = send(action, 409, **{**given, **WRONG})
        assert set(refused) - {"__type"} == set(WRONG)
        assert '[{"name": "…", "email": "…"}]' in refused["contact"][0]
    assert show(made["name"])["contact"][0]["name"] == "Accueil"
    # nothing is an empty list
    assert not send("package_patch", 200, id=made["id"], contact=None, tags="").get("contact")


def test_an_answer_may_be_sent_back(send: Any, app: Any, publish: Any) -> None:
    made = publish(resources=[{"name": "Lien", "url": "https://example.org/a.csv", "format": "CSV"}])
    told = app.get(f"/api/3/action/package_show?id={made['name']}", status=200).json["result"]
    assert send("package_update", 200, **{**told, "title": "Renvoyé"})["title"] == "Renvoyé"


def test_the_level_of_access_that_is_said_counts(send: Any, publish: Any) -> None:
    made = publish(access_level="confidential")
    assert send("package_patch", 200, id=made["name"], title="Toujours caché")["private"] is True
    assert "access_level" in send("package_patch", 409, id=made["name"], private=False)
    assert show(made["name"])["private"] is True
    opened = send("package_patch", 200, id=made["name"], access_level="open")
    assert (opened["access_level"], opened["private"]) == ("open", False)
    hidden = send("package_patch", 200, id=made["name"], private=True)
    assert (hidden["access_level"], hidden["private"]) == ("confidential", True)


def test_what_is_hidden_is_as_unknown(app: Any, publish: Any, send: Any) -> None:
    secret = publish(name="secret-du-port", access_level="confidential", resources=[{"name": "Lien", "url": "https://example.org/a.csv", "format": "CSV"}])
    somebody = {"Authorization": factories.UserWithToken()["token"]}
    for headers in ({}, somebody):
        for action in ("package_show", "package_update", "package_patch", "package_delete", "package_activity_list", "dataset_follow"):
            unknown, hidden = (contextvars.Context().run(app.post, f"/api/3/action/{action}", json={"id": name}, headers=headers, status=None) for name in ("personne", secret["name"]))
            assert (unknown.status_code, unknown.body.replace("personne", "")) == (hidden.status_code, hidden.body.replace(secret["name"], "")), action
        shown = app.get(f"/api/3/action/resource_show?id={secret['resources'][0]['id']}", headers=headers, status=404)
        assert shown.json["error"]["__type"] == "Not Found Error"
    assert send("package_show", 200, id=secret["name"])["id"] == secret["id"]


def test_a_name_reads_in_one_direction(send: Any, publish: Any) -> None:
    made = publish(title="Relevés \u202egnp.exe")
    assert made["title"] == "Relevés gnp.exe"


@pytest.mark.parametrize("question", ["fq=(((", "sort=((", "q=title:(((&fq=[["])
def test_solrs_question_is_told_to_nobody(app: Any, publish: Any, question: str) -> None:
    publish()
    answer = app.get(f"/api/3/action/package_search?{question}", status=None)
    assert answer.status_code in {400, 409}
    assert not [word for word in ("capacity", "permission_labels", "solr", "Solr") if word in answer.body], answer.body


@pytest.mark.parametrize("broken", ["http://[::1/x", "http://[x]/", "//[", "http://ex[ample.org/a.csv"])
def test_an_address_with_a_broken_bracket_is_told(send: Any, publish: Any, broken: str) -> None:
    made = publish(resources=[{"name": "Lien", "url": "https://example.org/a.csv", "format": "CSV"}])
    assert "url" in send("resource_create", 409, package_id=made["id"], url=broken, name="Autre")
    assert "url" in send("resource_patch", 409, id=made["resources"][0]["id"], url=broken)
    assert [file["url"] for file in show(made["name"])["resources"]] == ["https://example.org/a.csv"]
