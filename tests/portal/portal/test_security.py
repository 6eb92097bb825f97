"""Closed from the first day: cookies, forgery, uploads, downloads, what strangers may ask."""
from __future__ import annotations

import contextvars
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories
from werkzeug.datastructures import FileStorage

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def upload(partner: dict[str, Any], package: str, name: str, content: bytes) -> dict[str, Any]:
    made: dict[str, Any] = tk.get_action("resource_create")(
        {"user": partner["editor"]}, {"package_id": package, "url": name, "name": name, "upload": FileStorage(io.BytesIO(content), filename=name)}
    )
    return made


def test_every_answer_carries_the_headers(app: Any) -> None:
    headers = app.get("/", status=200).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"]


def test_pages_of_other_sites_read_what_a_stranger_reads(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    origin, allowed = {"Origin": "https://elsewhere.example"}, "Access-Control-Allow-Origin"
    hidden = publish(access_level="confidential")
    open_to_all = ["/api/3/action/status_show", "/en/api/3/action/package_list", f"/api/3/action/package_show?id={hidden['name']}", "/feeds/dataset.atom", "/tzc/communes.geojson", "/catalog.ttl"]
    for address in open_to_all:
        answer = app.get(address, headers=origin, status=None)
        assert answer.headers[allowed] == "*", address
        assert "Access-Control-Allow-Credentials" not in answer.headers
    token = factories.APIToken(user=partner["editor"])["token"]
    for known in ({"Cookie": "ckan=x"}, {"Authorization": token}, {"X-CKAN-API-Key": token}):
        # the tests' own client leaves a cookie out that it was not given by the portal
        answer = app.flask_app.test_client(use_cookies=False).get("/api/3/action/status_show", headers={**origin, **known})
        assert allowed not in answer.headers, known
        assert {"Cookie", "Authorization"} <= set(answer.headers["Vary"].split(", "))
    assert allowed not in app.post("/api/3/action/package_create", json={}, headers=origin, status=None).headers
    for page in ("/", "/dataset/", "/user/login"):
        assert allowed not in app.get(page, headers=origin, status=200).headers, page


def test_pages_take_scripts_from_here_only(app: Any) -> None:
    for address in ("/", "/dataset/", "/user/login", "/nowhere"):
        policy = dict(part.split(" ", 1) for part in app.get(address).headers["Content-Security-Policy"].split("; "))
        assert policy["script-src"] == policy["style-src"] == policy["default-src"] == "'self'", address
        assert policy["object-src"] == policy["base-uri"] == "'none'"


def test_the_map_s_pictures_may_come_from_their_host_alone() -> None:
    from ckanext.tzc.portal.headers import policy

    assert "img-src 'self' data: https://*.tiles.example.org;" in policy(True, "https://{s}.tiles.example.org/{z}/{x}/{y}.png")


def test_a_file_is_saved_never_shown(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    made = publish()
    resource = upload(partner, made["id"], "a.csv", b"a,b\n1,2\n")
    for kind in ("dataset", "harvest"):
        answer = app.get(f"/{kind}/{made['id']}/resource/{resource['id']}/download/a.csv", status=200)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("page.csv", b"<!DOCTYPE html><html><script>alert(1)</script></html>", "text/html"),
        ("tool.exe", b"MZ\x90\x00" + b"\x00" * 200, "exe"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "svg"),
        ("empty.csv", b"", "vide"),
        ("run.csv", Path(sys.executable).read_bytes()[:8192], "application/x-"),
    ],
)
def test_dangerous_files_are_refused_in_words(publish: Publish, partner: dict[str, Any], name: str, content: bytes, word: str) -> None:
    made = publish()
    with pytest.raises(tk.ValidationError) as caught:
        upload(partner, made["id"], name, content)
    assert word in caught.value.error_dict["upload"][0]
    assert tk.get_action("package_show")({"user": ""}, {"id": made["id"]})["resources"] == []


def test_size_is_counted_in_bytes_received(publish: Publish, partner: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The length that a part of the form states about itself is not believed."""
    monkeypatch.setitem(tk.config, "ckan.max_resource_size", 1)
    made = publish()
    big = FileStorage(io.BytesIO(b"a,b\n" + b"1,2\n" * 300_000), filename="big.csv", headers={"Content-Length": "3"})
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("resource_create")({"user": partner["editor"]}, {"package_id": made["id"], "url": "big.csv", "upload": big})
    assert "1 Mo" in caught.value.error_dict["upload"][0]


def test_settings_that_close_leaks() -> None:
    closed = {
        "ckan.datastore.sqlsearch.enabled": False, "ckan.auth.create_user_via_web": False, "ckan.auth.create_user_via_api": False, "ckan.auth.public_user_details": False,
        "ckan.auth.public_activity_stream_detail": False, "ckan.auth.anon_create_dataset": False, "WTF_CSRF_ENABLED": True, "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax", "ckan.gravatar_default": "disabled",
    }  # fmt: skip
    assert {key: tk.config[key] for key in closed} == closed


def test_the_datastore_lists_its_tables_to_nobody() -> None:
    with pytest.raises(tk.ObjectNotFound):
        tk.get_action("datastore_search")({"user": "", "model": model}, {"resource_id": "_table_metadata"})
    with pytest.raises(KeyError):
        tk.get_action("datastore_search_sql")


def test_accounts_are_listed_to_administrators_and_found_by_who_adds_members(partner: dict[str, Any]) -> None:
    anybody, manager = factories.User(), factories.User()
    factories.Organization(users=[{"name": manager["name"], "capacity": "admin"}])
    for user in ("", anybody["name"], partner["editor"], manager["name"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("user_list")({"user": user}, {})
    for user in ("", anybody["name"], partner["editor"]):
        with pytest.raises(tk.NotAuthorized):
            tk.get_action("user_autocomplete")({"user": user}, {"q": anybody["name"]})
    assert [found["name"] for found in tk.get_action("user_autocomplete")({"user": manager["name"]}, {"q": anybody["name"]})] == [anybody["name"]]
    assert anybody["name"] in {user["name"] for user in tk.get_action("user_list")({"user": factories.Sysadmin()["name"]}, {})}


def test_cookies_are_secure_on_an_https_site() -> None:
    """Read from the configuration that `./portal` writes."""
    import dataclasses

    from tzc_stack import configuration
    from tzc_stack.paths import here
    from tzc_stack.settings import Settings

    secret = dict.fromkeys(("flask", "token", "valkey", "control", "postgres_postgres", "postgres_tzc", "postgres_tzc_reader", "identity", "signing"), "x")
    ports = dict.fromkeys(("web", "postgres", "valkey", "solr", "control"), 1)
    for address, secure in (("https://data.example.org", "true"), ("http://localhost:5000", "false")):
        text = configuration.render(dataclasses.replace(here()), Settings(given={"TZC_SITE_URL": address}, secret=secret, ports=ports))
        assert f"SESSION_COOKIE_SECURE = {secure}" in text
        assert f"REMEMBER_COOKIE_SECURE = {secure}" in text


@pytest.mark.parametrize("address", ["/dataset/zzz/resource/new", "/dataset/%00", "/organization/%00", "/dataset/?q=%00", "/group/mobilite%00"])
def test_what_is_not_there_is_not_found(app: Any, address: str) -> None:
    """CKAN fails on these."""
    answer = app.get(address, status=None)
    assert answer.status_code in {403, 404} or "/user/login" in answer.request.path


@pytest.mark.parametrize("action", ["package_create", "package_search", "status_show"])
def test_half_a_character_is_refused_in_words(app: Any, partner: dict[str, Any], action: str) -> None:
    headers = {"Authorization": factories.APIToken(user=partner["editor"])["token"], "Content-Type": "application/json"}
    for body in (r'{"title": "a\ud800", "q": "x"}', r'{"\uDFFF": ["x"]}'):
        answer = contextvars.Context().run(app.post, f"/api/3/action/{action}", data=body, headers=headers)
        assert answer.status_code == 400 and answer.json["error"]["message"]
    whole = contextvars.Context().run(app.post, "/api/3/action/package_search", data=r'{"q": "\ud83d\ude0a"}', headers=headers)
    assert whole.status_code == 200
