"""Feeds answered before CKAN's views: the same answers, and the views' where something is not plain."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckanext.tzc.publishing import answers, direct, views

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the views were asked for."""
    heard: list[str] = []
    original = views._feed
    monkeypatch.setattr(views, "_feed", lambda choice, extension: heard.append(tk.request.full_path) or original(choice, extension))
    return heard


@pytest.fixture
def settled(app: Any, publish: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Three datasets, whose fragments are made, two seconds ago."""
    monkeypatch.setattr(answers, "_past", bool)
    made = [publish(), publish(hvd_category=["http://data.europa.eu/bna/c_b79e35eb"]), publish(communes=["17300"])]
    app.get("/catalog.ttl?modified_since=2020", status=None)
    app.get("/catalog.ttl?modified_since=2020-01-01", status=200)
    return made


OF_CKAN = {"Date", "Cache-Control", "Vary"}
"""What CKAN adds to: `max-age=0` to `no-cache`, and cookies, which no feed depends on."""


def told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    assert answer.headers["Cache-Control"].startswith("public, no-cache") and answer.headers["Vary"].startswith("Accept, Accept-Encoding")
    return answer.status_code, answer.data, sorted((name, value) for name, value in answer.headers if name not in OF_CKAN)


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "zstd"}, {"Accept": "text/html"}])
@pytest.mark.parametrize("address", ["/catalog.ttl", "/catalog.rdf", "/catalog.jsonld?page=1", "/catalog.n3", "/catalog/hvd.nt", "/catalog/national.xml?after=1"])
def test_the_answer_is_the_views(app: Any, settled: list[dict[str, Any]], asked: list[str], address: str, headers: dict[str, str]) -> None:
    at_once = told(app.get(address, headers=headers, status=200))
    assert asked == []
    assert told(app.get(f"{address}{'&' if '?' in address else '?'}profiles=tzc_dcat_ap", headers=headers, status=200)) == at_once
    assert len(asked) == 1


def test_head_and_what_is_known_already(app: Any, settled: list[dict[str, Any]], asked: list[str]) -> None:
    whole = app.get("/catalog.ttl", status=200)
    known = app.get("/catalog.ttl", headers={"If-None-Match": whole.headers["ETag"]}, status=304)
    assert known.data == b""
    head = app.test_client().head("/catalog.ttl")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(whole.data)))
    assert asked == []


def test_what_waits_is_dealt_with_first(app: Any, settled: list[dict[str, Any]], asked: list[str], partner: dict[str, Any]) -> None:
    name = settled[0]["name"]
    assert f"/dataset/{settled[0]['id']}" in app.get("/catalog.ttl", status=200).body
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": name, "access_level": "confidential"})
    body = app.get("/catalog.ttl", status=200).body
    assert len(asked) == 1
    assert settled[0]["id"] not in body and settled[1]["id"] in body


@pytest.mark.parametrize(("address", "status"), [("/catalog.ttl?page=9", 404), ("/catalog.foo", 404), ("/catalog.ttl?page=0", 400), ("/catalog.ttl?page=1&page=2", 400)])
def test_what_is_not_plain_is_left_to_the_views(app: Any, settled: list[dict[str, Any]], asked: list[str], address: str, status: int) -> None:
    assert app.get(address, status=None).status_code == status
    assert len(asked) == 1


def test_a_failing_database_is_told_by_the_view(app: Any, settled: list[dict[str, Any]], asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise direct.sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(direct, "_page", failing)
    assert app.get("/catalog.ttl", status=200).body
    assert len(asked) == 1
