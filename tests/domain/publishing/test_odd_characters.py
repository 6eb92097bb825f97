"""Characters that no document may hold, dates at the ends of the calendar: every syntax stays well-formed, and says nothing that its type does not allow."""
from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph
from tzc.publishing import documents, mapping, schema_org
from tzc.publishing.terms import NAMES, moment

from .test_mapping import AGENTS, FIELDS, FILE, ID, NOW, OF_FILES, PLAIN, RDFLIB, WORLD

ODD = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))), "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff", "\ufdd0", "\ufeff", "\u2028", "\u2029", "\u202e",
    "\ud800", "\udbff", "\udc00", "\udfff", "\ud83d", "\udeb2", "\udeb2\ud83d", "\ud83d\udeb2",
]  # fmt: skip
"""C0 and C1 controls, what is no character, marks of order and direction, halves of pairs, and a pair of halves."""
HELD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
PEOPLE = ("name", "email", "url", "uri", "type", "identifier")
PLACES = ("text", "uri", "geom", "bbox", "centroid", "start", "end")


def everywhere(odd: str) -> dict[str, Any]:
    """A dataset with a character in whatever the mapping reads: within, before and behind."""

    def texts(name: str) -> str:
        return f"https://example.org/{odd}{name}{odd}" if name in {"uri", "url", "access_url", "download_url", "license", "conforms_to", "documentation"} else f"{odd}{name}{odd}{odd}é{odd}"

    agents = [{name: texts(name) for name in PEOPLE}]
    return {
        **{name: texts(name) for name in FIELDS if name not in {"embargo", "access_level"}}, "license_id": "lov2", "publisher": agents, "creator": agents, "contact": agents,
        "spatial_coverage": [{name: texts(name) for name in PLACES}], "temporal_coverage": [{"start": f"2024{odd}", "end": f"2024-01-01{odd}"}],
        "tags": [{"name": texts("tag")}, f"b{odd}"], "hvd_category": [f"http://data.europa.eu/bna/{odd}c"], "organization": {**{name: texts(name) for name in (*PEOPLE, "title", "kind", "siren")}, "id": "o"},
        "resources": [{**{name: texts(name) for name in OF_FILES}, "id": "f1", "datastore_active": True}, {**FILE, "id": "f2", "name": texts("file"), "datastore_active": True}],
    }  # fmt: skip


def well_formed(triples: tuple[ox.Triple, ...]) -> None:
    """By readers that are not the writer."""
    for syntax in documents.SYNTAXES:
        whole = documents.complete(triples, syntax)
        text = whole.decode("utf-8")
        if syntax is documents.RDF_XML:
            # expat
            ElementTree.fromstring(text)  # noqa: S314 -- our own
        if syntax is documents.JSON_LD:
            json.loads(text)
        graph = Graph().parse(data=whole, format=RDFLIB[syntax.name])
        assert len(graph) == len(set(triples)), syntax.name
        assert not any(HELD.search(str(term)) for triple in graph for term in triple), syntax.name


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: " ".join(f"U+{ord(sign):04X}" for sign in odd))
def test_no_character_spoils_a_document(odd: str) -> None:
    fields = {**PLAIN, **everywhere(odd)}
    told = mapping.describe(fields, WORLD, NOW)
    well_formed(told.triples)
    assert {triple.object.value for triple in told.triples if triple.predicate == NAMES["dct:title"] and triple.subject == told.subject}
    read = json.loads(schema_org.structured(fields, WORLD, "Portail"))
    assert not HELD.search(json.dumps(read, ensure_ascii=False).replace("\\n", ""))


ANYTHING = st.text(st.characters(), max_size=20) | st.lists(st.sampled_from(ODD), max_size=6).map("".join) | st.tuples(st.sampled_from(ODD), st.text(max_size=10)).map("a".join)
NESTED = ANYTHING | st.lists(ANYTHING, max_size=3) | st.lists(ANYTHING, max_size=3).map(json.dumps) | st.dictionaries(ANYTHING, ANYTHING, max_size=2)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(FIELDS, NESTED), **dict.fromkeys(("publisher", "creator", "contact", "temporal_coverage", "spatial_coverage"), AGENTS | NESTED),
            "organization": st.fixed_dictionaries({"id": st.just("o")}, optional=dict.fromkeys(("title", "name", "url", "email", "kind", "siren", "identifier"), NESTED)),
            "tags": st.lists(ANYTHING | st.fixed_dictionaries({"name": ANYTHING}), max_size=3),
            "resources": st.lists(st.fixed_dictionaries({"id": st.just("f1")}, optional=dict.fromkeys(OF_FILES, NESTED)), max_size=2),
        },
    )
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_text_spoils_a_document(fields: dict[str, Any]) -> None:
    well_formed(mapping.describe({**PLAIN, **fields}, WORLD, NOW).triples)


ZONE = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
LEXICAL = {
    "gYear": r"\d{4}", "gYearMonth": r"\d{4}-(0[1-9]|1[0-2])", "date": rf"\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){ZONE}",
    "dateTime": rf"\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?{ZONE}", "nonNegativeInteger": r"\d+", "decimal": r"-?\d+(\.\d+)?",
    "duration": r"-?P((\d+Y)?(\d+M)?(\d+D)?)(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
}  # fmt: skip
"""What XML Schema allows, as far as we write it (https://www.w3.org/TR/xmlschema11-2/)."""
XSD = "http://www.w3.org/2001/XMLSchema#"


def allowed(triples: tuple[ox.Triple, ...]) -> None:
    for literal in (triple.object for triple in triples if isinstance(triple.object, ox.Literal)):
        kind = literal.datatype.value.removeprefix(XSD)
        if kind in LEXICAL:
            assert re.fullmatch(LEXICAL[kind], literal.value, re.ASCII), literal
            assert not literal.value.startswith("0000"), literal


EDGES = [
    ("0001", "0001"), ("0001-01-01", "0001-01-01"), ("0001-01-01T00:00:00", "0001-01-01T00:00:00"), ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"), ("9999-12-31", "9999-12-31"),
    ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"), ("2024-02-29T24:00", "2024-03-01T00:00:00"), ("2024-12-31T24:00:00Z", "2025-01-01T00:00:00+00:00"), ("2024-02-29T240000,0+01:00", "2024-03-01T00:00:00+01:00"),
    ("9999-12-31T24:00:00", None), ("2024-02-29T24:00:01", None), ("2024-02-29T24:01", None), ("2024-02-29T25:00", None), ("2024-02-29T23:59:60Z", None), ("2024-02-29T10:00:00", "2024-02-29T10:00:00"),
    ("2024-02-29 10:00", "2024-02-29T10:00:00"), ("2024-02-29T10:00:00.1234567890Z", "2024-02-29T10:00:00.123456+00:00"), ("2024-02-29T10:00:00+14:01", None), ("2024-02-29T10:00:00+23:59", None),
    ("2024-02-29T10:00:00+00:00:01", None), ("2024-02-29T10:00:00+05:60", None), ("2024-02-29T10:00:00-0530", "2024-02-29T10:00:00-05:30"), ("2024-02-29Z", "2024-02-29"), ("2024-02-29+01:00", "2024-02-29"),
    ("0000-01-01", None), ("10000-01-01", None), ("-0044-03-15", None), ("٢٠٢٤", None), ("２０２４-02-29", None), ("2024-02-29x10:00:00", None), ("2024-W05-1", None), ("20240229", None), ("2024-02-30T10:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "written"), EDGES)
def test_dates_at_the_ends_of_the_calendar(stated: str, written: str | None) -> None:
    found = moment(stated)
    assert (found.value if found else None) == written
    for fields in ({"issued": stated, "modified": stated}, {"embargo": stated}, {"temporal_coverage": [{"start": stated, "end": stated}]}, {"metadata_created": stated, "metadata_modified": stated}):
        told = mapping.describe({**PLAIN, **fields, "resources": [{**FILE, **fields, "created": stated}]}, WORLD, NOW)
        allowed(told.triples)
        # a moment that the database has, in whatever zone it is read
        assert told.changes is None or NOW < told.changes < datetime(9999, 1, 1, tzinfo=timezone.utc)


WHEN = st.datetimes() | st.datetimes(timezones=st.timezones())
NUMBERS = st.sampled_from(["٣", "²", "1e400", "NaN", "-0", "+1", "1_0", "Infinity", "P٣Y", "P1Y", "P", "PT", "-P1DT1.5S", "PT1.5", "9" * 5000]) | st.integers().map(str) | st.floats().map(str)


@given(st.lists(WHEN.map(lambda when: when.isoformat()) | st.dates().map(str) | st.sampled_from([stated for stated, _ in EDGES]) | NUMBERS, min_size=6, max_size=6))
@settings(max_examples=200, deadline=None)
def test_whatever_is_stated_keeps_to_its_type(stated: list[str]) -> None:
    a, b, c, d, e, f = stated
    fields = {
        "issued": a, "modified": b, "embargo": c, "temporal_coverage": [{"start": d, "end": e}], "metadata_modified": f, "late_after_days": a, "temporal_resolution": b, "spatial_resolution_in_meters": c,
        "resources": [{**FILE, "issued": d, "modified": e, "created": f, "size": a, "temporal_resolution": b, "spatial_resolution_in_meters": c}],
    }  # fmt: skip
    allowed(mapping.describe({**PLAIN, **fields, "id": ID}, WORLD, NOW).triples)
