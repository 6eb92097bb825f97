"""A partner's program is called, signed, until it takes the call; never inside a network."""
from __future__ import annotations

import contextlib
import datetime as dt
import json
import socket
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from ckanext.tzc.common.happening import Happening, tell
from ckanext.tzc.harvesters import http
from ckanext.tzc.notices import jobs, store, webhooks
from tzc.notices import calls

from tests.people import PASSWORD, Person
from tests.sites import Reply, Site

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def administrator() -> dict[str, Any]:
    return factories.User(password=PASSWORD)


@pytest.fixture
def partner(administrator: dict[str, Any]) -> dict[str, Any]:
    return factories.Organization(image_url="", users=[{"name": administrator["name"], "capacity": "admin"}])


@pytest.fixture
def secret(partner: dict[str, Any], administrator: dict[str, Any], program: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A webhook to the program, which stands on the loopback."""
    monkeypatch.setitem(tk.config, "tzc.notices.internal_webhooks", True)
    made = tk.get_action("tzc_notices_webhook_update")({"user": administrator["name"]}, {"partner": partner["name"], "url": f"{program.address}/hook"})
    return str(made["secret"])


def happened(partner: dict[str, Any], kind: str = "request.submitted") -> None:
    tell(Happening(kind, None, about={"partner": partner["id"], "request": "r1"}, content={"reason": "privé"}, path="/demandes/r1"))
    model.Session.commit()


def shown(partner: dict[str, Any], administrator: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tk.get_action("tzc_notices_webhook_show")({"user": administrator["name"]}, {"partner": partner["id"]})["calls"]
    return found


def test_a_call(partner: dict[str, Any], administrator: dict[str, Any], program: Site, secret: str) -> None:
    program.answer = lambda _: Reply(status=204)
    happened(partner)
    happened(factories.Organization(image_url=""))
    assert program.asked == [], "nothing within the transaction"
    assert jobs.call() == 1
    [asked] = program.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (asked.method, asked.path) == ("POST", "/hook")
    assert headers["webhook-signature"] == calls.signature(secret, headers["webhook-id"], headers["webhook-timestamp"], asked.body.decode())
    told = json.loads(asked.body)
    assert told["type"] == "request.submitted" and told["data"] == {"about": {"partner": partner["id"], "request": "r1"}, "url": tk.config["ckan.site_url"] + "/demandes/r1"}
    assert jobs.call() == 0 and len(program.asked) == 1
    [call] = shown(partner, administrator)
    assert call["done"] and not call["next"] and call["id"] == headers["webhook-id"]


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=404), Reply(status=302, headers={"Location": "/elsewhere"}), Reply(headers={"Content-Length": "x"}, status=503), Reply(status=410)]
)
def test_it_is_tried_again_with_the_same_id(partner: dict[str, Any], administrator: dict[str, Any], program: Site, secret: str, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    program.answer = lambda _: reply
    happened(partner)
    assert jobs.call() == 0 and jobs.call() == 0 and len(program.asked) == 1, "not before its time"
    [call] = shown(partner, administrator)
    assert call["attempts"] == 1 and call["next"] and call["error"]
    program.answer = lambda _: Reply(b"taken")
    later = store.now() + dt.timedelta(minutes=2)
    monkeypatch.setattr(store, "now", lambda: later)
    assert jobs.call() == 1
    first, second = ({name.lower(): value for name, value in asked.headers.items()} for asked in program.asked)
    assert first["webhook-id"] == second["webhook-id"] and first["webhook-timestamp"] != second["webhook-timestamp"]
    assert second["webhook-signature"] == calls.signature(secret, second["webhook-id"], second["webhook-timestamp"], program.asked[1].body.decode())
    assert {asked.path for asked in program.asked} == {"/hook"}


def test_it_is_given_up_in_the_end(partner: dict[str, Any], administrator: dict[str, Any], program: Site, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(partner)
    moment = store.now()
    for _ in range(12):
        now = moment
        monkeypatch.setattr(store, "now", lambda now=now: now)
        jobs.call()
        moment += dt.timedelta(days=1, minutes=1)
    [call] = shown(partner, administrator)
    assert (call["attempts"], call["next"], call["done"]) == (9, None, None) and len(program.asked) == 9
    program.answer = lambda _: Reply()
    assert webhooks.try_again() == 1
    model.Session.commit()
    assert jobs.call() == 1


def test_a_program_that_is_slow_holds_up_nobody_long(partner: dict[str, Any], administrator: dict[str, Any], program: Site, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from ckanext.tzc.harvesters import http

    monkeypatch.setattr(webhooks, "LIMITS", http.Limits(connect=1, read=0.5, answer=1, run=2))

    def late(_asked: Any) -> Reply:
        time.sleep(3)
        return Reply()

    program.answer = late
    happened(partner)
    began = time.monotonic()
    assert jobs.call() == 0 and time.monotonic() - began < 2.5


def test_internal_networks_are_closed(partner: dict[str, Any], administrator: dict[str, Any], program: Site, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program.answer = lambda _: Reply()
    monkeypatch.setitem(tk.config, "tzc.notices.internal_webhooks", False)
    happened(partner)
    assert jobs.call() == 0 and program.asked == []
    assert shown(partner, administrator)[0]["error"] == "internal network"


@pytest.mark.parametrize("url", ["http://ville.example.org/", "https://a:b@ville.example.org/", "", None, ["https://x/"], "https://x/" + "a" * 600])
def test_addresses_that_are_none(partner: dict[str, Any], administrator: dict[str, Any], url: Any) -> None:
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_notices_webhook_update")({"user": administrator["name"]}, {"partner": partner["id"], "url": url})


INNER = ("https://127.0.0.1", "https://localhost/", "https://LOCALHOST.:8443/x", "https://a.localhost/", "https://10.0.0.1", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://127.1/", "https://2130706433/", "https://169.254.169.254/")


@pytest.mark.parametrize("url", INNER)
def test_inner_addresses_are_refused_when_they_are_given(partner: dict[str, Any], administrator: dict[str, Any], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("tzc_notices_webhook_update")({"user": administrator["name"]}, {"partner": partner["id"], "url": url})
    assert "réseau interne" in caught.value.error_dict["url"][0]
    monkeypatch.setitem(tk.config, "tzc.notices.internal_webhooks", True)
    tk.get_action("tzc_notices_webhook_update")({"user": administrator["name"]}, {"partner": partner["id"], "url": url})


@pytest.mark.parametrize(("numbers", "refused"), [(["10.1.2.3"], True), (["10.1.2.3", "1.1.1.1"], False), ([], False)])
def test_a_name_is_looked_up_when_it_is_given(partner: dict[str, Any], administrator: dict[str, Any], monkeypatch: pytest.MonkeyPatch, numbers: list[str], refused: bool) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        if not numbers:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 0)) for number in numbers]

    monkeypatch.setattr(http.socket, "getaddrinfo", look_up)
    with pytest.raises(tk.ValidationError) if refused else contextlib.nullcontext():
        tk.get_action("tzc_notices_webhook_update")({"user": administrator["name"]}, {"partner": partner["id"], "url": "https://outil.example.org/"})


def test_only_who_administers_the_partner(app: Any, partner: dict[str, Any], administrator: dict[str, Any], secret: str) -> None:
    editor, other = factories.User(password=PASSWORD), factories.User(password=PASSWORD)
    tk.get_action("organization_member_create")({"ignore_auth": True, "user": administrator["name"]}, {"id": partner["id"], "username": editor["name"], "role": "editor"})
    for user in (editor["name"], other["name"], ""):
        for action in ("show", "update", "delete"):
            with pytest.raises(tk.NotAuthorized):
                tk.get_action(f"tzc_notices_webhook_{action}")({"user": user}, {"partner": partner["id"], "url": "https://ville.example.org/"})
    assert Person(app, editor["name"]).get(f"/organization/webhook/{partner['name']}").status_code == 403


def test_the_page(app: Any, partner: dict[str, Any], administrator: dict[str, Any]) -> None:
    person = Person(app, administrator["name"])
    person.visit(f"/organization/{partner['name']}")
    assert person.page.xpath(f"//a[@href='/organization/webhook/{partner['name']}']")
    person.visit(f"/organization/webhook/{partner['name']}")
    person.send(url="http://ville.example.org", status=400)
    assert "https://" in person.page.xpath("string(//*[@id='field-url-error'])")
    text = person.send(url="https://ville.example.org/appel")
    [made] = person.page.xpath("//input[@id='secret']/@value")
    assert made.startswith("whsec_") and made in text
    assert made not in person.visit(f"/organization/webhook/{partner['name']}"), "shown once"
    happened(partner)
    assert "request.submitted" in person.visit(f"/organization/webhook/{partner['name']}")
    person.send(button=("delete", "1"), form=1)
    assert model.Session.query(store.Webhook).count() == model.Session.query(store.Call).count() == 0
    assert person.get("/organization/webhook/there-is-none").status_code == 404


def test_a_partner_that_is_purged_takes_its_webhook_along(partner: dict[str, Any], secret: str) -> None:
    happened(partner)
    tk.get_action("organization_purge")({"ignore_auth": True, "user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": partner["id"]})
    assert model.Session.query(store.Call).count() == 0
