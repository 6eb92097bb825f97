"""The same dataset is recognised under another address and from another portal, other editions are not, and nothing is compared with all."""
from __future__ import annotations

import collections
import time
from pathlib import Path

from tzc.harvesting import identity
from tzc.harvesting.identity import Dataset, File, compare

from . import pairs


def test_labelled_pairs_of_the_reference_feeds(reference: Path) -> None:
    """Precision and recall, of finding (by keys) and judging together."""
    made = pairs.made()
    told = {pair: bool(set(identity.keys(pair.one)) & set(identity.keys(pair.other))) and compare(pair.one, pair.other).same for pair in made}
    right = sum(pair.same and said for pair, said in told.items())
    precision, recall = right / max(1, sum(told.values())), right / sum(pair.same for pair in made)
    wrong = collections.Counter((pair.made, "taken for the same" if said else "not recognised") for pair, said in told.items() if said != pair.same)
    labels = collections.Counter((pair.made == "as they stand", pair.same) for pair in made)
    print(f"\n{len(made)} pairs, {sum(pair.same for pair in made)} the same; precision {precision:.3f}, recall {recall:.3f}; wrong: {dict(wrong)}; {dict(labels)}")
    assert sum(pair.made != "as they stand" for pair in made) >= 200 and sum(not pair.same and pair.made != "as they stand" for pair in made) >= 80
    assert precision >= 0.98 and recall >= 0.9


def test_two_changes_at_once_are_seen_through_while_a_trace_is_left(reference: Path) -> None:
    """Pairs that nothing was tuned on: each description changed in two ways. What was renamed and also lost its identifiers cannot be known."""
    found = [pair for pair in pairs.twice() if set(identity.keys(pair.one)) & set(identity.keys(pair.other)) and compare(pair.one, pair.other).same]
    made = pairs.twice()
    precision, recall = sum(pair.same for pair in found) / len(found), sum(pair.same for pair in found) / sum(pair.same for pair in made)
    print(f"\n{len(made)} pairs changed twice, {sum(pair.same for pair in made)} the same; precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.98 and recall >= 0.85


def dataset(key: str, title: str, *urls: str, publisher: str = "Ville d’Aytré", identifiers: tuple[str, ...] = (), **more: frozenset[str]) -> Dataset:
    return Dataset(key, title, identifiers, publisher, tuple(File(url, url.rpartition("/")[2], "CSV") for url in urls), **more)


def test_what_agrees_and_what_contradicts() -> None:
    title, url = "Comptages horaires des vélos", "https://data.example.org/fichiers/velos.csv"
    one = dataset("1", title, url)
    assert compare(one, dataset("2", title, "http://www.data.example.org/fichiers/velos.csv/", publisher="DSI")).reason == "files"
    assert compare(one, dataset("2", f"{title} 2023", url)).same
    assert compare(dataset("1", f"{title} 2022", url), dataset("2", f"{title} 2023", url)).reason == "editions"
    assert compare(dataset("1", title, url, years=frozenset({"2022"})), dataset("2", title, url, years=frozenset({"2023"}))).reason == "editions"
    assert compare(dataset("1", title, url, communes=frozenset({"17300"})), dataset("2", title, url, communes=frozenset({"17028"}))).reason == "places"
    assert compare(one, dataset("2", title, "https://autre.example.org/x", publisher="Département du Nord")).reason == "publishers"
    assert compare(dataset("1", title, publisher="IGN"), dataset("2", title, publisher="Institut géographique national")).reason == "title-publisher"
    assert not compare(dataset("1", "Budget", publisher="Ville"), dataset("2", "Budget", publisher="Ville")).same


def test_what_one_was_derived_from_is_the_other_but_two_of_one_source_are_two() -> None:
    repeated = Dataset("1", "Zones humides du marais", sources=("https://geo.example.org/jeu/zones-humides",))
    own = Dataset("2", "Zones humides", ("https://geo.example.org/jeu/zones-humides",))
    assert set(identity.keys(repeated)) & set(identity.keys(own)) and compare(repeated, own).reason == compare(own, repeated).reason == "identifier"
    assert not compare(repeated, Dataset("3", "Zones humides du littoral", sources=repeated.sources)).same
    assert identity.of_dataset({"id": "1", "title": "Zones humides du marais", "was_derived_from": list(repeated.sources)}) == repeated


def test_a_service_or_a_short_name_is_no_identity() -> None:
    service = "https://geo.example.org/geoserver/ows?service=WMS&request=GetCapabilities"
    one, other = dataset("1", "Zones humides du marais", service, identifiers=("1", "https://geo.example.org/")), dataset("2", "Pistes cyclables du port", service, identifiers=("1", "https://geo.example.org/"))
    assert not set(identity.keys(one)) & set(identity.keys(other)) and not compare(one, other).same
    assert list(identity.identifying("https://data.example.org/")) == [] == list(identity.identifying("dataset-12"))
    same = {"fr-120066022-ldd-56fce164-04b2-41ae-be87-9f256f39dd44", "https://geo.example.org/srv/fre/catalog.search#/metadata/56FCE164-04b2-41ae-be87-9f256f39dd44", "urn:uuid:56fce164-04b2-41ae-be87-9f256f39dd44"}
    assert len({name for stated in same for name in identity.identifying(stated)}) == 1


def test_a_large_catalogue_is_not_compared_with_itself() -> None:
    """Every tenth dataset is there twice, and all share a service, a site and a word of the title."""
    many = [
        dataset(str(number), f"Mesures de la station {number % 18_000}", f"https://data.example.org/fichiers/{number % 18_000}/mesures.csv", "https://data.example.org/notice.pdf", identifiers=("https://data.example.org/",))
        for number in range(20_000)
    ]
    begun = time.process_time()
    pairs_found = list(identity.candidates(many))
    assert len(pairs_found) == 2_000
    assert len(identity.doubles(many)) == 2_000
    assert time.process_time() - begun < 20


def test_of_a_dataset_of_ours() -> None:
    given = {
        "id": "x", "title": "Vélos", "identifier": "air-1", "url": "https://a.org/jeu", "publisher": [{"name": "DSI"}], "communes": ["17300"], "temporal_coverage": [{"start": "2020-05", "end": "2022"}],
        "extras": [{"key": "guid", "value": "urn:1"}, {"key": "other", "value": "no"}], "resources": [{"url": "https://a.org/f.csv", "name": "F", "format": "CSV"}],
    }  # fmt: skip
    read = identity.of_dataset(given)
    assert (read.identifiers, read.publisher, read.years, read.communes) == (("air-1", "https://a.org/jeu", "urn:1"), "DSI", {"2020", "2021", "2022"}, {"17300"})
    assert identity.of_dataset({"organization": {"title": "Ville"}}).publisher == "Ville"


def stored(*files: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"url": url, "name": name, "format": kind} for url, name, kind in files]


def test_a_file_stays_the_same_when_its_address_changes() -> None:
    before = stored(("http://a.org/1.csv", "Un", "CSV"), ("http://a.org/2.csv", "Deux", "CSV"), ("http://a.org/3.json", "Trois", "JSON"))
    now = stored(("https://b.org/x/2", "Deux", "csv"), ("https://www.a.org/1.csv", "Premier", "CSV"), ("https://b.org/x/3", "Le troisième", "JSON"))
    assert identity.matched(before, now) == [(1, "name"), (0, "address"), (2, "place")]
    assert identity.matched(before, now[:1]) == [(1, "name")]
    assert identity.matched(before[:1], now[2:]) == [(None, "new")]
    assert identity.matched([{**before[0], "uri": "r1"}, before[1]], [{**before[1]}, {"url": "https://c.org/", "uri": "r1"}]) == [(1, "address"), (0, "identifier")]


def test_two_files_of_one_name_are_not_exchanged() -> None:
    before = stored(("http://a.org/1", "Données", "CSV"), ("http://a.org/2", "Données", "CSV"), ("http://a.org/3", "Notice", "PDF"))
    now = stored(("http://a.org/2", "Données", "CSV"), ("http://b.org/n", "Notice", "PDF"), ("http://b.org/1", "Données", "CSV"))
    assert identity.matched(before, now) == [(1, "address"), (2, "name"), (0, "name")]
    assert [place for place, _ in identity.matched(before, before)] == [0, 1, 2]
    moved = stored(("http://b.org/2", "Données", "CSV"), ("http://b.org/1", "Données", "CSV"))
    assert identity.matched(before, moved) == [(None, "new"), (None, "new")], "which is which nothing tells"


def test_files_that_share_an_address_are_told_apart_by_their_names() -> None:
    wfs, other = "https://g.org/wfs", "https://www.g.org/wfs/"
    before = stored((wfs, "Zone", "WFS"), (wfs, "Zones", "WFS"), (wfs, "Zones", "GML"), (wfs, "Arbres", "WFS"))
    assert [place for place, _ in identity.matched(before, before)] == [0, 1, 2, 3]
    assert [place for place, _ in identity.matched(before, before[1:])] == [1, 2, 3]
    assert [place for place, _ in identity.matched(before[1:], before)] == [None, 0, 1, 2]
    assert [place for place, _ in identity.matched(before, before[::-1])] == [3, 2, 1, 0]
    assert [place for place, _ in identity.matched(before, stored((other, "arbres", "wfs"), (other, "Zones", "GML"), (other, "Haies", "WFS")))] == [3, 2, 0], "the rest in their order"
    assert identity.matched(before[:1], stored((wfs, "Haies", "WFS"))) == [(0, "address")]
