"""A dataset in DCAT becomes a record, or is refused by name; a feed is read to its end and no further."""
from __future__ import annotations

from pathlib import Path

import pytest
from ckanext.tzc.harvesters import base, rdf
from ckanext.tzc.harvesters.base import Source, Taking
from ckanext.tzc.harvesters.http import Answer, Client, Limits
from ckanext.tzc.harvesters.partners import dcat, dcat_feed
from ckanext.tzc.harvesters.partners.dcat_feed import DcatFeed
from ckanext.tzc.harvesters.record import Agent, Box, Period, Record, RecordError
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, parse

from tests.sites import Asked, Reply, Site

PREFIXES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in rdf.PREFIXES.items())
EU = "http://publications.europa.eu/resource/authority"
WHOLE = f"""
<https://data.example.org/jeu/1> a dcat:Dataset ;
  dct:title "Air quality"@en, "Qualité de l’air"@fr ; dct:description "<p>Mesures <b>horaires</b>.</p>"@fr ; dct:identifier "air-1" ;
  adms:identifier [ a adms:Identifier ; skos:notation "doi:10.1/air" ] ;
  dcat:keyword "air"@fr, "air quality"@en, "Ozone (O3)", "{{x}}"@fr ;
  dcat:theme <{EU}/data-theme/ENVI>, <http://data.europa.eu/bna/c_dd313021>, [ a skos:Concept ; skos:prefLabel "Réseaux de transport"@fr ], [ skos:prefLabel "Cadre de vie"@fr ] ;
  dct:subject <http://inspire.ec.europa.eu/metadata-codelist/TopicCategory/health> ;
  dct:publisher <https://data.example.org/air> ; dcat:contactPoint [ a vcard:Organization ; vcard:fn "Le service" ; vcard:hasEmail <mailto:air@example.org> ; vcard:hasURL <https://air.example.org/> ] ;
  dct:issued "2020-01-02"^^<http://www.w3.org/2001/XMLSchema#date> ; dct:modified "2024-05-06T07:08:09Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> ;
  dct:language <{EU}/language/FRA>, "en" ; dct:accrualPeriodicity <http://purl.org/cld/freq/semiannual> ;
  dct:spatial <http://id.insee.fr/geo/commune/17300>, [ a dct:Location ; skos:prefLabel "Le port"@fr ; dcat:bbox "POLYGON((-1.3 46.1, -1.0 46.1, -1.0 46.3, -1.3 46.1))"^^geo:wktLiteral ] ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "2019-01-01" ; dcat:endDate "2023-12-31" ], [ time:hasBeginning [ time:inXSDDate "2010-05-06" ] ], "2001/2002" ;
  dct:provenance [ a dct:ProvenanceStatement ; rdfs:label "Capteurs fixes"@fr ] ; dcat:version "2.1" ;
  dct:conformsTo <https://schema.data.gouv.fr/air> ; foaf:page <https://air.example.org/notice>, [ foaf:page <https://air.example.org/autre> ] ;
  dcatap:applicableLegislation <http://data.europa.eu/eli/reg_impl/2023/138/oj> ; dcat:landingPage <https://air.example.org/jeu> ;
  dct:relation <https://data.example.org/jeu/2> ;
  dcat:distribution [ a dcat:Distribution ; dct:title "Mesures 10" ; dcat:accessURL <https://air.example.org/page> ; dcat:downloadURL <https://air.example.org/10> ;
      dct:format <{EU}/file-type/CSV> ; dcat:byteSize "1024.0"^^<http://www.w3.org/2001/XMLSchema#decimal> ; dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ;
      dct:rights "À citer." ] ;
  dcat:distribution <https://data.example.org/jeu/1/fichier> , [ dct:title "Sans adresse" ], [ dct:title "Carte" ; dcat:accessService [ a dcat:DataService ; dcat:endpointURL <https://air.example.org/ows> ;
      dct:conformsTo <http://www.opengis.net/def/serviceType/ogc/wms> ; dcat:servesDataset <https://data.example.org/jeu/1> ] ] .
<https://data.example.org/jeu/1/fichier> dct:title "Mesures 2" ; dcat:accessURL "https://air.example.org/2.json" ; dcat:mediaType <https://www.iana.org/assignments/media-types/application/geo+json> .
<https://data.example.org/air> a foaf:Agent ; foaf:name "Qualité de l’air" ; foaf:homepage <https://air.example.org/> ; foaf:mbox <mailto:contact@example.org> .
"""


def read(text: str) -> Record:
    return dcat.read(rdf.Graph(quad.triple for quad in parse((PREFIXES + text).encode(), format=RdfFormat.TURTLE, base_iri="https://data.example.org/", lenient=True)))


def jeu(text: str) -> Record:
    return read(f'<https://data.example.org/jeu> a dcat:Dataset ; dct:title "Jeu" ; {text} .')


def last(*iris: str) -> list[str]:
    return [iri.rpartition("/")[2] for iri in iris]


def said(record: Record) -> set[str]:
    return {note.what for note in record.notes}


def take(site: Site, **configured: object) -> Taking:
    harvester = DcatFeed()
    source = Source(f"{site.address}/catalog", configured)
    return base.taken(harvester, Client(allow_internal=True, limits=Limits(tries=1), headers=harvester.headers(source), accept=harvester.accept), source)


def test_what_opens_the_catalogue_is_in_no_address_of_a_dataset(site: Site) -> None:
    """Relative addresses of its document are read without the source's login and question, and without keys; the next page is asked for with the login all the same."""
    one = PREFIXES + '<> a hydra:PartialCollectionView ; hydra:next <?page=2&token=T0KEN&signature=S1GN> . <jeu/1> a dcat:Dataset ; dct:title "Un" ; dcat:distribution [ dcat:downloadURL <a.csv> ] .'
    two = PREFIXES + '<#deux> a dcat:Dataset ; dct:title "Deux" . <> a dcat:Catalog .'
    site.answer = lambda asked: Reply((two if "page" in asked.question else one).encode(), headers={"Content-Type": "text/turtle"})
    address = site.address.replace("://", "://bob:S3CRET@") + "/flux/catalog.ttl?token=T0KEN&groupe=a"
    found = base.taken(DcatFeed(), Client(allow_internal=True, limits=Limits(tries=1)), Source(address))
    assert (found.problems, sorted(found.records)) == ([], [f"{site.address}/flux/catalog.ttl?page=2#deux", f"{site.address}/flux/jeu/1"])
    assert [file.url for file in found.records[f"{site.address}/flux/jeu/1"].resources] == [f"{site.address}/flux/a.csv"]
    assert [asked.question.get("token") for asked in site.asked] == ["T0KEN", "T0KEN"] and all(asked.headers["Authorization"].startswith("Basic ") for asked in site.asked)
    site.answer = lambda _: Reply(one.replace("?page=2&", "?groupe=a&").replace("&signature=S1GN", "").replace("groupe=a&token=T0KEN", "token=T0KEN&groupe=a").encode(), headers={"Content-Type": "text/turtle"})
    [told] = base.taken(DcatFeed(), Client(allow_internal=True, limits=Limits(tries=1)), Source(address)).problems
    assert "goes round in circles" in told and "T0KEN" not in told and "S3CRET" not in told


def test_what_it_was_made_of() -> None:
    """As stated, and as our own feeds state it: what has itself as its source is not made of it."""
    record = jeu('dct:source <https://geo.example.org/jeu/a>, <https://data.example.org/jeu>, "un relevé" ; prov:wasDerivedFrom "https://geo.example.org/jeu/b" ; dcat:landingPage <https://data.example.org/page>')
    assert record.derived_from == ("https://geo.example.org/jeu/a", "https://geo.example.org/jeu/b")
    assert jeu("dct:source <https://data.example.org/page> ; dcat:landingPage <https://data.example.org/page>").derived_from == ()


def test_a_whole_dataset() -> None:
    record = read(WHOLE)
    assert (record.identifier, record.title, record.description, record.version) == ("https://data.example.org/jeu/1", "Qualité de l’air", "Mesures horaires.", "2.1")
    assert record.other_identifiers == ("air-1", "doi:10.1/air")
    assert record.address == "https://air.example.org/jeu"
    assert record.keywords == ("Ozone (O3)", "air", "Cadre de vie")
    assert last(*record.themes) == ["ENVI", "TRAN", "HEAL"]
    assert record.high_value == ("http://data.europa.eu/bna/c_dd313021",)
    assert record.legislation == ("http://data.europa.eu/eli/reg_impl/2023/138/oj",)
    assert (record.licence, record.access, record.access_rights) == ("lov2", "open", "")
    assert record.limits == ("À citer.",)
    assert record.publisher == Agent("Qualité de l’air", "contact@example.org", "https://air.example.org/")
    assert record.contact == Agent("Le service", "air@example.org", "https://air.example.org/")
    assert (record.issued, record.modified) == ("2020-01-02", "2024-05-06T07:08:09+00:00")
    assert sorted(last(*record.languages)) == ["ENG", "FRA"] and last(record.frequency) == ["ANNUAL_2"]
    assert (record.communes, record.places, record.box) == (("17300",), ("Le port",), Box(-1.3, 46.1, -1.0, 46.3))
    assert set(record.periods) == {Period("2019-01-01", "2023-12-31"), Period("2010-05-06", ""), Period("2001", "2002")}
    assert record.provenance == "Capteurs fixes"
    assert record.conforms_to == ("https://schema.data.gouv.fr/air",)
    assert set(record.documentation) == {"https://air.example.org/notice", "https://air.example.org/autre"}
    assert [(file.name, file.url, file.format, file.size) for file in record.resources] == [
        ("Carte", "https://air.example.org/ows", "WMS", None),
        ("Mesures 2", "https://air.example.org/2.json", "GeoJSON", None),
        ("Mesures 10", "https://air.example.org/10", "CSV", 1024),
    ]
    assert said(record) == {"description in HTML", "keyword made such that it is taken", "resource without an address of the web", "theme by that of INSPIRE or ISO 19115"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[] a dcat:Dataset ; dct:title "x" .', "identifier"), ("<https://a.org/1> a dcat:Dataset .", "title"), ("<https://a.org/1> dct:title 'x' .", "0 datasets"),
        ("<https://a.org/1> a dcat:Dataset . <https://a.org/2> a dcat:Dataset .", "2 datasets"),
        (f"<https://a.org/1> a dcat:Dataset ; dct:title 'x' ; dct:accessRights <{EU}/access-right/CONFIDENTIAL> .", "confidential"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        read(text)


@pytest.mark.parametrize(
    ("node", "identifier"),
    [
        ('[] a dcat:Dataset ; dct:identifier "d-1"', "d-1"), ("[] a dcat:Dataset ; dcat:landingPage <https://a.org/page>", "https://a.org/page"),
        ('<https://a.org/.well-known/genid/7> a dcat:Dataset ; dct:identifier "d-1"', "d-1"), ('<https://a.org/1> a dcat:Dataset ; dct:identifier "d-1"', "https://a.org/1"),
    ],
)  # fmt: skip
def test_an_identifier_that_lasts(node: str, identifier: str) -> None:
    assert read(f'{node} ; dct:title "x" .').identifier == identifier


LIMIT = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess"
FILE = "dcat:distribution [ dcat:accessURL <https://a.org/1> ;"


@pytest.mark.parametrize(
    ("text", "level", "address"),
    [
        ("", "open", ""),
        (f"dct:accessRights <{EU}/access-right/PUBLIC>", "open", f"{EU}/access-right/PUBLIC"),
        (f"dct:accessRights <{EU}/access-right/RESTRICTED>", "restricted", f"{EU}/access-right/RESTRICTED"),
        (f"dct:accessRights <{EU}/access-right/NON_PUBLIC>", "restricted", f"{EU}/access-right/NON_PUBLIC"),
        (f"dct:accessRights <{EU}/access-right/PUBLIC>, <{LIMIT}/INSPIRE_Directive_Article13_1d>", "restricted", f"{LIMIT}/INSPIRE_Directive_Article13_1d"),
        (f"dct:rights <{LIMIT}/noLimitations>", "open", f"{LIMIT}/noLimitations"),
        (f"{FILE} dct:rights <{LIMIT}/INSPIRE_Directive_Article13_1a> ]", "restricted", f"{LIMIT}/INSPIRE_Directive_Article13_1a"),
        (f"{FILE} dct:rights <{LIMIT}/INSPIRE_Directive_Article13_1a> ], [ dcat:accessURL <https://a.org/2> ]", "open", ""),
    ],
)
def test_access(text: str, level: str, address: str) -> None:
    record = jeu(text or "dct:issued '2020'")
    assert (record.access, record.access_rights) == (level, address)


@pytest.mark.parametrize(
    ("text", "code", "stated"),
    [
        ("dct:license <https://creativecommons.org/licenses/by/4.0/>", "cc-by", "https://creativecommons.org/licenses/by/4.0/"),
        ('dct:license "Licence Ouverte Version 2.0"', "lov2", "Licence Ouverte Version 2.0"),
        (f'{FILE} dct:license [ a dct:LicenseDocument ; dct:title "Licence Ouverte 2.0"@fr ] ]', "lov2", "Licence Ouverte 2.0"),
        (f"{FILE} dct:license <{EU}/licence/CC_BY_4_0> ]", "cc-by", f"{EU}/licence/CC_BY_4_0"),
        (f'{FILE} dct:rights "Licence Ouverte 2.0" ]', "lov2", "Licence Ouverte 2.0"),
        (f'{FILE} dct:rights "License Not Specified" ]', "notspecified", ""),
        ('dct:license <https://a.org/nos-conditions> . <https://a.org/nos-conditions> rdfs:label "Nos conditions"@fr', "other-closed", "Nos conditions"),
    ],
)
def test_licences(text: str, code: str, stated: str) -> None:
    record = jeu(text)
    assert record.licence == code and (record.licence_stated == stated)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ('dcat:bbox "POLYGON((-1 46, 0 46, 0 47, -1 46))"', Box(-1, 46, 0, 47)),
        ('locn:geometry "<http://www.opengis.net/def/crs/EPSG/0/4326> POLYGON((46 -1, 46 0, 47 0, 46 -1))"', Box(-1, 46, 0, 47)),
        ('locn:geometry "<http://www.opengis.net/def/crs/EPSG/0/4258> POLYGON((46 -1, 46 0, 47 0, 46 -1))"', Box(-1, 46, 0, 47)),
        (
            "locn:geometry '<gml:Envelope xmlns:gml=\"http://www.opengis.net/gml\" srsName=\"EPSG:4258\"><gml:lowerCorner>-1 46</gml:lowerCorner><gml:upperCorner>0 47</gml:upperCorner></gml:Envelope>'",
            Box(-1, 46, 0, 47),
        ),
        (
            "locn:geometry '<gml:LinearRing xmlns:gml=\"http://www.opengis.net/gml\" srsDimension=\"3\"><gml:posList>-1 46 12 0 46 12 0 47 12 -1 46 12</gml:posList></gml:LinearRing>'",
            Box(-1, 46, 0, 47),
        ),
        ('locn:geometry "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> MULTIPOLYGON(((-1 46, 0 46, 0 47, -1 46)))"', Box(-1, 46, 0, 47)),
        ('locn:geometry "ENVELOPE(-1, 0, 47, 46)"', Box(-1, 46, 0, 47)),
        ('locn:geometry "POINT(4 45)", "{\\"type\\":\\"Polygon\\",\\"coordinates\\":[[[-1,46],[0,46],[0,47],[-1,46]]]}"', Box(-1, 46, 0, 47)),
        ('geo:hasGeometry [ geo:asWKT "POLYGON((-1 46, 0 46, 0 47, -1 46))" ]', Box(-1, 46, 0, 47)),
        (
            "locn:geometry '<gml:Envelope xmlns:gml=\"http://www.opengis.net/gml\" srsName=\"urn:ogc:def:crs:EPSG::4326\"><gml:lowerCorner>46 -1</gml:lowerCorner><gml:upperCorner>47 0</gml:upperCorner></gml:Envelope>'",
            Box(-1, 46, 0, 47),
        ),
        ('locn:geometry "un polygone"', None),
        ('locn:geometry "{\\"type\\":\\"Polygon\\",\\"coordinates\\":[[[4, NaN]]]}"', None),
        ('locn:geometry "POLYGON((400 46, 0 46))"', None),
    ],
)
def test_geometries(shape: str, box: Box | None) -> None:
    record = jeu(f"dct:spatial [ a dct:Location ; {shape} ]")
    assert record.box == box
    assert bool(said(record)) is (box is None)


@pytest.mark.parametrize(
    ("stated", "period"),
    [
        ('"2019-01-01/2020-12-31"', Period("2019-01-01", "2020-12-31")), ('"start=2019-01-01; end=2020-12-31;"', Period("2019-01-01", "2020-12-31")),
        ("<http://reference.data.gov.uk/id/year/2014>", Period("2014", "2014")), ("[ schema:startDate '2019' ]", Period("2019", "")),
        ("[ <https://schema.org/endDate> '2019' ]", Period("", "2019")),
    ],
)  # fmt: skip
def test_periods(stated: str, period: Period) -> None:
    assert jeu(f"dct:temporal {stated}").periods == (period,)


@pytest.mark.parametrize(("stated", "code"), [(f"<{EU}/frequency/MONTHLY>", "MONTHLY"), ("<http://purl.org/cld/freq/daily>", "DAILY"), ('"hebdomadaire"', "WEEKLY"), ('"R/P1Y"', "ANNUAL"), ("<http://inspire.ec.europa.eu/metadata-codelist/MaintenanceFrequency/asNeeded>", "AS_NEEDED")])  # fmt: skip
def test_frequencies(stated: str, code: str) -> None:
    assert last(jeu(f"dct:accrualPeriodicity {stated}").frequency) == [code]


def test_the_order_of_statements_says_nothing() -> None:
    """A server may write the same in another order each time."""
    triples = [quad.triple for quad in parse((PREFIXES + WHOLE).encode(), format=RdfFormat.TURTLE)]
    assert base.fingerprint(dcat.read(rdf.Graph(triples))) == base.fingerprint(dcat.read(rdf.Graph(reversed(triples))))


def test_nodes_without_a_name_make_no_other_record_each_time() -> None:
    """A reader gives them other names at each reading; by its content a record is known again."""
    about = "[ a dcat:Distribution ; dcat:downloadURL <https://a.org/1.csv> ; dcat:accessService [ dct:title 'Un service' ] ]"
    text = f"@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . <https://a.org/1> a dcat:Dataset ; dct:title 'Un' ; dcat:distribution {about} ."
    contents = []
    for _ in range(2):
        graph = rdf.graph(Answer("https://a.org/catalog.ttl", "text/turtle", text.encode()))
        [item] = dcat_feed._items(graph, list(dcat_feed._datasets(graph)), frozenset(), "")
        contents.append(item.content)
    assert contents[0] == contents[1] and contents[0].count("_:") == 6


def test_what_all_datasets_share_is_kept_once() -> None:
    """Feeds say the same of a theme once for each dataset, and a vocabulary leads from one concept to all."""
    theme = f"<{EU}/data-theme/ENVI> skos:prefLabel \"Environment\"@en ; skos:inScheme <https://a.org/scheme> . <https://a.org/scheme> dct:title \"All\" . "
    graph = rdf.Graph(quad.triple for quad in parse((PREFIXES + theme * 50 + f"<https://a.org/1> dcat:theme <{EU}/data-theme/ENVI> .").encode(), format=RdfFormat.TURTLE))
    found = graph.within(rdf.NamedNode("https://a.org/1"), frozenset(), 10)
    assert found is not None and len(found) == 3


def test_others_datasets_do_not_stand_in_a_record(site: Site) -> None:
    """A catalogue, a service and a series that lead round in circles."""
    ring = """<c> a dcat:Catalog ; dcat:dataset <a>, <b>, <serie> . <a> a dcat:Dataset ; dct:title "A" ; dct:isPartOf <c> ; dct:relation <b> ; dcat:inSeries <serie> .
    <b> a dcat:Dataset ; dct:title "B" ; dct:relation <a>, [ dct:relation <a> ] . <serie> a dcat:DatasetSeries ; dct:title "S" ; dcat:seriesMember <a> ."""
    site.answer = lambda _: Reply((PREFIXES + ring).encode(), headers={"Content-Type": "text/turtle"})
    found = take(site)
    assert ([record.title for record in found.records.values()], found.problems) == (["A", "B"], [])


# feeds


def feed(text: str, kind: str = "text/turtle") -> Reply:
    return Reply((PREFIXES + text).encode(), headers={"Content-Type": kind})


ONE = '<https://a.org/1> a dcat:Dataset ; dct:title "Un" . '


def test_a_next_page_of_another_server_is_not_asked_for(site: Site) -> None:
    site.answer = lambda asked: feed(f"{ONE} <> hydra:next <http://127.0.0.2:1/catalog> ." if asked.path == "/catalog" else "")
    found = take(site)
    assert "allow_hosts" in found.problems[0] and "127.0.0.2:1" in found.problems[0] and not found.whole and len(found.records) == 1
    assert "cannot be had" in take(site, allow_hosts=["127.0.0.2:1"]).problems[0]


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "http://[", "//evil.example.org/x"])
def test_a_next_page_that_is_none(site: Site, link: str) -> None:
    site.answer = lambda _: feed(f'{ONE} <> hydra:next "{link}" .')
    found = take(site)
    assert len(found.problems) == 1 and not found.whole and len(site.asked) == 1


def test_what_is_listed_and_not_described_is_missing(site: Site) -> None:
    site.answer = lambda _: feed(f"{ONE} <https://a.org/c> a dcat:Catalog ; dcat:dataset <https://a.org/1>, <https://a.org/2> .")
    found = take(site)
    assert "lists 1 datasets that it does not describe, such as https://a.org/2" in found.problems[0]


def test_a_count_that_is_not_reached(site: Site) -> None:
    site.answer = lambda _: feed(f"{ONE} <https://a.org/c> a dcat:Catalog ; hydra:totalItems 3 .")
    assert take(site).problems == ["The catalogue says that it has 3 records, but gave 1."]


def test_a_page_that_takes_too_long_to_read_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf, "SECONDS", 0.0)
    site.answer = lambda _: feed(f"{ONE} <https://a.org/1> dct:relation {'[ dct:relation ' * 1000} 1 {']' * 1000} .")
    found = take(site)
    assert found.problems == [f"{site.address}/catalog answers with RDF that takes longer than 0 seconds to read."] and not found.whole


def test_a_page_that_names_itself_is_read_once(site: Site) -> None:
    here = f"{site.address}/catalog"
    site.answer = lambda _: feed(f"{ONE} <{here}> a hydra:PartialCollectionView ; hydra:next <{here}> .")
    assert take(site).problems == [f"The next page is one that was read before ({here}): the paging goes round in circles."]
    assert len(site.asked) == 1


def test_a_count_that_is_none(site: Site) -> None:
    site.answer = lambda _: feed(f'{ONE} <https://a.org/c> a dcat:Catalog ; hydra:totalItems "²" .')
    assert take(site).whole


@pytest.mark.parametrize("statements", [5, 30])
def test_what_all_datasets_lead_to_does_not_make_much_of_little(site: Site, statements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little enough for each, or too much."""
    for name, value in (("MOST_STATEMENTS", 20), ("LONGEST", 10_000), ("TOO_MUCH", 1000)):
        monkeypatch.setattr(dcat_feed, name, value)
    said = " ".join(f'<https://a.org/p> dct:title "{number} {"x" * 50}" .' for number in range(statements))
    sets = " ".join(f'<https://a.org/{number}> a dcat:Dataset ; dct:title "Jeu" ; dct:publisher <https://a.org/p> .' for number in range(100))
    site.answer = lambda _: feed(f"{said} {sets}")
    found = take(site)
    assert found.problems == [f"{site.address}/catalog: what is said of its datasets, each by itself, is more than 0 MB."]
    assert found.records == {} and not found.whole


def test_one_dataset_is_a_feed(site: Site) -> None:
    site.answer = lambda _: feed(ONE)
    found = take(site)
    assert (list(found.records), found.whole) == (["https://a.org/1"], True)
    assert "text/turtle" in site.asked[0].headers["Accept"]


def test_what_is_no_catalogue(site: Site) -> None:
    site.answer = lambda _: feed('<https://a.org/1> foaf:name "x" .')
    assert "neither a catalogue nor a dataset" in take(site).problems[0]


@pytest.mark.parametrize("kind", ["text/turtle", "text/plain", "text/html", "application/octet-stream", ""])
@pytest.mark.parametrize("form", ["xml", "json-ld", "turtle", "nt"])
def test_forms_are_known_whatever_the_server_calls_them(site: Site, form: str, kind: str) -> None:
    if form == "json-ld" and kind == "text/turtle":
        pytest.skip("what begins with a bracket may be Turtle")
    from pyoxigraph import serialize

    body = serialize([quad.triple for quad in parse((PREFIXES + ONE).encode(), format=RdfFormat.TURTLE)], format=rdf.FORMS[form]) or b""
    site.answer = lambda _: Reply(body, headers={"Content-Type": kind})
    assert list(take(site).records) == ["https://a.org/1"]


def test_a_form_that_the_configuration_says(site: Site) -> None:
    site.answer = lambda _: Reply(b'[{"@id": "https://a.org/1", "@type": "http://www.w3.org/ns/dcat#Dataset", "http://purl.org/dc/terms/title": "x"}]', headers={"Content-Type": "text/turtle"})
    assert take(site).records == {}
    assert list(take(site, rdf_format="json-ld").records) == ["https://a.org/1"]
    assert DcatFeed().fault({"rdf_format": "word"}) and DcatFeed().fault({"allow_hosts": [1]}) and not DcatFeed().fault({"rdf_format": "nt", "allow_hosts": ["a.org"]})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "DOCTYPE"),
        (b'{"@context": "https://127.0.0.1/context.jsonld", "@id": "a"}', "another address"),
        (b"[" * 300_000, "cut off"), (b"<a> <b> <c", "cut off"),
    ],
)  # fmt: skip
def test_documents_that_would_do_harm(site: Site, body: bytes, reason: str) -> None:
    site.answer = lambda _: Reply(body)
    assert reason in take(site).problems[0]
    assert len(site.asked) == 1


def test_xml_in_its_own_encoding(site: Site) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:dct="http://purl.org/dc/terms/"><dcat:Dataset rdf:about="https://a.org/1"><dct:title>Été</dct:title></dcat:Dataset></rdf:RDF>'
    site.answer = lambda _: Reply(text.encode("latin-1"))
    assert [record.title for record in take(site).records.values()] == ["Été"]


def test_too_many_statements_about_one_dataset(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckanext.tzc.harvesters.partners.dcat_feed.MOST_STATEMENTS", 50)
    many = " ".join(f'<https://a.org/2> dcat:keyword "mot {number}" .' for number in range(60))
    site.answer = lambda _: feed(f'{ONE} <https://a.org/2> a dcat:Dataset ; dct:title "Deux" . {many}')
    found = take(site)
    assert list(found.records) == ["https://a.org/1"] and "more than 50 statements" in found.problems[0]


FEEDS = {
    "dcat-udata.xml": ["Bureaux de vote - Vanves", "Ville de Vanves - Part des véhicules à faibles émissions dans le renouvellement du parc"],
    "dcat-bnodes.xml": ["Dataset 1", "Dataset 2", "Dataset 3"],
    "dcat-nested.jsonld": ["Dataset 1"],
    "dcat-paged-collection-1.jsonld": ["Dataset 1", "Dataset 1", "Dataset 2", "Dataset 3"],
    "dcat-partial-collection-1.jsonld": ["Dataset 1", "Dataset 1", "Dataset 2", "Dataset 3"],
}


@pytest.mark.parametrize("name", FEEDS)
def test_the_reference_feeds(site: Site, reference: Path, name: str) -> None:
    """The pages of a feed name each other under the address at which they stood."""

    def answer(asked: Asked) -> Reply:
        page = name.replace("-1.", "-2.") if asked.question.get("page") == "2" else name
        return Reply((reference / "feeds" / page).read_bytes().replace(b"http://data.test.org/catalog.jsonld", f"{site.address}/catalog".encode()))

    site.answer = answer
    found = take(site)
    assert (sorted(record.title for record in found.records.values()), found.problems, found.whole) == (FEEDS[name], [], True)
    assert all(record.resources and record.publisher for record in found.records.values())


PROPERTIES = ["dct:title", "dct:spatial", "dct:temporal", "dct:publisher", "dcat:distribution", "dcat:theme", "dct:license", "dct:rights", "dct:accessRights", "dcat:accessURL", "dct:format", "locn:geometry", "dcat:contactPoint", "dct:issued", "dct:relation"]
NODES = st.sampled_from(["<https://a.org/1>", "<https://a.org/2>", "_:a", "_:b"])
VALUES = NODES | st.text(max_size=15).map(lambda text: '"' + "".join(f"\\U{ord(letter):08X}" for letter in text if not 0xD800 <= ord(letter) < 0xE000) + '"')


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NODES, st.sampled_from(PROPERTIES), VALUES), max_size=15))
def test_any_graph_is_read_or_refused_by_name(statements: list[tuple[str, str, str]]) -> None:
    text = " ".join(f"{subject} {predicate} {value} ." for subject, predicate, value in statements)
    try:
        record = base.normalise(read(f"<https://a.org/1> a dcat:Dataset . {text}"))
    except RecordError as error:
        assert str(error)
        return
    assert record.identifier == "https://a.org/1" and record.title


def test_what_is_said_of_nodes_in_a_circle_is_said_once_and_not_without_end() -> None:
    """A ring, and a chain of which the first steps belong to the dataset."""
    ring = rdf.Graph(quad.triple for quad in parse(b"<a:1> <a:p> <a:2> . <a:2> <a:p> <a:1>, <a:2> .", format=RdfFormat.TURTLE))
    found = ring.within(NamedNode("a:1"), frozenset(), 100)
    assert found is not None and len(found) == len(set(found)) == 3
    chain = rdf.Graph(quad.triple for quad in parse("".join(f"<a:{step}> <a:p> <a:{step + 1}> ." for step in range(20)).encode(), format=RdfFormat.TURTLE))
    assert len(chain.within(NamedNode("a:0"), frozenset(), 100) or []) == rdf.DEEPEST + 1


def test_a_page_with_too_many_statements(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf, "MOST_STATEMENTS", 2)
    site.answer = lambda _: feed(f'{ONE} <https://a.org/1> dct:title "Deux", "Trois" .')
    assert take(site).problems == [f"{site.address}/catalog answers with more than 2 statements."]
