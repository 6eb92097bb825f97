"""What every kind of source does the same, whatever its catalogue speaks: one suite over all harvesters.

A `Speaker` is a catalogue that speaks one way: it says of datasets (an identifier and a title; none is a bad one) what its server would.
"""
from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Source, Taking
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.record import Item, Record, RecordError, Resource
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.harvesters.speakers import SPEAKERS, Datasets, Speaker
from tests.sites import Asked, Reply, Site

TITLES: Datasets = [(f"jeu-{number:02}", f"Qualité de l’été {number}") for number in range(6)]


@pytest.fixture(params=SPEAKERS, ids=lambda speaker: speaker.name)
def speaker(request: pytest.FixtureRequest) -> Speaker:
    """Each way that catalogues speak."""
    found: Speaker = request.param
    return found


def take(speaker: Speaker, site: Site, **settings: object) -> Taking:
    """The catalogue as it is now."""
    source = Source(site.address + speaker.path, {**speaker.settings, **settings})
    client = Client(allow_internal=True, limits=Limits(tries=2, pause=0.01, answer=5), headers=speaker.harvester.headers(source))
    return base.taken(speaker.harvester, client, source)


def titles(found: Taking) -> list[str]:
    return sorted(record.title for record in found.records.values())


def told(found: Taking) -> str:
    """The reason that a report would give: named, and no error of Python's."""
    assert found.problems and all(len(problem) > 20 for problem in found.problems)
    assert not [problem for problem in found.problems if "Traceback" in problem or "object at 0x" in problem]
    return " ".join(found.problems)


def test_a_whole_listing(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, TITLES)
    found = take(speaker, site)
    assert (titles(found), found.refused, found.problems, found.whole) == ([title for _, title in TITLES], {}, [], True)
    for identifier, record in found.records.items():
        assert record.identifier == identifier
        assert [resource.url for resource in record.resources] and record.licence == "lov2"


@pytest.mark.parametrize(("secret", "said"), [({"user": "moi", "password": "mot:é€"}, "Basic bW9pOm1vdDrDqeKCrA=="), ({"token": "jeton"}, "{}jeton"), ({"header": "X-Key", "value": "clef"}, None)])
def test_what_the_server_asks_for_is_told_with_each_question(speaker: Speaker, site: Site, secret: dict[str, str], said: str | None) -> None:
    site.answer = speaker.says(site, TITLES)
    source = Source(site.address + speaker.path, speaker.settings, secret=secret)
    client = Client(allow_internal=True, limits=Limits(tries=1, answer=5), headers=speaker.harvester.headers(source), home=source.address)
    assert base.taken(speaker.harvester, client, source).problems == []
    told = {asked.headers.get("Authorization" if "header" not in secret else "X-Key") for asked in site.asked}
    assert told == {said.format(speaker.harvester.auth_scheme) if said else "clef"}
    assert "jeton" not in repr(source) and "mot:" not in repr(source)


def test_an_empty_listing(speaker: Speaker, site: Site) -> None:
    """It is whole, and yet nothing that was there before is believed to be gone."""
    site.answer = speaker.says(site, [])
    found = take(speaker, site)
    assert (found.records, found.problems, found.whole) == ({}, [], True)
    assert base.departures({"a"}, set(found.records), whole=found.whole).gone == frozenset()


def test_a_listing_that_is_cut_off(speaker: Speaker, site: Site) -> None:
    whole = speaker.says(site, TITLES)
    site.answer = lambda asked: Reply((body := whole(asked).body)[: len(body) * 2 // 3], headers=whole(asked).headers)
    found = take(speaker, site)
    told(found)
    assert not found.whole
    assert base.departures({name for name, _ in TITLES}, set(found.records), whole=found.whole) == base.Departures()


def test_a_connection_that_is_cut_off(speaker: Speaker, site: Site) -> None:
    whole = speaker.says(site, TITLES)

    def half(asked: Asked) -> Reply:
        body = whole(asked).body
        return Reply(body[: len(body) // 2], headers={"Content-Length": str(len(body))})

    site.answer = half
    found = take(speaker, site)
    assert told(found) and not found.whole and not found.records


def test_a_packed_answer_that_is_cut_off(speaker: Speaker, site: Site) -> None:
    """Cut between two rows it would be a whole one, with less in it."""
    whole, share = speaker.says(site, TITLES), 1.0

    def packed(asked: Asked) -> Reply:
        reply = whole(asked)
        body = gzip.compress(reply.body)
        return Reply(body[: int(len(body) * share)], reply.status, {"Content-Type": reply.headers.get("Content-Type", ""), "Content-Encoding": "gzip"})

    site.answer = packed
    assert titles(take(speaker, site)) == [title for _, title in TITLES]
    share = 0.5
    found = take(speaker, site)
    assert "ends in the middle" in told(found) and not found.whole and not found.records
    assert base.departures({name for name, _ in TITLES}, set(found.records), whole=found.whole) == base.Departures()


def test_a_page_that_fails(speaker: Speaker, site: Site) -> None:
    """What came before it is taken, and nothing is gone."""
    if not speaker.paged:
        pytest.skip("speaks in one answer")
    whole = speaker.says(site, TITLES)
    site.answer = lambda asked: Reply(b"Gone wrong", 500) if len(site.asked) > 1 else whole(asked)
    found = take(speaker, site)
    assert "500" in told(found) and not found.whole
    assert 0 < len(found.records) < len(TITLES)


def test_paging_without_end(speaker: Speaker, site: Site) -> None:
    if not speaker.paged:
        pytest.skip("speaks in one answer")
    site.answer = speaker.endless(site, TITLES)
    found = take(speaker, site)
    assert told(found) and not found.whole
    assert len(site.asked) < 10


def test_a_page_for_readers_with_status_200(speaker: Speaker, site: Site) -> None:
    site.answer = lambda _: Reply(b"<!DOCTYPE html><html><title>Maintenance</title></html>", headers={"Content-Type": "text/html"})
    found = take(speaker, site)
    assert ("page" in told(found) or "DOCTYPE" in told(found)) and not found.whole and not found.records


def test_nothing_with_status_200(speaker: Speaker, site: Site) -> None:
    site.answer = lambda _: Reply(b"")
    found = take(speaker, site)
    assert told(found) and not found.whole and not found.records


def test_identifiers_that_are_given_twice(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, [*TITLES[:3], TITLES[0], *TITLES[3:]])
    assert titles(take(speaker, site)) == [title for _, title in TITLES]


def test_one_bad_dataset_fails_alone(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, [*TITLES[:3], ("mauvais", ""), *TITLES[3:]])
    found = take(speaker, site)
    assert titles(found) == [title for _, title in TITLES]
    assert found.problems == [] and found.whole
    [reason] = found.refused.values()
    assert reason.startswith("The record has no title")


def test_the_same_answers_twice(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, TITLES)
    first, second = take(speaker, site), take(speaker, site)
    assert {name: base.fingerprint(record) for name, record in first.records.items()} == {name: base.fingerprint(record) for name, record in second.records.items()}


def test_another_title_is_a_change(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, TITLES)
    before = take(speaker, site).records
    site.answer = speaker.says(site, [(TITLES[0][0], "Été"), *TITLES[1:]])
    after = take(speaker, site).records
    changed = [name for name in before if base.change(base.fingerprint(before[name]), base.fingerprint(after[name]), there=True) == "changed"]
    assert [before[name].title for name in changed] == [TITLES[0][1]]


def test_text_in_the_wrong_charset(speaker: Speaker, site: Site) -> None:
    """It is refused by name or read as it was meant; never is something else written."""
    if not speaker.text:
        pytest.skip("says its own charset")
    whole = speaker.says(site, [("un", "Été")])
    site.answer = lambda asked: Reply(whole(asked).body.decode().encode("cp1252", "xmlcharrefreplace"), headers=whole(asked).headers)
    found = take(speaker, site)
    assert {record.title for record in found.records.values()} <= {"Été"}
    assert found.records or told(found)


def test_the_internal_network_is_closed(speaker: Speaker, site: Site) -> None:
    site.answer = speaker.says(site, TITLES)
    found = base.taken(speaker.harvester, Client(limits=Limits(tries=1)), Source(site.address + speaker.path, speaker.settings))
    assert "internal network" in told(found) and site.asked == []


@pytest.mark.parametrize("content", ["", "{", "<a", "\x00", "[1]", "null", "{}", '"x"', "<a/>", "<http://a> <http://b> <http://c> ."])
def test_any_content_is_read_or_refused_by_name(speaker: Speaker, content: str) -> None:
    with pytest.raises(RecordError, match=r".{10}"):
        base.record_of(speaker.harvester, content, Source("https://data.example.org/", speaker.settings))


def test_a_record_has_an_address(speaker: Speaker) -> None:
    assert speaker.harvester.record_address(Source("https://data.example.org/x", speaker.settings), "jeu 1").startswith("https://data.example.org/")


# the steps that are the same for all


class Named(base.Harvester):
    """A kind whose listing names records only, each of which is asked for; those in capitals cannot be had."""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        return (Item(name) for name in source.address)

    def fetch(self, client: Client, source: Source, item: Item) -> Item:
        if item.identifier.isupper():
            raise FetchError("The server is away.", "timeout")
        return Item(item.identifier, item.identifier)

    def parse(self, content: str, source: Source) -> Record:
        return Record(content, content)

    def record_address(self, source: Source, identifier: str) -> str:
        return identifier


def test_what_cannot_be_had_by_itself_is_told_and_many_in_a_row_end_the_listing() -> None:
    found = base.taken(Named(), Client(), Source("aBCcDEFGd"))
    assert ("".join(found.records), found.whole) == ("acd", False), "what was not had may be there still"
    assert found.problems == [f"{name}: The server is away." for name in "BCDEFG"]
    found = base.taken(Named(), Client(), Source("aBCDEFg"))
    assert ("".join(found.records), found.whole) == ("a", False)
    assert found.problems == [*(f"{name}: The server is away." for name in "BCDE"), "The server is away."]


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)), st.booleans(), st.booleans())
def test_what_is_gone(known: set[str], present: set[str], whole: bool, accept: bool) -> None:
    missing = base.departures(known, present, whole=whole, accept=accept)
    assert missing.gone | missing.doubted == (known - present if whole else set())
    assert not (missing.gone and missing.doubted)
    assert not missing.gone or whole
    assert not missing.doubted or not accept


@pytest.mark.parametrize(("known", "left", "gone"), [(12, 11, True), (12, 8, True), (12, 7, False), (100, 90, True), (100, 89, False), (1, 0, False)])
def test_how_much_is_believed(known: int, left: int, gone: bool) -> None:
    before = {str(number) for number in range(known)}
    assert bool(base.departures(before, {str(number) for number in range(left)}, whole=True).gone) is gone


def test_what_became_of_a_record() -> None:
    assert [base.change(None, "a", there=False), base.change("a", "a", there=False), base.change("a", "b", there=True), base.change(None, "a", there=True), base.change("a", "a", there=True)] == [
        "new", "new", "changed", "changed", "unchanged",
    ]  # fmt: skip


def test_normalising_again_changes_nothing() -> None:
    files = tuple(Resource(f"https://example.org/{number % 1200}", str(number)) for number in range(2400))
    record = base.normalise(Record("a", "t" * 600, description="d" * 200_000, resources=files, keywords=("Vélo", "vélo", "air")))
    assert (len(record.title), len(record.description), len(record.resources), record.keywords) == (500, 100_000, 1000, ("Vélo", "air"))
    assert record.resources[0].name == "0"
    assert base.normalise(record) == record
    for bad in (Record("", "t"), Record("a", " ")):
        with pytest.raises(RecordError):
            base.normalise(bad)
