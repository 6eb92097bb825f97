"""ckanext-dcat's profile of this portal: its own documents say what the feeds say, and its harvester reads back what another such portal publishes."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ckanext.dcat.profiles import EuropeanDCATAP3Profile
from ckanext.dcat.profiles.base import DCAT, DCT
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters import formats
from ckanext.tzc.schemas import vocabulary
from pyoxigraph import Triple
from rdflib import URIRef

from tzc.catalogue import keywords
from tzc.publishing import mapping
from tzc.publishing.catalogue import catalogue_triples
from tzc.publishing.for_rdflib import term
from tzc.publishing.mapping import COMMUNE, LIMITATION
from tzc.publishing.terms import PREFIXES, values

from . import stored
from .world import catalogue, world

HIGH_VALUE = "http://data.europa.eu/bna/"


class TerritoryProfile(EuropeanDCATAP3Profile):  # type: ignore[misc] -- ckanext-dcat has no types
    """Writes what the feeds say; reads DCAT-AP as ckanext-dcat does, and our own terms besides."""

    def graph_from_catalog(self, catalog_dict: dict[str, Any], catalog_ref: URIRef) -> None:
        """What our feed says of the catalogue."""
        self._write(catalogue_triples(catalogue(None, None)))

    def graph_from_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """What our feed says of a dataset."""
        known = {**dataset_dict, "quality": stored.scores([dataset_dict["id"]]).get(dataset_dict["id"])}
        self._write(mapping.describe(known, world(), datetime.now(timezone.utc)).triples)

    def _write(self, triples: Iterable[Triple]) -> None:
        for prefix, namespace in PREFIXES.items():
            self.g.bind(prefix, namespace)
        for triple in triples:
            self.g.add((term(triple.subject), term(triple.predicate), term(triple.object)))

    def parse_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> dict[str, Any]:
        """Read back what `graph_from_dataset` writes, and give what a harvested dataset must have."""
        super().parse_dataset(dataset_dict, dataset_ref)
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
            known = formats.known(resource.get("format") or "") or formats.known(resource.get("mimetype") or "")
            if known:
                resource["format"], resource["mimetype"] = known
            stated = self.g.predicate_objects(URIRef(resource.get("uri") or ""))
            levels = {str(value).rpartition("#")[2] for predicate, value in stated if str(predicate).endswith("/vocabulary#accessLevel")}
            if own := sorted(levels & {"registered", "restricted"}):
                resource["access_level"] = own[-1]
            if str(resource.get("rights") or "").startswith(LIMITATION):
                del resource["rights"]  # it is said by the access level
        if not dataset_dict.get("license_id"):
            dataset_dict["license_id"] = self._known_licence(dataset_ref) or "notspecified"
        if dataset_dict.get("theme"):
            # categories of high-value datasets stand among the themes for data.gouv.fr; they have a field of their own
            dataset_dict["theme"] = [theme for theme in values(dataset_dict["theme"]) if not str(theme).startswith(HIGH_VALUE)]
        if dataset_dict.get("spatial_coverage"):
            # communes have a field of their own
            own = {COMMUNE + code for code in dataset_dict.get("communes", [])}
            dataset_dict["spatial_coverage"] = [place for place in values(dataset_dict["spatial_coverage"]) if not (isinstance(place, dict) and place.get("uri") in own)]
        self._read_own_terms(dataset_dict, dataset_ref)
        return dataset_dict

    def _read_own_terms(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """The territory's terms, of whichever portal of this kind."""
        stated: dict[str, list[str]] = {}
        for predicate, value in self.g.predicate_objects(dataset_ref):
            before, mark, name = str(predicate).rpartition("/vocabulary#")
            if mark and before:
                stated.setdefault(name, []).append(str(value))
        known = {axis.id for axis in territory().axes}
        axes = sorted({value.rpartition("/")[2] for value in stated.get("axis", [])} & known)
        if axes:
            dataset_dict["axis"] = axes
        levels = {value.rpartition("#")[2] for value in stated.get("accessLevel", [])} & {"open", "registered", "restricted"}
        if levels:
            dataset_dict["access_level"] = max(levels, key=["open", "registered", "restricted"].index)
        if (available := self.g.value(dataset_ref, DCT.available)) is not None:
            dataset_dict["embargo"] = str(available)
        personal = next((entry["code"] for entry in vocabulary("personal-data") if entry["uri"] in stated.get("personalData", [])), None)
        single = {"late_after_days": "lateAfterDays", "update_promise": "updatePromise", "source_system": "sourceSystem"}
        dataset_dict.update({field: stated[name][0] for field, name in single.items() if name in stated})
        if personal:
            dataset_dict["personal_data"] = personal

    def _known_licence(self, dataset_ref: URIRef) -> str | None:
        stated = {str(self.g.value(distribution, DCT.license)) for distribution in self.g.objects(dataset_ref, DCAT.distribution)}
        stated.add(str(self.g.value(dataset_ref, DCT.license)))
        stated = {uri.rstrip("/").replace("https://", "http://") for uri in stated}
        for entry in vocabulary("licence"):
            ours = {uri.rstrip("/").replace("https://", "http://") for uri in (entry["uri"], entry.get("eu", "")) if uri}
            if ours & stated:
                return str(entry["code"])
        return None
