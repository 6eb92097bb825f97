"""The territory's DCAT profile: what ckanext-dcat's own profiles leave out, beside them."""
from __future__ import annotations

import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.dcat.profiles import RDFProfile
from ckanext.dcat.profiles.base import DCAT, DCATAP, DCT, FOAF, RDF, SKOS
from ckanext.tzc.common.territory import territory
from ckanext.tzc.schemas import vocabulary
from rdflib import BNode, Literal, Namespace, URIRef

from tzc.catalogue import keywords

MEDIA = "http://www.iana.org/assignments/media-types/"
"""IRIs of media types, by name."""

COMMUNE = "http://id.insee.fr/geo/commune/"
"""IRIs of the national statistics institute for communes, by INSEE code."""

ELI = Namespace("http://data.europa.eu/eli/ontology#")

HVD_REGULATION = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
"""Commission Implementing Regulation (EU) 2023/138, which lists the high-value datasets."""


WKT = URIRef("http://www.opengis.net/ont/geosparql#wktLiteral")
THEMES = URIRef("http://publications.europa.eu/resource/authority/data-theme")
METADATA_LICENCE = "lov2"
"""Under which the catalogue itself may be used: the state's own, which public bodies may choose freely."""


class TerritoryProfile(RDFProfile):  # type: ignore[misc] -- ckanext-dcat has no types
    """Access rights from the access level, licence from our registry, communes as places."""

    def graph_from_catalog(self, catalog_dict: dict[str, Any], catalog_ref: URIRef) -> None:
        """What DCAT-AP asks of a catalogue: publisher, languages and themes as IRIs, licence, place, first day."""
        place = territory()
        base = tk.config["ckan.site_url"].rstrip("/")
        publisher, licence = URIRef(f"{base}/about#publisher"), URIRef(next(entry["uri"] for entry in vocabulary("licence") if entry["code"] == METADATA_LICENCE))
        languages = [URIRef(entry["uri"]) for entry in vocabulary("language") if entry["iso"] in place.languages]
        for predicate in (DCT.language, DCT.title, DCT.description):
            self.g.remove((catalog_ref, predicate, None))
        box = place.bounding_box
        corners = ((box.west, box.south), (box.east, box.south), (box.east, box.north), (box.west, box.north), (box.west, box.south))
        polygon = f"POLYGON(({', '.join(f'{east} {north}' for east, north in corners)}))"
        where = BNode()
        first = model.Session.query(sa.func.min(model.Package.metadata_created)).filter_by(state="active", private=False, type="dataset").scalar()
        for statement in (
            *((page, RDF.type, FOAF.Document) for page in self.g.objects(catalog_ref, FOAF.homepage)),
            (catalog_ref, DCT.publisher, publisher),
            (publisher, RDF.type, FOAF.Agent),
            *((publisher, FOAF.name, Literal(text, lang=language)) for language, text in place.contact["name"].items()),
            (publisher, FOAF.mbox, URIRef(f"mailto:{place.contact['email']}")),
            *((catalog_ref, DCT.language, language) for language in languages),
            *((language, RDF.type, DCT.LinguisticSystem) for language in languages),
            *((catalog_ref, DCT.title, Literal(text, lang=language)) for language, text in place.name.items()),
            *((catalog_ref, DCT.description, Literal(text, lang=language)) for language, text in place.tagline.items()),
            (catalog_ref, DCAT.themeTaxonomy, THEMES),
            (THEMES, RDF.type, SKOS.ConceptScheme),
            (THEMES, DCT.title, Literal("Data theme", lang="en")),
            (catalog_ref, DCT.license, licence),
            (licence, RDF.type, DCT.LicenseDocument),
            (catalog_ref, DCT.spatial, where),
            (where, RDF.type, DCT.Location),
            (where, DCAT.bbox, Literal(polygon, datatype=WKT)),
            *([(catalog_ref, DCT.issued, Literal(first.date()))] if first else []),
        ):
            self.g.add(statement)

    def graph_from_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """Add to the graph."""
        level = next((entry for entry in vocabulary("access-level") if entry["code"] == dataset_dict.get("access_level")), None)
        if level:
            self.g.set((dataset_ref, DCT.accessRights, URIRef(level["right"])))
            self.g.add((URIRef(level["right"]), RDF.type, DCT.RightsStatement))
        licence = next((entry for entry in vocabulary("licence") if entry["code"] == dataset_dict.get("license_id") and entry["uri"]), None)
        if licence:
            for distribution in self.g.objects(dataset_ref, DCAT.distribution):
                self.g.set((distribution, DCT.license, URIRef(licence["uri"])))
            self.g.add((URIRef(licence["uri"]), RDF.type, DCT.LicenseDocument))
            if licence.get("eu"):
                self.g.add((URIRef(licence["uri"]), SKOS.exactMatch, URIRef(licence["eu"])))
        for distribution in self.g.objects(dataset_ref, DCAT.distribution):
            self._name_formats(distribution)
        self._give_addresses(dataset_dict, dataset_ref)
        if _values(dataset_dict.get("hvd_category")):
            # DCAT-AP for high-value datasets wants it of the dataset and of each distribution
            for subject in (dataset_ref, *self.g.objects(dataset_ref, DCAT.distribution)):
                self.g.add((subject, DCATAP.applicableLegislation, URIRef(HVD_REGULATION)))
            self.g.add((URIRef(HVD_REGULATION), RDF.type, ELI.LegalResource))
        names = territory().commune_names
        for code in _values(dataset_dict.get("communes")):
            if code in names:
                place = URIRef(COMMUNE + code)
                self.g.add((dataset_ref, DCT.spatial, place))
                self.g.add((place, RDF.type, DCT.Location))
                self.g.add((place, SKOS.prefLabel, Literal(names[code])))

    def _give_addresses(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """The dataset's page, the address of each uploaded file's bytes, addresses of e-mail as such."""
        if self.g.value(dataset_ref, DCAT.landingPage) is None:
            page = URIRef(f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/{dataset_dict['name']}")
            self.g.add((dataset_ref, DCAT.landingPage, page))
            self.g.add((page, RDF.type, FOAF.Document))
        uploads = {resource["url"] for resource in dataset_dict.get("resources", []) if resource.get("url_type") == "upload"}
        for distribution in self.g.objects(dataset_ref, DCAT.distribution):
            for file in [value for value in self.g.objects(distribution, DCAT.accessURL) if str(value) in uploads]:
                self.g.add((distribution, DCAT.downloadURL, file))
        for agent in {*self.g.objects(dataset_ref, DCT.publisher), *self.g.objects(dataset_ref, DCT.creator)}:
            for mailbox in [value for value in self.g.objects(agent, FOAF.mbox) if isinstance(value, Literal)]:
                self.g.remove((agent, FOAF.mbox, mailbox))
                self.g.add((agent, FOAF.mbox, URIRef(f"mailto:{mailbox}")))

    def _name_formats(self, distribution: Any) -> None:
        """Format and media type as IRIs of the vocabularies, as DCAT-AP wants them; a format that none of them knows is left out."""
        stated = [str(value) for value in self.g.objects(distribution, DCT["format"])]
        media = [str(value) for value in self.g.objects(distribution, DCAT.mediaType)]
        known = next((entry for value in (*stated, *media) if (entry := _file_type(value))), None)
        for predicate in (DCT["format"], DCAT.mediaType):
            for value in list(self.g.objects(distribution, predicate)):
                if isinstance(value, Literal):
                    self.g.remove((distribution, predicate, value))
        if known:
            self.g.set((distribution, DCT["format"], URIRef(known["uri"])))
            self.g.add((URIRef(known["uri"]), RDF.type, DCT.MediaTypeOrExtent))
        if known and known["media"]:
            self.g.set((distribution, DCAT.mediaType, URIRef(MEDIA + known["media"])))
            self.g.add((URIRef(MEDIA + known["media"]), RDF.type, DCT.MediaType))

    def parse_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> dict[str, Any]:
        """Read back what `graph_from_dataset` writes, and give what a harvested dataset must have."""
        rights = str(self.g.value(dataset_ref, DCT.accessRights) or "")
        # two levels share one right: the stricter is taken
        level = next((entry["code"] for entry in reversed(vocabulary("access-level")) if entry["right"] == rights), "open")
        codes = [str(place).removeprefix(COMMUNE) for place in self.g.objects(dataset_ref, DCT.spatial) if str(place).startswith(COMMUNE)]
        dataset_dict["access_level"] = "open" if level == "confidential" else level
        if codes:
            dataset_dict["communes"] = sorted(code for code in codes if code in territory().commune_names)
        # with their accents, which CKAN's own cleaning takes away; each once, as two may be alike when tamed
        words = dict.fromkeys(keywords.tamed(str(tag["name"])) for tag in dataset_dict.get("tags", []))
        dataset_dict["tags"] = [{"name": word} for word in words if word]
        for resource in dataset_dict.get("resources", []):
            known = _file_type(resource.get("format") or "") or _file_type(resource.get("mimetype") or "")
            if known:
                resource["format"], resource["mimetype"] = known["label"]["en"] if known["code"] != "HTML" else "HTML", known["media"]
        if not dataset_dict.get("license_id"):
            dataset_dict["license_id"] = self._known_licence(dataset_ref) or "notspecified"
        return dataset_dict

    def _known_licence(self, dataset_ref: URIRef) -> str | None:
        stated = {str(self.g.value(distribution, DCT.license)) for distribution in self.g.objects(dataset_ref, DCAT.distribution)}
        stated.add(str(self.g.value(dataset_ref, DCT.license)))
        stated = {uri.rstrip("/").replace("https://", "http://") for uri in stated}
        for entry in vocabulary("licence"):
            ours = {uri.rstrip("/").replace("https://", "http://") for uri in (entry["uri"], entry.get("eu", "")) if uri}
            if ours & stated:
                return str(entry["code"])
        return None


def _values(value: Any) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return value if isinstance(value, list) else []


def _file_type(stated: str) -> dict[str, Any] | None:
    """The vocabulary's entry for a format as somebody wrote it: a name, a media type or an IRI of either."""
    short = stated.removeprefix(MEDIA).rpartition("/file-type/")[2].strip().lower()
    same = {"shapefile": "shp", "turtle": "rdf_turtle", "rdf": "rdf_xml", "excel": "xlsx", "jpg": "jpeg", "txt/csv": "csv"}
    short = same.get(short, short)
    if not short:
        return None
    return next((entry for entry in vocabulary("file-type") if short in {entry["code"].lower(), entry["media"]}), None)
