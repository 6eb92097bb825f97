"""A record as a dataset of our schema."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters.licences import OWN_CONDITIONS
from ckanext.tzc.harvesters.record import Agent, Box, Note, Record, Resource

from tzc.harvesting import repair, threeway
from tzc.harvesting.mapping import keeps

from . import contents, mappings

TERRITORY_FIELDS = ("axis", "personal_data", "late_after_days", "update_promise", "source_system", "merged_from")
"""What no catalogue says, and people add here, or a merge: kept when the source changes."""


def located(record: Record) -> Record:
    """The record with the communes of the territory that its places name; as it came where it says communes itself, or is about elsewhere."""
    here = territory()
    if any(code in here.commune_names for code in record.communes) or (record.box and not _touches(record.box, here.bounding_box)):
        return record
    found = repair.communes(record.places, here.commune_names)
    notes = (Note(repair.COMMUNE, words) for words in found.values())
    return dataclasses.replace(record, communes=(*record.communes, *found), notes=(*record.notes, *notes)) if found else record


def _touches(box: Box, other: Any) -> bool:
    return box.west <= other.east and other.west <= box.east and box.south <= other.north and other.south <= box.north


@dataclasses.dataclass(frozen=True)
class Prepared:
    """The dataset of a record, without id and name, and what was mended and mapped on the way."""

    dataset: dict[str, Any]
    notes: tuple[Note, ...]


def prepared(record: Record, owner: str | None, address: str, using: Mapping[str, Any], formats: Mapping[str, str]) -> Prepared:
    """A record as a dataset, after the repairs that need the territory or what was found in files (`contents.remembered`), by the source's mapping (`mappings.in_force`).

    `mappings.LeftOutError` for one that a filter leaves out.
    """
    applied = mappings.apply(located(contents.known_better(record, formats)), using)
    made = dataset(applied.record, owner, address)
    return Prepared({**made, "axis": list(applied.axes)} if applied.axes else made, applied.record.notes)


def merged(given: dict[str, Any], stored: dict[str, Any], former: Mapping[str, Any], using: Mapping[str, Any]) -> threeway.Merged:
    """What is to be written to a dataset that is there: what the source says now, with the address, the files' identities, what only people here say, and edits made here.

    `former` holds what the source gave before (`given`) and, where that was kept, what stood here then (`written`); without it what the source says counts. `using` is the
    source's mapping, which may say whose word counts.
    """
    ours = described(stored)
    before, written = former.get("given"), former.get("written")
    if before is None:
        # where it is not known what was given before, what the source says now counts, and what it does not say stays
        written = {field: ours.get(field) for field in (*given, "resources")}
        before = {**written, "resources": []}
    told = threeway.merged(before, given, ours, written=written, keep=keeps(using), alone=TERRITORY_FIELDS)
    # a dataset that was hidden here stays so, and one that is a draft: a person publishes it
    hidden = {"access_level": "confidential"} if stored.get("access_level") == "confidential" else {}
    state = stored["state"] if stored["state"].startswith("draft") else "active"
    wanted = {**told.dataset, **hidden, "id": stored["id"], "name": stored["name"], "state": state}
    return dataclasses.replace(told, dataset=wanted)


def described(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Of a dataset as `package_show` gives it, what somebody can have written."""
    schema = tk.h.scheming_get_dataset_schema("dataset")
    fields = {field["field_name"] for field in schema["dataset_fields"]} | {"tags"}
    of_file = {field["field_name"] for field in schema["resource_fields"]} | {"id", "url_type"}
    files = [{key: value for key, value in file.items() if key in of_file} for file in shown.get("resources") or []]
    return {**{key: value for key, value in shown.items() if key in fields}, "resources": files}


def dataset(record: Record, owner: str | None, address: str) -> dict[str, Any]:
    """The dataset of a record, without id and name; what is empty is left out. `address` is where the record is, for one that has no page."""
    fields = {
        "type": "dataset",
        "title": record.title,
        "notes": record.description,
        "owner_org": owner,
        "license_id": record.licence,
        "access_level": record.access,
        "access_rights": record.access_rights,
        "url": record.address or address,
        "identifier": record.identifier,
        "alternate_identifier": list(record.other_identifiers),
        "was_derived_from": list(record.derived_from),
        "tags": [{"name": word} for word in record.keywords],
        "theme": list(record.themes),
        "language": list(record.languages),
        "frequency": record.frequency,
        "issued": record.issued,
        "modified": record.modified,
        "temporal_coverage": [_filled({"start": period.start, "end": period.end}) for period in record.periods],
        "communes": [code for code in record.communes if code in territory().commune_names],
        "hvd_category": list(record.high_value),
        "applicable_legislation": list(record.legislation),
        "spatial_coverage": _places(record.places, record.box),
        "contact": _agents(record.contact),
        "publisher": _agents(record.publisher),
        "provenance": record.provenance,
        "version": record.version,
        "conforms_to": list(record.conforms_to),
        "documentation": list(record.documentation),
        "resources": [_resource(resource, _rights(record)) for resource in record.resources],
        "extras": [{"key": "guid", "value": record.identifier}, *_extras(record)],
    }
    return _filled(fields)


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in ("", None, [], {})}


def _agents(agent: Agent | None) -> list[dict[str, Any]]:
    return [_filled({"name": agent.name, "email": agent.email, "url": agent.url})] if agent else []


def _places(names: tuple[str, ...], box: Box | None) -> list[dict[str, Any]]:
    """Names of places; the rectangle with the first of them."""
    places: list[dict[str, Any]] = [{"text": name} for name in names]
    if box:
        corners = [[box.west, box.south], [box.east, box.south], [box.east, box.north], [box.west, box.north], [box.west, box.south]]
        places = places or [{}]
        places[0]["bbox"] = json.dumps({"type": "Polygon", "coordinates": [corners]})
    return places


def _rights(record: Record) -> str:
    """Limits of use in words; also a licence that is none of ours, so that it is not lost."""
    stated = record.licence_stated if record.licence == OWN_CONDITIONS else ""
    return "\n\n".join(dict.fromkeys(filter(None, (stated, *record.limits))))


def _resource(resource: Resource, rights: str) -> dict[str, Any]:
    return _filled(
        {
            "url": resource.url,
            "name": resource.name,
            "description": resource.description,
            "format": resource.format,
            "mimetype": resource.media,
            "size": resource.size,
            "issued": resource.issued,
            "modified": resource.modified,
            "rights": rights,
        }
    )


def _extras(record: Record) -> list[dict[str, str]]:
    """What the catalogue says besides; a name that is one of our fields cannot stand there too."""
    fields = {field["field_name"] for field in tk.h.scheming_get_dataset_schema("dataset")["dataset_fields"]}
    return [{"key": key, "value": value} for key, value in record.extras if key not in fields | {"guid"}]
