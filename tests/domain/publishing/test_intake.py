"""What portals make of a dataset, rule by rule. Whether data.gouv.fr's rules are really its own: tests/peers."""
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from pyoxigraph import RdfFormat
from tzc.publishing.intake import Verdict, european, graph, national
from tzc.publishing.intake.addresses import fault

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
RULES = national.rules(
    [
        {"code": "lov2", "title": "Licence Ouverte / Open Licence version 2.0", "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence", "titles": ["Licence Ouverte v2.0"]},
        {"code": "notspecified", "title": "License Not Specified", "url": ""},
    ],
    "fr org",
)
PREFIXES = """
    @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix spdx: <http://spdx.org/rdf/terms#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
    @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
WHOLE: dict[str, str] = {
    "dct:identifier": '"a"', "dct:title": '"Vélos"', "dct:description": '"Comptages."', "dct:license": "<https://www.etalab.gouv.fr/licence-ouverte-open-licence>",
    "dcat:distribution": '[ dct:title "Comptages" ; dcat:accessURL <https://exemple.fr/velos.csv> ]',
}  # fmt: skip
EQUAL = "<https://www.etalab.gouv.fr/licence-ouverte-open-licence> skos:broadMatch <http://publications.europa.eu/resource/authority/licence/CC_BY_4_0> ."


def page(*datasets: dict[str, str]) -> graph.Graph:
    described = "\n".join(f"<https://exemple.fr/{number}> a dcat:Dataset ; " + " ; ".join(f"{name} {value}" for name, value in fields.items() if value) + " ." for number, fields in enumerate(datasets))
    return graph.read((PREFIXES + described + EQUAL).encode("utf-8"), RdfFormat.TURTLE)


def judged(**changes: str) -> Verdict:
    return next(national.judge(page({**WHOLE, **{name.replace("_", ":"): value for name, value in changes.items()}}), RULES, NOW))


def file(**changes: str) -> str:
    stated = {"dct:title": '"Comptages"', "dcat:accessURL": "<https://exemple.fr/velos.csv>", **{name.replace("_", ":"): value for name, value in changes.items()}}
    return "[ " + " ; ".join(f"{name} {value}" for name, value in stated.items() if value) + " ]"


def test_a_whole_dataset_is_taken() -> None:
    verdict = judged()
    assert verdict.status == "taken"
    assert verdict.stored["licence"] == "lov2"
    assert [taken["url"] for taken in verdict.stored["files"]] == ["https://exemple.fr/velos.csv"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"dct_title": ""}, "title_missing", "title"),
        ({"dct_identifier": ""}, "identifier_missing", "identifier"),
        ({"dct_issued": '"hier"'}, "day_unreadable", "issued"),
        ({"dcat_distribution": file(dcat_accessURL="<http://localhost/x>")}, "address_local", "url"),
        ({"dcat_distribution": file(dcat_accessURL="<https://serveur.interne/x>")}, "address_domain", "url"),
        ({"dcat_distribution": file(dcat_byteSize='"douze"')}, "size_no_number", "size"),
        ({"dcat_distribution": file(spdx_checksum='[ spdx:algorithm spdx:checksumAlgorithm_md5 ; spdx:checksumValue "ab"^^xsd:hexBinary ]')}, "checksum_no_text", "hash"),
    ],
)  # fmt: skip
def test_what_is_refused(changes: dict[str, str], code: str, field: str) -> None:
    verdict = judged(**changes)
    assert verdict.status == "refused"
    assert verdict.stored == {}
    assert [(reason.code, reason.field) for reason in verdict.reasons] == [(code, field)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dct_license": "<https://exemple.fr/licence>"}, "licence_unknown"),
        ({"dct_license": ""}, "licence_missing"),
        ({"dct_accrualPeriodicity": '"souvent"'}, "frequency_unknown"),
        ({"dct_modified": '"2027-01-01"^^xsd:date'}, "modified_future"),
        ({"dct_spatial": "<http://id.insee.fr/geo/commune/17300>"}, "place_lost"),
        ({"dcat_keyword": '"ab"'}, "keyword_short"),
        ({"dcat_distribution": f"{file()} , {file()}"}, "address_twice"),
        ({"dcat_distribution": file(dcat_accessURL="")}, "file_no_address"),
        ({"dct_description": ""}, "description_missing"),
    ],
)  # fmt: skip
def test_what_is_lost(changes: dict[str, str], code: str) -> None:
    verdict = judged(**changes)
    assert verdict.status == "loss"
    assert code in {reason.code for reason in verdict.reasons}


def test_an_identifier_counts_once() -> None:
    assert [verdict.status for verdict in national.judge(page(WHOLE, WHOLE), RULES, NOW)] == ["taken", "refused"]
    assert [verdict.status for verdict in european.judge(page(WHOLE, WHOLE))] == ["taken", "refused"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, "taken", None),
        ({"dct:description": ""}, "refused", "description_missing"),
        ({"dct:license": '"libre"'}, "loss", "licence_unknown"),
        ({"dcat:theme": "<https://exemple.fr/theme>"}, "loss", "theme_unknown"),
        ({"dcat:distribution": file(dct_format='"CSV"')}, "loss", "format_unknown"),
        ({"dcat:distribution": file(dcat_accessURL='"velos.csv"')}, "loss", "file_no_address"),
    ],
)
def test_what_europe_makes_of_it(changes: dict[str, str], status: str, code: str | None) -> None:
    verdict = next(european.judge(page({**WHOLE, **changes})))
    assert verdict.status == status
    assert code is None or code in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize(
    ("address", "why"),
    [("https://exemple.fr/été?x=1", None), ("ftp://a.exemple.fr:2121/", None), ("x.csv", "malformed"), ("file://exemple.fr/x", "scheme"), ("http://exemple.lan/", "domain"), ("http://192.168.1.1/", "local")],
)
def test_addresses(address: str, why: str | None) -> None:
    assert fault(address, RULES.tops) == why


def test_a_hostile_address_takes_no_time() -> None:
    import time

    begun = time.monotonic()
    for address in ("http://" + "a-" * 3000 + "!", "http://" + "a" * 7000 + "!", "http://a" + ".a" * 3000 + " "):
        fault(address, RULES.tops)
    assert time.monotonic() - begun < 2


def test_what_is_no_feed_says_so() -> None:
    with pytest.raises(SyntaxError):
        graph.read(b"<html>", RdfFormat.RDF_XML)


def test_datatypes_are_read_as_programs_read_them() -> None:
    read = page({**WHOLE, "dct:issued": '"2024-02-30"^^xsd:date', "dct:modified": '"2024-02-03T10:00:00Z"^^xsd:dateTime'})
    values: list[Any] = [graph.plain(term) for name in ("dct:issued", "dct:modified") if (term := read.first(read.of_type("dcat:Dataset")[0], name))]
    assert values == ["2024-02-30", datetime(2024, 2, 3, 10, tzinfo=timezone.utc)]
