"""The walk of what is there: every address and every action answers for a dataset that is hidden as for one that does not exist."""
from __future__ import annotations

import contextvars
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import ckan.logic
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

KEYS = ("id", "name_or_id", "dataset", "dataset_id", "package_id", "resource", "resource_id", "ref", "object_id")
"""Under which an action may be given what it is asked about."""

TAKEN = {"package_create", "package_update", "package_patch", "dataset_purge", "tzc_publication_move", "datastore_create"}
"""Actions that must tell that a name is taken; that are refused by their other values first; or for administrators alone."""


@pytest.fixture
def hidden(publish: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A confidential dataset with a file, and a draft."""
    file = {"url": "https://files.example.org/a.csv", "name": "Relevés", "format": "CSV"}
    draft = publish(name="encore-un-brouillon", resources=[file])
    tk.get_action("package_patch")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": draft["id"], "state": "draft"})
    return {"confidential": publish(name="plan-tenu-secret", access_level="confidential", resources=[file]), "draft": draft}


def pairs(hidden: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """What is there and what is not, of one kind each."""
    there = hidden["confidential"]
    return [(there["name"], "plan-inexistant-x"), (there["resources"][0]["id"], str(uuid.uuid4())), (hidden["draft"]["name"], "encore-un-inexistant")]


def plain(answer: Any, *names: str) -> tuple[int, str, str]:
    """An answer without what it was asked about, and without what changes each time."""
    words = re.sub("|".join(map(re.escape, sorted(names, key=len, reverse=True))), "…", answer.body + "\n" + answer.headers.get("Location", ""))
    words = re.sub(r'(_csrf_token|name="_csrf_token")[^>]*>|content="[^"]*"', "", words)
    return answer.status_code, answer.headers.get("Cache-Control", ""), words


@pytest.mark.parametrize("who", ["stranger", "outsider"])
def test_no_action_tells_that_something_is_there(app: Any, hidden: dict[str, dict[str, Any]], who: str) -> None:
    outsider = factories.User()["name"]
    factories.Organization(image_url="", users=[{"name": outsider, "capacity": "editor"}])
    headers = {"Content-Type": "application/json", **({"Authorization": factories.APIToken(user=outsider)["token"]} if who == "outsider" else {})}

    def ask(action: str, name: str) -> tuple[int, str, str]:
        given = json.dumps(dict.fromkeys(KEYS, name))
        try:
            answer = contextvars.Context().run(app.post, f"/api/3/action/{action}", data=given, headers=headers, status=None)
        except Exception as error:  # noqa: BLE001 -- what a program raises is an error 500 in a running portal, whose page tells nothing
            return 500, "", type(error).__name__
        return plain(answer, name)

    told = [
        f"{action}: {there} {ask(action, there)[::2]}, {missing} {ask(action, missing)[::2]}"
        for action in sorted(set(ckan.logic._actions) - TAKEN)
        for there, missing in pairs(hidden)
        if ask(action, there) != ask(action, missing)
    ]
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("who", ["stranger", "outsider"])
def test_no_address_tells_that_something_is_there(app: Any, hidden: dict[str, dict[str, Any]], who: str) -> None:
    outsider = factories.User()["name"]
    factories.Organization(image_url="", users=[{"name": outsider, "capacity": "editor"}])
    headers = {"Authorization": factories.APIToken(user=outsider)["token"]} if who == "outsider" else {}
    rules = [
        rule for rule in app.flask_app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and re.match(r"/(<[^>]+>/)?(dataset|journal|datastore|catalog)\b", rule.rule)
    ]  # fmt: skip
    file = {"confidential": hidden["confidential"]["resources"][0]["id"], "draft": hidden["draft"]["resources"][0]["id"]}
    told = []
    for rule in rules:
        for kind, there, missing in (("confidential", "plan-tenu-secret", "plan-inexistant-x"), ("draft", "encore-un-brouillon", "encore-un-inexistant")):
            answers = []
            for name, resource in ((there, file[kind]), (missing, str(uuid.uuid4()))):
                values = {"package_type": "dataset", "_format": "ttl", "extension": "ttl", "resource_id": resource, "view_id": str(uuid.UUID(int=0)), "filename": "x.csv"}
                address = re.sub(r"<(?:[^:<>]*:)?([a-z_]+)>", lambda part: quote(values.get(part[1], name)), rule.rule)  # noqa: B023 -- called at once
                answer = contextvars.Context().run(app.get, address, headers=headers, follow_redirects=False, status=None)
                answers.append(plain(answer, name, resource, quote(address), quote(address, safe=""), address))
            if answers[0] != answers[1]:
                told.append(f"{rule.rule} ({kind}): {answers[0][0]}, {answers[1][0]}")
    for name in ("dataset", "person"):
        there, missing = (
            plain(contextvars.Context().run(app.get, f"/journal?{name}={value}", headers=headers, follow_redirects=False, status=None), value) for value in ("plan-tenu-secret", "plan-inexistant-x")
        )
        if there != missing:
            told.append(f"/journal?{name}=: {there[0]}, {missing[0]}")
    assert told == [], "\n".join(told)


def test_the_page_in_place_of_a_refusal_is_dressed_as_any_other_and_so_is_what_follows(app: Any, hidden: dict[str, dict[str, Any]]) -> None:
    there = hidden["confidential"]
    for address, status in (("/", 200), (f"/dataset/{there['id']}/resource/{there['resources'][0]['id']}/download", 404), ("/", 200)):
        page = contextvars.Context().run(app.get, address, status=status).body
        assert re.search(r'<link href="/webassets/tzc/\w+_theme\.css"', page), (address, status)


ACCOUNT_KEYS = ("id", "user", "user_id", "username", "name", "object")
"""Under which an action may be given an account."""


@pytest.mark.parametrize("who", ["stranger", "outsider"])
def test_no_action_tells_that_an_account_is_there(app: Any, partner: dict[str, Any], who: str) -> None:
    outsider = factories.User()["name"]
    own = factories.Organization(image_url="", users=[{"name": outsider, "capacity": "member"}])
    headers = {"Content-Type": "application/json", **({"Authorization": factories.APIToken(user=outsider)["token"]} if who == "outsider" else {})}

    def ask(action: str, name: str, **more: str) -> tuple[int, str, str]:
        given = json.dumps({**dict.fromkeys(ACCOUNT_KEYS, name), "email": "x@example.org", "role": "editor", "capacity": "editor", "object_type": "user", **more})
        answer = contextvars.Context().run(app.post, f"/api/3/action/{action}", data=given, headers=headers, status=None)
        return plain(answer, name)

    actions = sorted(name for name in ckan.logic._actions if name.startswith(("user_", "organization_member", "group_member", "member_", "api_token", "tzc_dut", "tzc_delegation", "tzc_audit", "tzc_notices")))
    if who == "outsider":
        actions.remove("user_show")  # whoever signs in may see accounts
    assert "user_update" in actions and "organization_member_create" in actions
    told = []
    for action in actions:
        for more in ({}, {"id": partner["name"]}, {"id": own["name"]}):
            there, missing = ask(action, partner["editor"], **more), ask(action, "nobody-of-this-name", **more)
            if there != missing:
                told.append(f"{action} {more}: {there[::2]}, {missing[::2]}")
    assert told == [], "\n".join(told)
