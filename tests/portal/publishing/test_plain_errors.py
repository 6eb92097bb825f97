"""Whoever asked for RDF gets no page when something is wrong, whichever part of the portal says so."""
from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

NUL = [
    "/catalog.ttl?x=%00", "/catalog.ttl?page=%00", "/catalog/national.xml?x=%00", "/catalog/hvd.nt?modified_since=%00", "/catalog/all.nt?x=%00", "/catalog/partner/%00.ttl", "/catalog/partner/a%00b",
    "/catalog/axis/%00.rdf", "/dataset/%00.jsonld", "/dataset/x%00.n3", "/vocabulary.ttl?x=%00", "/sparql?query=%00", "/catalog%00.ttl", "/catalog/hvd.t%00tl", "/catalog?x=%00", "/catalog.ttl?profiles=%00",
]  # fmt: skip
NOWHERE = ["/catalog/nothing.ttl", "/catalog/nothing", "/catalog/axis/mobilite/x.rdf", "/dataset/a/b.ttl", "/dataset/nothing.ttl", "/vocabulary/x"]


@pytest.mark.parametrize("address", NUL)
@pytest.mark.parametrize("accept", ["*/*", "text/turtle"])
def test_a_character_that_no_text_has_is_named_in_a_line(app: Any, address: str, accept: str) -> None:
    answer = app.get(address, headers={"Accept": accept}, status=None)
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "NUL" in answer.body and len(answer.body) < 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_that_is_none_is_told_of_in_a_line(app: Any, address: str) -> None:
    answer = app.get(address, status=None)
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "<" not in answer.body


def test_another_way_of_asking_is_refused_in_a_line(app: Any) -> None:
    answer = app.post("/catalog.ttl", status=None)
    assert (answer.status_code, answer.mimetype) == (405, "text/plain")


def test_a_reader_gets_a_page(app: Any) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for address in ("/catalog/nothing", "/dataset/nothing", "/dataset/a%00", "/catalogue", "/sparql?query=%00"):
        answer = app.get(address, headers=browser, status=None)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), address
    assert app.get("/dataset/nothing", headers={"Accept": "text/turtle"}, status=None).mimetype == "text/plain"
