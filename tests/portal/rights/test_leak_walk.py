"""The leak walk: every address and every action, whoever wrote it, asked by people who may not have what is kept here.

Addresses come from the URL map and actions from CKAN's registry, so that one which is added tomorrow is walked tomorrow. What must not be told is marked by a word that
stands nowhere else; the partner's own editor finds it by the same walk, so a walk that goes nowhere fails.
"""
from __future__ import annotations

import contextvars
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import ckan.logic
import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

WORD = "tenusecret"
"""In all that must not be told."""
PERSON = "mot-de-la-citoyenne"
"""In what a person asked, which is for those who decide."""

Values = dict[str, str]


@dataclasses.dataclass
class Kept:
    """What is kept: for each thing the values by which addresses and actions name it."""

    things: dict[str, Values]
    outsider: str
    editor: str

    def token(self, name: str) -> str:
        return str(factories.APIToken(user=name)["token"])


@pytest.fixture
def kept(scene: Any, publish: Callable[..., dict[str, Any]]) -> Iterator[Kept]:
    """Two tables, to one of which an editor of another partner had a right that has ended and to the other one that was revoked; a confidential dataset; a request."""
    from ckanext.tzc.rights import records

    outsider = scene.port["decider"]
    things = {}
    for name in ("ended", "revoked"):
        things[name] = _table(scene, publish, f"releves-{name}")
        request = scene.ask({"name": f"releves-{name}"}, user=outsider, words="Pour voir.")
        scene.move(scene.town["decider"], request, "take_up")
        scene.move(scene.town["decider"], request, "approve")
        if name == "revoked":
            scene.move(scene.town["decider"], request, "revoke", reason="Un abus.")
        else:
            past = records.now() - timedelta(days=1)
            model.Session.query(records.Grant).filter_by(dataset=things[name]["id"]).update({"begins": past - timedelta(days=9), "ends": past})
            model.Session.query(records.Part).filter_by(request=request["id"]).update({"begins": past - timedelta(days=9), "ends": past})
            model.Session.commit()
    hidden = publish(name="confidentiel", title=f"Plan {WORD}", notes=WORD, access_level="confidential", tag_string=WORD, resources=[_file("a")])
    things["confidential"] = _values(hidden)
    asked = scene.ask(words=f"Une raison, {PERSON}.", project=PERSON)
    scene.call("tzc_request_message", scene.citizen, id=asked["id"], text=f"Une question, {PERSON}.")
    things["request"] = {**dict.fromkeys(("id", "name", "identifier", "request"), asked["id"]), "resource_id": things["ended"]["resource_id"]}
    yield Kept(things, outsider, scene.town["editor"])


def _file(name: str) -> dict[str, str]:
    return {"url": f"https://files.example.org/{WORD}-{name}.csv", "name": "Relevés", "format": "CSV", "hash": WORD * 3}


def _table(scene: Any, publish: Callable[..., dict[str, Any]], name: str) -> Values:
    made = publish(name=name, title="Relevés", access_level="restricted", resources=[_file(name)])
    rows = [{"logement": "A", "valeur": WORD}, {"logement": "B", "valeur": "30"}]
    fields = [{"id": "logement", "type": "text"}, {"id": "valeur", "type": "text"}]
    context = {"ignore_auth": True, "user": scene.town["editor"]}
    tk.get_action("datastore_create")(context, {"resource_id": made["resources"][0]["id"], "force": True, "fields": fields, "records": rows})
    return _values(made)


def _values(package: dict[str, Any]) -> Values:
    from ckanext.activity.model import Activity

    file = package["resources"][0]["id"]
    activity = model.Session.query(Activity.id).filter_by(object_id=package["id"]).order_by(Activity.timestamp.desc()).first()
    views = tk.get_action("resource_view_list")({"ignore_auth": True}, {"id": file})
    return {
        **dict.fromkeys(("id", "_id"), package["id"]), "name": package["name"], **dict.fromkeys(("resource_id", "file", "resource"), file),
        "activity_id": activity[0] if activity else "", **dict.fromkeys(("view_id", "view"), views[0]["id"] if views else file), "partner": package["owner_org"],
    }  # fmt: skip


COMMON = {
    "package_type": "dataset", "extension": "nt", "_format": "ttl", "ver": "3", "kind": "dataset", "path": "x", "location": "x", "storage_name": "default", "number": "1", "version": "1", "lang": "fr",
    "filename": "x.csv", "ref_type": "dataset", "logic_function": "package_show", "target_locale": "fr", "token": "x", "group_type": "group", "is_organization": "0", "source": "x",
}  # fmt: skip
"""What addresses name besides things."""

ELSEWHERE = {"user.logout", "static", "webassets.index"}
"""Endpoints that end the asker's session, or send files of the program."""


def addresses(app: Any, things: dict[str, Values]) -> Iterator[str]:
    """Each address of the URL map, for each thing; once where it names none."""
    found = set()
    for rule in app.flask_app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ELSEWHERE:
            continue
        for values in things.values():
            found.add(_filled(rule.rule, {**COMMON, **values}))
    return iter(sorted(found))


def _filled(rule: str, known: Values) -> str:
    return re.sub(r"<(?:[^:<>]*:)?([a-z_]+)>", lambda part: quote(known.get(part[1], known["id"]), safe=""), rule)


NAMES = ("id", "name_or_id", "dataset", "dataset_id", "package_id", "resource", "object", "object_id", "request", "organization_id", "group", "username", "ref")
"""Under which an action may be given what it is asked about."""


def questions(things: dict[str, Values]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an action is asked: each thing and its file by the usual key, as many actions take no other; under every key; and questions for all there is."""
    for thing, values in things.items():
        yield thing, {"id": values["id"]}
        if "file" in values:
            yield f"the file of {thing}", {"resource_id": values["file"]}
    for thing in ("ended", "confidential", "request"):
        values = things[thing]
        yield thing, {**dict.fromkeys(NAMES, values["id"]), "resource_id": values["resource_id"], "datasets": [values["id"]], "activity_id": values.get("activity_id", "")}
    file = things["ended"]["file"]
    yield "the file of ended", {**dict.fromkeys(NAMES, file), "resource_id": file, "resources": [file], "include_data": True}
    yield "all", {"sql": f'SELECT * FROM "{file}"'}  # noqa: S608 -- asked to be refused
    yield "all", {"query": "name:e", "limit": 50}
    yield "all", {"q": "*:*", "include_private": True, "include_drafts": True, "rows": 50, "facet.field": ["res_url", "title", "tags"], "facet.limit": -1}
    yield "all", {**dict.fromkeys(NAMES, things["ended"]["partner"]), "q": "e", "limit": 50, "include_datasets": True, "all_fields": True}


READ_ONLY_ASKS = ("_show", "_list", "_search", "_info", "_autocomplete", "_queue", "_status", "_activity", "_history", "_intake", "_summary", "_diff", "_read", "_combine", "_terms", "_validation", "_sql")
"""Ends of the names of actions that change nothing, whose answers are walked for whom they are for."""


def told(answer: Any) -> bool:
    text = answer.body + str(answer.headers)
    return WORD in text or PERSON in text


def walked(app: Any, kept: Kept, user: str, only: Callable[[str], bool] = lambda _name: True) -> tuple[list[str], list[str]]:
    """What told something, and what of ours broke."""
    headers = {"Authorization": kept.token(user)} if user else {}
    leaks, broken = [], []

    def ask(what: str, ours: bool, method: Callable[..., Any], address: str, **more: Any) -> None:
        try:
            answer = contextvars.Context().run(method, address, headers={**headers, **more.pop("headers", {})}, follow_redirects=False, status=None, **more)
        except Exception as error:  # noqa: BLE001 -- whatever a program raises
            # in a running portal this is an error 500, whose page tells nothing
            if ours:
                broken.append(f"{what}: {error!r}")
            return
        if told(answer):
            leaks.append(what)
        if answer.status_code >= 500 and ours:
            broken.append(f"{what}: {answer.status_code}")

    for address in addresses(app, kept.things):
        if only(address):
            ask(address, True, app.get, address)
    for action in sorted(ckan.logic._actions):
        if not only(action):
            continue
        for name, question in questions(kept.things):
            body = {"data": json.dumps(question), "headers": {"Content-Type": "application/json"}}
            ask(f"{action} of {name}", action.startswith("tzc_"), app.post, f"/api/3/action/{action}", **body)
    return leaks, broken


@pytest.mark.parametrize("who", ["stranger", "outsider"])
def test_nothing_is_told_anywhere(app: Any, kept: Kept, who: str) -> None:
    """As a stranger; and as an editor of another partner, with a right that has ended and one that was revoked. What changes things, changes none of these."""
    before = _state(kept)
    leaks, broken = walked(app, kept, "" if who == "stranger" else kept.outsider)
    assert leaks == []
    assert broken == []
    assert _state(kept) == before


def _state(kept: Kept) -> list[Any]:
    """What is kept, as it is stored."""
    model.Session.rollback()
    shown = [tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": kept.things[name]["id"]}) for name in ("ended", "revoked", "confidential")]
    rows = [tk.get_action("datastore_search")({"ignore_auth": True}, {"resource_id": kept.things[name]["resource_id"]})["records"] for name in ("ended", "revoked")]
    return [shown, rows]


def test_the_walk_finds_what_it_looks_for(app: Any, kept: Kept) -> None:
    """For the partner's own editor."""
    reading = ("/dataset/", "/api/", "/datastore/")
    leaks, broken = walked(app, kept, kept.editor, lambda name: name.startswith(reading) if "/" in name else name.endswith(READ_ONLY_ASKS))
    names = {kept.things[name][key]: name for name in ("ended", "revoked", "confidential") for key in ("id", "name")}
    plain = {re.sub("|".join(sorted(map(re.escape, names), key=len, reverse=True)), lambda part: names[part[0]], leak) for leak in leaks}
    assert broken == []
    assert {
        "package_show of ended", "package_show of confidential", "resource_show of the file of ended", "datastore_search of the file of ended", "package_search of all", "resource_search of all",
        "/dataset/activity/confidential", "/dataset/edit/confidential", "/dataset/",
    } <= plain, sorted(plain)  # fmt: skip
