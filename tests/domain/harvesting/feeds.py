"""The datasets of the reference feeds, as our readers read them."""
from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from pathlib import Path

from ckanext.tzc.harvesters import base, rdf, xml
from ckanext.tzc.harvesters.partners import ckan, dcat, dcat_feed, iso19139
from ckanext.tzc.harvesters.record import Record
from pyoxigraph import RdfFormat, parse

from tests.conftest import REFERENCE

FEEDS = REFERENCE / "feeds"
FORMS = {".xml": RdfFormat.RDF_XML, ".jsonld": RdfFormat.JSON_LD}


@lru_cache(maxsize=1)
def read() -> tuple[tuple[str, Record], ...]:
    """The name of the feed and the record, before the repairs that all kinds share; none where the feeds are not at hand."""
    if not FEEDS.is_dir():
        return ()
    found: list[tuple[str, Record]] = []
    for package in json.loads((FEEDS / "ckan-data-dkan-french-w-license.json").read_bytes())["result"]:
        found.append(("dkan", ckan.read(package, "https://opendata.hautsdefrance.fr")))
    root = xml.parse((FEEDS / "csw_dcat-geonetwork-iso19139-page-1.xml").read_bytes())
    found += [("csw", iso19139.read(element)) for element in root.iter("{http://www.isotc211.org/2005/gmd}MD_Metadata")]
    for file in sorted(FEEDS.glob("dcat-*")):
        found += [(file.name, record) for record in _dcat(file)]
    return tuple(found)


def normalised() -> list[Record]:
    """The same after them."""
    return [base.normalise(record) for _, record in read()]


def _dcat(file: Path) -> list[Record]:
    graph = rdf.Graph(quad.triple for quad in parse(file.read_bytes(), format=FORMS[file.suffix], base_iri="http://data.test.org/", lenient=True))
    datasets = dcat_feed._datasets(graph)
    items = [dcat_feed._item(graph, node, frozenset(datasets)) for node in datasets]
    return [dcat.read(rdf.read_back(item.content)) for item in items if item.content]


def plain(record: Record) -> dict[str, object]:
    """As a mapping."""
    return dataclasses.asdict(record)
