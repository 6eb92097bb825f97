"""Listings of catalogues: all pages, each record once, and an end."""
from __future__ import annotations

import json
from typing import Any

import pytest
from ckanext.tzc.harvesters import listing
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.listing import MOST_PROBLEMS, IncompleteError, once
from ckanext.tzc.harvesters.partners import ckan_api, csw
from ckanext.tzc.harvesters.record import Item

from tests.sites import Asked, Reply, Site, catalogue, dkan
from tests.sites import csw as service

PACKAGES: list[dict[str, Any]] = [{"id": f"jeu-{number:03}", "title": f"Jeu {number}"} for number in range(230)]


@pytest.fixture
def client() -> Client:
    return Client(allow_internal=True, limits=Limits(tries=2, pause=0.01))


def listed(items: Any) -> list[str]:
    return [item.identifier for item in items]


def test_search_page_by_page(site: Site, client: Client) -> None:
    site.answer = catalogue(PACKAGES)
    assert len(set(listed(ckan_api.items(client, f"{site.address}/dataset")))) == 230
    assert [asked.question["start"] for asked in site.asked] == ["0", "100", "200"]


def test_lists_with_resources(site: Site, client: Client) -> None:
    """A DKAN that puts each list into a list."""

    def answer(asked: Asked) -> Reply:
        if not asked.path.endswith("current_package_list_with_resources"):
            return Reply(status=404)
        start = int(asked.question["offset"])
        return Reply(json.dumps({"success": True, "result": [PACKAGES[start : start + int(asked.question["limit"])]]}).encode())

    site.answer = answer
    assert len(set(listed(ckan_api.items(client, site.address)))) == 230


def test_records_that_are_too_much_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_CHARACTERS", 25)
    pages = ([Item(f"{page}-{number}", "x" * 10) for number in range(2)] for page in range(100))
    found = []
    with pytest.raises(IncompleteError, match="more than 0 MB"):
        for item in once(pages):
            found.append(item.identifier)
    assert found == ["0-0", "0-1", "1-0", "1-1"]


@pytest.mark.parametrize(("new", "came"), [(1, 31), (0, 0)], ids=["records", "empty pages"])
def test_a_listing_that_goes_on_and_on_is_given_up(monkeypatch: pytest.MonkeyPatch, new: int, came: int) -> None:
    monkeypatch.setattr(listing, "MOST_RECORDS", 30)
    pages = ([Item(str(number), "x")] * new for number in range(100))
    found = []
    with pytest.raises(IncompleteError, match="more than 30 records"):
        for item in once(pages):
            found.append(item.identifier)
    assert len(found) == came and next(pages, None) is not None


def test_names_and_then_each(site: Site, client: Client) -> None:
    site.answer = dkan(PACKAGES[:3])
    found = list(ckan_api.items(client, site.address))
    assert [json.loads(item.content)["title"] for item in found] == ["Jeu 0", "Jeu 1", "Jeu 2"]


def test_a_server_that_goes_away_between_names(site: Site, client: Client) -> None:
    whole = dkan(PACKAGES[:20])
    site.answer = lambda asked: Reply(status=500) if asked.question.get("id", "") > "jeu-002" else whole(asked)
    found = []
    with pytest.raises(FetchError):
        for item in ckan_api.items(client, site.address):
            found.append(item)
    assert [bool(item.problem) for item in found] == [False] * 3 + [True] * 4


def test_a_catalogue_that_changes_while_it_is_listed(site: Site, client: Client) -> None:
    whole, less = catalogue(PACKAGES), catalogue(PACKAGES[1:])
    site.answer = lambda asked: whole(asked) if asked.question["start"] == "0" else less(asked)
    with pytest.raises(IncompleteError, match="changed"):
        list(ckan_api.items(client, site.address))


@pytest.mark.parametrize("result", [None, [], {"results": 3, "count": 3}, {"results": []}, {"count": "3", "results": []}])
def test_answers_that_are_no_listing(site: Site, client: Client, result: object) -> None:
    site.answer = lambda asked: Reply(json.dumps({"success": True, "result": result}).encode()) if "search" in asked.path else Reply(status=404)
    with pytest.raises(FetchError, match="No way"):
        list(ckan_api.items(client, site.address))


def record(number: int, kind: str = "dataset") -> str:
    return (
        f'<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"><gmd:fileIdentifier><gco:CharacterString>r{number}</gco:CharacterString></gmd:fileIdentifier>'
        f'<gmd:hierarchyLevel><gmd:MD_ScopeCode codeListValue="{kind}"/></gmd:hierarchyLevel></gmd:MD_Metadata>'
    )


def test_a_service_page_by_page(site: Site, client: Client) -> None:
    site.answer = service([record(0), record(1, "service"), record(2)], 3)
    assert listed(csw.items(client, f"{site.address}/csw?map=a&Request=GetCapabilities")) == ["r0", "r2"]
    assert [asked.question for asked in site.asked] == [{"map": "a"}] * 3
    assert b"SortProperty" in site.asked[0].body


def test_a_service_that_knows_questions_in_its_address_only(site: Site, client: Client) -> None:
    whole = service([record(0), record(1)], 2)
    site.answer = lambda asked: whole(asked) if asked.method == "GET" else Reply(status=405)
    assert listed(csw.items(client, site.address)) == ["r0", "r1"]
    assert [asked.method for asked in site.asked] == ["POST", "POST", "GET", "GET"]
    assert site.asked[-1].question["startPosition"] == "2"


def test_a_service_that_refuses(site: Site, client: Client) -> None:
    refusal = b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows"><ows:Exception><ows:ExceptionText>Ordre inconnu</ows:ExceptionText></ows:Exception></ows:ExceptionReport>'
    site.answer = lambda _: Reply(refusal)
    with pytest.raises(FetchError, match="Ordre inconnu"):
        list(csw.items(client, site.address))


def test_a_service_that_gives_another_form(site: Site, client: Client) -> None:
    site.answer = service(['<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"/>'], 1)
    [item] = csw.items(client, site.address)
    assert "not in ISO 19139" in item.problem


def test_a_service_of_which_pages_are_missing(site: Site, client: Client) -> None:
    site.answer = service([record(0), record(1)], 5)
    with pytest.raises(IncompleteError, match="has 5 records, but gave 2"):
        list(csw.items(client, site.address))


def test_a_record_given_twice_stands_for_no_other(site: Site, client: Client) -> None:
    site.answer = service([record(0), record(1), record(1), record(2)], 4)
    with pytest.raises(IncompleteError):
        list(csw.items(client, site.address))


def test_a_service_that_goes_round_in_circles(site: Site, client: Client) -> None:
    page = service([record(0, "service"), record(1, "service")], 10**6)(Asked("GET", "/", {"startPosition": "1"}, b"", {}))
    site.answer = lambda _: page
    with pytest.raises(IncompleteError, match="paging does not work"):
        list(csw.items(client, site.address))
    assert len(site.asked) == 2


def test_the_same_record_twice_is_one_and_another_with_its_identifier_is_told() -> None:
    pages = [[Item("a", "1"), Item("b", "1"), Item("a", "2")], [Item("b", "1"), Item("c", "1"), Item("c", "1")]]
    assert [(item.identifier, item.content) for item in once(pages) if not item.problem] == [("a", "1"), ("b", "1"), ("c", "1")]
    assert [item.problem for item in once(pages) if item.problem] == ["The identifier a is given to several records that are not the same; the first of them is taken."]


def test_a_listing_of_the_same_identifier_is_given_up() -> None:
    pages = ([Item(f"new {number}", ""), Item("a", str(number))] for number in range(10**6))
    with pytest.raises(IncompleteError, match=f"More than {MOST_PROBLEMS}"):
        list(once(pages))
