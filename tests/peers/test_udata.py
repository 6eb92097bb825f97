"""What we say data.gouv.fr makes of a feed is what its own program makes of it; and what that program says of its datasets we read."""
from __future__ import annotations

import functools
import hashlib
import json
import random
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.base import Source
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.partners import udata as harvester
from ckanext.tzc.harvesters.record import Agent, Box, Period
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize
from tzc.publishing import mapping
from tzc.publishing.intake import graph, national
from tzc.publishing.terms import NAMES, TYPE, Term

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "config" / "locks" / "udata.txt"
NOW = datetime.now(timezone.utc)
PATIENCE = 400
"""Seconds for the environment to be made."""
MUTANTS = 200

SYNTAXES = {"xml": ("xml", RdfFormat.RDF_XML), "jsonld": ("json-ld", RdfFormat.JSON_LD), "nt": ("nt", RdfFormat.N_TRIPLES)}


@pytest.fixture(scope="session")
def udata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has udata, made once of its lock file; it stays beside the portal's software as long as that."""
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        pytest.skip("udata needs Python 3.11 to 3.13")
    folder = Path(sys.prefix) / "peers" / f"udata-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        for other in folder.parent.glob("udata-*"):
            shutil.rmtree(other, ignore_errors=True)
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--no-compile", "--requirement", str(LOCK)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"udata could not be installed within {PATIENCE} s")
        if done.returncode:
            pytest.skip(f"udata could not be installed: {done.stderr[-300:]}")
        ready.touch()
    return python


def asked(python: Path, rules: national.Rules, feeds: Iterable[Path]) -> list[list[dict[str, Any]]]:
    """What udata makes of feeds."""
    licences = [{"id": one.id, "title": one.title, "url": one.url, "titles": one.titles, "urls": one.urls} for one in rules.licences]
    question = {"licences": licences, "feeds": [{"path": str(feed), "format": SYNTAXES[feed.suffix[1:]][0]} for feed in feeds]}
    done = subprocess.run([str(python), str(Path(__file__).with_name("udata_peer.py"))], input=json.dumps(question), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return answer


@functools.lru_cache(maxsize=1)
def rules() -> national.Rules:
    return national.rules(_vocabulary("national-licence")["entries"], _vocabulary("top-level-domain")["names"])


def _vocabulary(name: str) -> Any:
    return yaml.safe_load((ROOT / "schemas" / "vocabularies" / f"{name}.yaml").read_text(encoding="utf-8"))


def said(feed: Path) -> list[dict[str, Any]]:
    """What we say of a feed, as the peer tells it."""
    page = graph.read(feed.read_bytes(), SYNTAXES[feed.suffix[1:]][1])
    return [{"identifier": verdict.identifier or None, "refused": verdict.status == "refused", **verdict.stored} for verdict in national.judge(page, rules(), NOW)]


def compared(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """What differs, field by field."""
    expected = {name: value for name, value in theirs.items() if name not in {"status", "errors"}}
    expected["refused"] = theirs["status"] != "done"
    for mine, its in zip(ours.get("files", []), expected.get("files", []), strict=False):
        if mine["title"] is None:
            # a name that it makes up, in words of its own
            mine["title"] = its["title"]
    keys = sorted({*ours, *expected})
    return {key: (ours.get(key), expected.get(key), theirs["errors"]) for key in keys if ours.get(key) != expected.get(key)}


def differences(python: Path, feeds: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for feed, theirs in zip(feeds, asked(python, rules(), feeds), strict=True):
        ours = said(feed)
        if len(ours) != len(theirs):
            found[feed.name] = f"{len(ours)} datasets, udata has {len(theirs)}"
            continue
        for number, (mine, its) in enumerate(zip(ours, theirs, strict=True)):
            if different := compared(mine, its):
                found[f"{feed.name} {number}"] = different
    return found


def test_our_word_on_every_reference_feed_is_udatas(udata: Path, reference: Path) -> None:
    feeds = sorted((reference / "feeds").glob("dcat-*"))
    assert len(feeds) >= 7
    assert differences(udata, feeds) == {}


# what it says of its own datasets, harvested by us


@pytest.fixture(scope="module")
def portal_of_udata(udata: Path) -> Iterator[dict[str, Any]]:
    """Its address, and what it can say of how often a dataset changes."""
    with subprocess.Popen([str(udata), str(Path(__file__).with_name("udata_portal.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin and running.stdout
        yield json.loads(running.stdout.readline())
        running.stdin.close()


def test_our_harvest_of_its_portal(portal_of_udata: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """An organization's datasets, page by page; what is private, archived or deleted, or a person's, is not among them."""
    monkeypatch.setattr(harvester, "ROWS", 4)
    site = portal_of_udata["address"]
    found = base.taken(harvester.Udata(), Client(allow_internal=True, limits=Limits(tries=1)), Source(f"{site}/fr/organizations/ville-daytre/"))
    assert (found.problems, found.refused, found.whole) == ([], {}, True)
    records = {record.title: record for record in found.records.values()}
    assert sorted(records) == ["Plaintes", "Qualité de l’air", "Station 0", "Station 1", "Station 2", "Zones calmes"]
    air, calm = records["Qualité de l’air"], records["Zones calmes"]
    assert (air.description, air.licence, air.keywords, air.address) == ("Mesures **horaires**.\n\n- ozone", "lov2", ("air", "qualite-de-lair"), "https://www.example.org/datasets/qualite-de-lair")
    assert (air.publisher, air.contact) == (Agent("Ville d’Aytré", "", "https://www.example.org/organizations/ville-daytre"), Agent("Service de l’air", "air@example.org"))
    assert (air.issued, air.modified, air.frequency.rpartition("/")[2]) == ("2025-03-04T05:06:07+00:00", "2025-03-05T05:06:07+00:00", "CONT")
    assert (air.periods, air.communes) == ((Period("2020-01-01", "2024-12-31"),), ("17028",))
    assert air.other_identifiers == ("jeu-air-0017", "https://air.example.org/jeux/air", "https://air.example.org/id/air", "10.5281/zenodo.123", f"{site}/api/1/datasets/qualite-de-lair/")
    assert [(file.url, file.name, file.format, file.size) for file in air.resources] == [
        ("https://air.example.org/air.csv", "Mesures", "CSV", 2048), ("https://air.example.org/notice.pdf", "Notice", "PDF", None),
    ]  # fmt: skip
    assert (air.documentation, air.conforms_to) == (("https://air.example.org/notice.pdf",), ("https://schemas.example.org/air.json",))
    assert (calm.box, calm.licence, calm.issued[:4]) == (Box(-1.2, 46.1, -1.1, 46.2), "notspecified", str(datetime.now(timezone.utc).year))
    assert {title: record.access for title, record in records.items() if record.access != "open"} == {"Plaintes": "restricted"}


def test_all_that_it_says_of_how_often_is_understood(portal_of_udata: dict[str, Any]) -> None:
    codes = portal_of_udata["frequencies"]
    assert len(codes) > 20 and [code for code in codes if not harvester._frequency(code)] == []


# our own feed's datasets, and what may be wrong with one

FIELDS: dict[str, Any] = {
    "documentation": ["https://exemple.fr/doc"], "conforms_to": ["https://schema.data.gouv.fr/schemas/etalab/schema-irve/latest/schema.json"], "hvd_category": [next(iter(national.HIGH_VALUE))],
    "identifier": "10.5281/zenodo.1", "issued": "2024-01-02", "modified": "2024-05-06T10:00:00", "version": "1",
    "spatial_coverage": [{"text": "Le port", "bbox": json.dumps({"type": "Polygon", "coordinates": [[[0, 1], [2, 1], [2, 3], [0, 1]]]})}],
}  # fmt: skip
FILE: dict[str, Any] = {"size": "120", "mimetype": "text/csv", "conforms_to": ["https://exemple.fr/schema.json"], "datastore_active": True}
WORLD = mapping.World(
    base="https://donnees.exemple.fr", language="fr", communes={"17300": "La Rochelle"},
    licences={
        "lov2": mapping.Licence("https://www.etalab.gouv.fr/licence-ouverte-open-licence", permissions=("odrl:use",)),
        "odbl": mapping.Licence("http://opendatacommons.org/licenses/odbl/1-0/", eu="http://publications.europa.eu/resource/authority/licence/ODC_BL"),
    },
    levels={"open": "http://publications.europa.eu/resource/authority/access-right/PUBLIC", "restricted": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"},
    formats={"csv": mapping.Format("http://publications.europa.eu/resource/authority/file-type/CSV", "text/csv")}, axes=frozenset({"mobilite"}), personal={}, kinds={},
)  # fmt: skip


@functools.lru_cache(maxsize=1)
def demonstration() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((ROOT / "config" / "demo" / "catalogue.yaml").read_text(encoding="utf-8"))["datasets"]
    return entries


def described(number: int) -> list[Triple]:
    """A dataset of the demonstration as our feed writes it, with some of the fields that the demonstration leaves out."""
    catalogue = demonstration()
    entry = catalogue[number % len(catalogue)]
    chance = random.Random(number)  # noqa: S311 -- a choice that is the same each time
    themes = [f"http://publications.europa.eu/resource/authority/data-theme/{code}" for code in entry["theme"]]
    resources = [{"id": f"f{place}", "url": f"https://exemple.fr/{entry['name']}/{place}.csv", **file, **(FILE if chance.random() < 0.5 else {})} for place, file in enumerate(entry["resources"])]
    more = {name: value for name, value in FIELDS.items() if chance.random() < 0.5}
    dataset = {
        "metadata_created": "2024-01-01T00:00:00", "metadata_modified": "2024-02-01T00:00:00", **entry, "id": f"{number:08x}-0000-4000-8000-000000000000", "theme": themes,
        "frequency": f"http://publications.europa.eu/resource/authority/frequency/{entry['frequency']}", "organization": {"id": "o", "title": "Ville"},
        "temporal_coverage": [{key: str(value) for key, value in entry["temporal"].items()}] if entry.get("temporal") else [], "resources": resources, **more,
    }  # fmt: skip
    return list(mapping.describe(dataset, WORLD, NOW).triples)


def with_checksum(triples: list[Triple], chance: random.Random) -> list[Triple]:
    """As many feeds write one; what ours writes, udata refuses."""
    file = next((triple.object for triple in triples if triple.predicate == NAMES["dcat:distribution"]), None)
    if not isinstance(file, NamedNode):
        return triples
    node, algorithm = BlankNode("sum"), NamedNode(f"http://spdx.org/rdf/terms#checksumAlgorithm_{chance.choice(['md5', 'sha256', 'sha512'])}")
    value = literal("d41d8cd98f00b204e9800998ecf8427e", chance.choice(["string", "string", "hexBinary"]))
    return [*triples, Triple(file, NAMES["spdx:checksum"], node), Triple(node, NAMES["spdx:algorithm"], algorithm), Triple(node, NAMES["spdx:checksumValue"], value)]


def literal(words: str, kind: str = "string") -> Literal:
    return Literal(words, datatype=NAMES[f"xsd:{kind}"])


SOON = (NOW + timedelta(days=40)).date().isoformat()
FAULTS: dict[str, list[Term]] = {
    "dct:identifier": [literal(""), literal("7", "integer"), literal("0", "integer"), NamedNode("https://exemple.fr/id"), literal("autre")],
    "dct:title": [literal(""), literal(" "), literal("12", "integer"), Literal("Title", language="en"), NamedNode("https://exemple.fr/titre")],
    "dct:description": [literal(""), literal("<p></p>"), literal("<p>Un <b>mot</b></p>"), literal("  "), NamedNode("https://exemple.fr/"), literal("5", "integer")],
    "dct:accrualPeriodicity": [
        literal("daily"), literal("annual"), literal("MIN"), literal("12HRS"), literal("30min"), literal("souvent"), NamedNode("http://purl.org/cld/freq/threeTimesAWeek"), NamedNode("http://purl.org/cld/freq/hourly"),
        literal("http://publications.europa.eu/resource/authority/frequency/IRREG"), NamedNode("http://publications.europa.eu/resource/authority/frequency/12HRS"), literal("4", "integer"),
    ],
    "dct:conformsTo": [literal("schema"), literal("https://exemple.fr/s.json"), NamedNode("urn:schema:1"), NamedNode("https://exemple.invalid/s.json"), literal("")],
    "dcat:keyword": [literal("ab"), literal("l'été à l’œuvre"), literal("x" * 120), NamedNode("https://exemple.fr/mot"), literal("3", "integer"), literal("№ 5 – ½"), literal("CO₂")],
    "dcat:theme": [literal("Transport"), NamedNode("http://inspire.ec.europa.eu/theme/tn"), NamedNode("http://data.europa.eu/bna/c_b79e35eb"), literal("")],
    "dct:temporal": [literal("2020"), literal("2020-05"), literal("2020-01-01/2021-03-04"), literal("hier"), NamedNode("http://reference.data.gov.uk/id/year/2017"), literal("2020-13")],
    "dcat:startDate": [literal("hier"), literal("2024-02", "gYearMonth"), literal("2031", "gYear"), literal("2024-13-01", "date"), literal("5", "integer"), literal("1 mai 2024")],
    "dct:spatial": [literal("1,2,3,4"), literal("1,2,3"), literal("a,b,c,d"), literal("Ville"), NamedNode("http://id.insee.fr/geo/commune/17300")],
    "dcat:bbox": [
        Literal("POLYGON((0 0,1 0,1 1))", datatype=NAMES["gsp:wktLiteral"]), Literal("POINT(1 1)", datatype=NAMES["gsp:wktLiteral"]), Literal("rien", datatype=NAMES["gsp:wktLiteral"]),
        Literal("POLYGON Z((0 0 1,1 0 1,1 1 1,0 0 1))", datatype=NAMES["gsp:wktLiteral"]), Literal('{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}', datatype=NamedNode("http://www.opengis.net/ont/geosparql#geoJSONLiteral")),
        Literal("[1]", datatype=NamedNode("http://www.opengis.net/ont/geosparql#geoJSONLiteral")), literal("POLYGON((0 0,1 0,1 1,0 0))"),
        Literal('{"type":"Polygon","coordinates":[[[0,0],[1,"a"],[1,1],[0,0]]]}', datatype=NamedNode("http://www.opengis.net/ont/geosparql#geoJSONLiteral")),
        Literal("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))", datatype=NAMES["gsp:wktLiteral"]), Literal("{", datatype=NamedNode("http://www.opengis.net/ont/geosparql#geoJSONLiteral")),
    ],
    "dct:license": [
        literal("lov2"), literal("Licence Ouverte v2.0"), literal("CC-BY"), NamedNode("http://creativecommons.org/licenses/by/4.0/"), NamedNode("http://www.opendefinition.org/licenses/cc-by/"),
        literal("Voir https://www.etalab.gouv.fr/licence-ouverte-open-licence."), literal("Open Database Licence"), literal("propre à nous"), literal(""), literal("other (attributio)"),
        NamedNode("HTTPS://WWW.etalab.gouv.fr/licence-ouverte-open-licence/"), literal("etalab-2.1"),
    ],
    "dct:rights": [NamedNode(f"{national.LIMITATION}f"), literal("odc-odbl"), literal("L124-5-II-1 du code de l'environnement (Directive 2007/2/CE (INSPIRE), Article 13.1.b)")],
    "dct:modified": [literal(SOON, "date"), literal(f"{SOON}T00:00:00Z", "dateTime"), literal("hier"), literal("2024", "gYear"), literal("12 mars 2024"), literal("2024-02-30", "date"), literal("3", "integer"), literal("2023-05-01T10:00:00+02:00", "dateTime")],
    "dct:issued": [literal("hier"), literal("2024"), literal("5", "integer"), literal(SOON, "date"), NamedNode("https://exemple.fr/"), literal("2024-02-30", "date")],
    "dcat:landingPage": [NamedNode("http://localhost/x"), literal("https://exemple.fr/page"), NamedNode("mailto:a@exemple.fr"), literal("page")],
    "dcat:distribution": [literal("https://exemple.fr/x.csv"), NamedNode("https://exemple.fr/rien")],
    "dcat:accessURL": [
        NamedNode("http://localhost:5000/x"), NamedNode("https://serveur.interne/x"), NamedNode("http://10.0.0.1/x"), NamedNode("urn:x:y"), literal("fichier.csv"), literal("https://exemple.fr/même adresse"),
        NamedNode("https://exemple.fr/été.csv"), NamedNode("https://xn--t-9ga.fr/x"), NamedNode("https://EXEMPLE.FR/x"), NamedNode("ftp://exemple.fr/x"), NamedNode("https://a_b.exemple.fr/x"),
        NamedNode("https://nom:mot@exemple.fr/x"), NamedNode("https://exemple.fr:8/x"), NamedNode("http://8.8.8.8/x"), NamedNode("http://[2001:db8::1]/x"), NamedNode("http://300.1.1.1/x"), literal(""),
    ],
    "dcat:downloadURL": [NamedNode("https://exemple.fr/deux.csv"), literal(""), literal("rien")],
    "dct:format": [literal("CSV"), NamedNode("https://www.iana.org/assignments/media-types/text/csv"), literal("wms"), literal("4", "integer"), NamedNode("http://www.iana.org/assignments/media-types/text/csv")],
    "dcat:mediaType": [literal("text/csv"), literal("4", "integer")],
    "dcat:byteSize": [literal("12 ko"), literal("12.5", "decimal"), literal("0", "nonNegativeInteger"), literal("12"), literal("-1", "integer")],
    "spdx:checksum": [literal("abcd")],
    "spdx:checksumValue": [literal("ab"), literal("ab", "hexBinary"), literal("xyz", "hexBinary"), literal("")],
    "spdx:algorithm": [literal("md5"), NamedNode("http://spdx.org/rdf/terms#checksumAlgorithm_sha512"), NamedNode("http://spdx.org/rdf/terms#checksumAlgorithm_sha1")],
    "dcat:accessService": [literal("api")],
    "skos:altLabel": [literal("A" * 200), literal("AB")],
    "dct:hasPart": [NamedNode("https://exemple.fr/partie.pdf"), literal("partie"), NamedNode("https://exemple.local/partie")],
}  # fmt: skip
"""What a property may hold that some rule is about."""


def mutant(number: int) -> list[Triple]:
    """A dataset with one to three things removed, altered or added."""
    chance = random.Random(1000 + number)  # noqa: S311 -- as above
    triples = described(number)
    for _ in range(chance.choice([1, 1, 2, 3])):
        triples = chance.choice(CHANGES)(triples, chance)
    return triples


def removed(triples: list[Triple], chance: random.Random) -> list[Triple]:
    gone = chance.choice([triple for triple in triples if triple.predicate != TYPE])
    return [triple for triple in triples if triple != gone]


def removed_everywhere(triples: list[Triple], chance: random.Random) -> list[Triple]:
    gone = chance.choice(sorted({triple.predicate.value for triple in triples if triple.predicate != TYPE}))
    return [triple for triple in triples if triple.predicate.value != gone]


def _fault(triples: list[Triple], chance: random.Random) -> tuple[NamedNode, Term]:
    name = chance.choice(list(FAULTS))
    return NAMES[name], chance.choice(FAULTS[name])


def altered(triples: list[Triple], chance: random.Random) -> list[Triple]:
    predicate, value = _fault(triples, chance)
    there = [place for place, triple in enumerate(triples) if triple.predicate == predicate]
    if not there:
        return [*triples, Triple(triples[0].subject, predicate, value)]
    place = chance.choice(there)
    return [*triples[:place], Triple(triples[place].subject, predicate, value), *triples[place + 1 :]]


def added(triples: list[Triple], chance: random.Random) -> list[Triple]:
    """Before or behind what is there."""
    predicate, value = _fault(triples, chance)
    subject = next((triple.subject for triple in triples if triple.predicate == predicate), triples[0].subject)
    more = Triple(subject, predicate, value)
    return [more, *triples] if chance.random() < 0.3 else [*triples, more]


def same_address(triples: list[Triple], chance: random.Random) -> list[Triple]:
    """A second file at an address that another has."""
    known = [triple.object for triple in triples if triple.predicate == NAMES["dcat:accessURL"]]
    subject = next(triple.subject for triple in triples if triple.object == NAMES["dcat:Dataset"])
    more = NamedNode("https://exemple.fr/encore")
    return [*triples, Triple(subject, NAMES["dcat:distribution"], more), Triple(more, NAMES["dct:title"], literal("Encore")), *(Triple(more, NAMES["dcat:accessURL"], address) for address in known[:1])]


CHANGES: list[Callable[[list[Triple], random.Random], list[Triple]]] = [removed, removed_everywhere, altered, altered, altered, altered, added, same_address, with_checksum]


def written(triples: Iterable[Triple], folder: Path, number: int) -> Path:
    """As a feed of its own."""
    feed = folder / f"{number}.nt"
    feed.write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
    return feed


def test_our_word_on_mutants_of_our_own_feed_is_udatas(udata: Path, tmp_path: Path) -> None:
    feeds = [written(mutant(number), tmp_path, number) for number in range(MUTANTS)]
    assert differences(udata, feeds) == {}


def test_our_word_on_every_fault_alone_is_udatas(udata: Path, tmp_path: Path) -> None:
    """Each value of each property once, where it stands in a dataset that has everything."""
    feeds = []
    whole = with_checksum(max((described(number) for number in range(40)), key=len), random.Random(2))  # noqa: S311 -- as above
    assert said(written(whole, tmp_path, 0))[0]["refused"] is False
    for name, terms in FAULTS.items():
        place = next((index for index, triple in enumerate(whole) if triple.predicate == NAMES[name]), None)
        for term in terms:
            subject = whole[place].subject if place is not None else whole[0].subject
            rest = [triple for triple in whole if triple.predicate != NAMES[name] or triple.subject != subject]
            feeds.append(written([*rest, Triple(subject, NAMES[name], term)], tmp_path, len(feeds)))
    assert differences(udata, feeds) == {}


def test_an_identifier_counts_once_in_a_feed(udata: Path, tmp_path: Path) -> None:
    """Whatever became of the dataset that had it before."""
    invalid = [Triple(NamedNode("https://exemple.fr/a"), NAMES[name], value) for name, value in (("dct:title", literal("A")), ("dct:identifier", literal("1")), ("dct:issued", literal("hier")))]
    unreadable = [Triple(NamedNode("https://exemple.fr/b"), NAMES[name], value) for name, value in (("dct:title", literal("B")), ("dct:identifier", literal("2")), ("dcat:keyword", literal("3", "integer")))]
    again = [Triple(NamedNode(f"https://exemple.fr/c{place}"), NAMES[name], value) for place in "12" for name, value in (("dct:title", literal("C")), ("dct:identifier", literal(place)))]
    kinds = [Triple(node, TYPE, NAMES["dcat:Dataset"]) for node in dict.fromkeys(triple.subject for triple in invalid + unreadable + again)]
    feed = written([*kinds, *invalid, *unreadable, *again], tmp_path, 0)
    assert differences(udata, [feed]) == {}
    assert [answer["refused"] for answer in said(feed)] == [True, True, True, False]


def test_the_mutants_meet_the_rules() -> None:
    """A comparison of datasets that are all taken would say nothing."""
    verdicts = [verdict for number in range(MUTANTS) for verdict in national.judge(graph.Graph(mutant(number)), rules(), NOW)]
    codes = {reason.code for verdict in verdicts for reason in verdict.reasons}
    refused = sum(verdict.status == "refused" for verdict in verdicts)
    assert len(codes) > 25, sorted(codes)
    assert MUTANTS / 8 < refused < MUTANTS / 2


def test_blank_nodes_are_no_addresses(udata: Path, tmp_path: Path) -> None:
    triples = described(3)
    place = next(index for index, triple in enumerate(triples) if triple.predicate == NAMES["dcat:accessURL"])
    triples[place] = Triple(triples[place].subject, NAMES["dcat:accessURL"], BlankNode("x"))
    assert differences(udata, [written(triples, tmp_path, 0)]) == {}
