"""What only a running portal shows: forgery, cookies of a session, and that strangers get no data of restricted datasets."""
from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest


def status(request: urllib.request.Request | str) -> int:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def call(portal: Any, action: str, **arguments: Any) -> dict[str, Any]:
    with urllib.request.urlopen(f"{portal.url}/api/3/action/{action}?{urllib.parse.urlencode(arguments)}", timeout=60) as answer:
        result: dict[str, Any] = json.load(answer)["result"]
    return result


def test_a_form_without_its_token_is_refused(portal: Any) -> None:
    data = urllib.parse.urlencode({"login": portal.partner[0], "password": portal.partner[1]}).encode()
    assert status(urllib.request.Request(f"{portal.url}/user/login", data=data)) in {400, 403}


def test_a_stranger_s_visit_opens_no_form(portal: Any) -> None:
    """CKAN alone exempts a form from the check, for everybody, once a stranger has seen it."""
    status(f"{portal.url}/user/login")
    status(f"{portal.url}/user/reset")
    for form in ("login", "reset"):
        assert status(urllib.request.Request(f"{portal.url}/user/{form}", data=b"user=x")) == 400


def test_programs_need_no_form_token(portal: Any) -> None:
    request = urllib.request.Request(f"{portal.url}/api/3/action/package_search", data=b'{"rows": 1}', headers={"Content-Type": "application/json"})
    assert status(request) == 200


def test_the_session_cookie_is_for_the_server_alone(portal: Any) -> None:
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"{portal.url}/user/login", timeout=60).read()
    cookies = {cookie.name: cookie for cookie in jar}
    assert "tzc" in cookies
    assert cookies["tzc"].has_nonstandard_attr("HttpOnly")
    assert cookies["tzc"].get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("level", ["registered", "restricted"])
def test_strangers_get_no_data_that_is_not_open(portal: Any, level: str) -> None:
    found = call(portal, "package_search", fq=f"access_level:{level}", rows=20)
    assert found["count"] > 0
    for package in found["results"]:
        assert status(f"{portal.url}/dataset/{package['name']}") == 200
        for resource in package["resources"]:
            assert status(f"{portal.url}/dataset/{package['id']}/resource/{resource['id']}/download/x") in {401, 403}
            assert status(f"{portal.url}/harvest/{package['id']}/resource/{resource['id']}/download/x") in {401, 403}
            assert status(f"{portal.url}/api/3/action/datastore_search?resource_id={resource['id']}") in {403, 404}
            assert status(f"{portal.url}/datastore/dump/{resource['id']}") in {401, 403, 404}


def test_confidential_datasets_are_seen_by_nobody_else(portal: Any) -> None:
    assert call(portal, "package_search", fq="access_level:confidential")["count"] == 0


def test_the_demonstration_is_loaded_whole(portal: Any) -> None:
    everything = call(portal, "package_search", rows=200)
    shown = [package for package in everything["results"] if package.get("demonstration")]
    assert len(shown) >= 40
    assert len({package["organization"]["name"] for package in shown}) >= 8
    assert {axis for package in shown for axis in package["axis"]} == {group["name"] for package in shown for group in package["groups"]}
    assert len({axis for package in shown for axis in package["axis"]}) == 7
