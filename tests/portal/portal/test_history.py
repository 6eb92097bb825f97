"""Histories: everybody learns what changed and when, only those who may edit learn by whom and how it was."""
from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]
PERSON = "Camille Exemple"


@pytest.fixture
def changed(publish: Publish, partner: dict[str, Any]) -> dict[str, Any]:
    """A dataset whose contact was taken away, and that got a file."""
    tk.get_action("user_patch")({"ignore_auth": True, "user": ""}, {"id": partner["editor"], "fullname": PERSON})
    made = publish(contact=[{"name": "Une Personne", "email": "personne@example.org"}])
    context = {"user": partner["editor"]}
    tk.get_action("package_patch")({**context}, {"id": made["id"], "contact": [], "title": "Un autre titre"})
    tk.get_action("resource_create")({**context}, {"package_id": made["id"], "name": "Un lien", "url": "https://example.org/a.csv", "format": "CSV"})
    return made


def asked(app: Any, address: str, user: str = "", status: int = 200) -> str:
    """A page or an answer, in a context of its own, as a user or a stranger."""
    headers = {"Authorization": factories.APIToken(user=user)["token"]} if user else {}
    return str(contextvars.Context().run(app.get, address, headers=headers, status=status).body)


def test_the_page_says_what_changed_to_everybody_and_who_to_editors(app: Any, changed: dict[str, Any], partner: dict[str, Any]) -> None:
    address = f"/en/dataset/activity/{changed['name']}"
    stranger, editor = asked(app, address), asked(app, address, partner["editor"])
    for page in (stranger, editor):
        assert "File added: Un lien." in page
        assert re.search(r"Changed: [^.<]*Title[^.<]*\.", page)
        assert "The dataset was begun." in page
        assert "personne@example.org" not in page
    assert PERSON in editor
    assert PERSON not in stranger and partner["editor"] not in stranger
    assert "View this version" not in editor


def test_a_removed_file_is_named_to_editors_and_keeps_its_name_from_strangers(app: Any, changed: dict[str, Any], partner: dict[str, Any]) -> None:
    resource = tk.get_action("package_show")({"ignore_auth": True, "user": ""}, {"id": changed["id"]})["resources"][0]
    tk.get_action("resource_delete")({"user": partner["editor"]}, {"id": resource["id"]})
    page = asked(app, f"/en/dataset/activity/{changed['name']}")
    assert "1 file was removed." in page
    assert "Un lien" not in page
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": changed["id"]})
    told = asked(app, f"/en/dataset/activity/{changed['name']}", partner["editor"])
    assert "File removed: Un lien." in told
    assert "without a change" not in told


def test_pages_of_a_history(app: Any, publish: Publish, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ckanext.tzc.portal import history

    monkeypatch.setattr(history, "PAGE", 2)
    made = publish()
    for number in range(3):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "title": f"Titre {number}"})
    address = f"/en/dataset/activity/{made['name']}"
    assert asked(app, address).count("<li>\n            <p class=\"tzc-meta\">") == 2
    last = asked(app, f"{address}?page=2")
    assert "The dataset was begun." in last
    assert "Changed: Title." in last, "what the last one on a page changed is known from the one before it"
    assert "Older changes" not in last
    assert "Older changes" in asked(app, f"{address}?page=x")


def test_a_hidden_datasets_history_is_hidden(app: Any, publish: Publish) -> None:
    made = publish(access_level="confidential")
    asked(app, f"/dataset/activity/{made['name']}", status=404)


LISTS = ["package_activity_list?id={name}", "organization_activity_list?id={org}", "group_activity_list?id=mobilite", "recently_changed_packages_activity_list"]


@pytest.mark.parametrize("action", LISTS)
def test_lists_of_activities_name_nobody_to_strangers(app: Any, changed: dict[str, Any], partner: dict[str, Any], action: str) -> None:
    address = "/api/3/action/" + action.format(name=changed["name"], org=partner["name"])
    identifier = tk.get_action("user_show")({"ignore_auth": True, "user": ""}, {"id": partner["editor"]})["id"]
    colleague = factories.User()["name"]
    for user in ("", colleague):
        told = asked(app, address, user)
        assert len(json.loads(told)["result"]) >= (0 if "group" in action else 1)
        for hidden in (PERSON, partner["editor"], identifier, "personne@example.org"):
            assert hidden not in told, (user, hidden)
    if action.startswith("package"):
        assert identifier in asked(app, address, partner["editor"])


def test_an_activity_as_it_was_is_for_editors(app: Any, changed: dict[str, Any], partner: dict[str, Any]) -> None:
    activity = tk.get_action("package_activity_list")({"user": partner["editor"]}, {"id": changed["id"]})[0]
    asked(app, f"/api/3/action/activity_show?id={activity['id']}", status=403)
    assert changed["id"] in asked(app, f"/api/3/action/activity_show?id={activity['id']}", partner["editor"])


def test_what_somebody_did_is_for_themselves(app: Any, changed: dict[str, Any], partner: dict[str, Any]) -> None:
    address = f"/api/3/action/user_activity_list?id={partner['editor']}"
    asked(app, address, status=403)
    asked(app, address, factories.User()["name"], status=403)
    assert changed["id"] in asked(app, address, partner["editor"])
    asked(app, f"/user/activity/{partner['editor']}", factories.User()["name"], status=403)


@pytest.mark.parametrize("call", ["recently_changed_packages_activity_list", "organization_activity_list", "group_activity_list"])
def test_what_became_confidential_is_in_no_history(app: Any, changed: dict[str, Any], partner: dict[str, Any], call: str) -> None:
    about = {"organization_activity_list": partner["name"], "group_activity_list": "mobilite"}.get(call, "")
    address = f"/api/3/action/{call}?id={about}"
    assert changed["name"] in asked(app, "/api/3/action/recently_changed_packages_activity_list")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": changed["id"], "access_level": "confidential"})
    told = asked(app, address)
    assert changed["id"] not in told and changed["name"] not in told and "Passages par heure" not in told


def test_the_first_publication_is_one(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish(state="draft")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "state": "active"})
    page = asked(app, f"/en/dataset/activity/{made['name']}")
    assert "The dataset was published." in page
    assert "The dataset was changed." not in page
