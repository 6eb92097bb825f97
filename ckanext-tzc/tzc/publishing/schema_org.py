"""A dataset in schema.org's words, for search engines: what Google's and others' dataset search read of a page.

Source: https://schema.org/Dataset, and https://developers.google.com/search/docs/appearance/structured-data/dataset, read 2026-11.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tzc.catalogue.quality import is_harvested
from tzc.rights.things import is_for_all

from .mapping import World, subject_of
from .terms import clean, entries, iri, moment, number, values

LONGEST = 5000
"""Characters of a description that are read."""


def structured(dataset: Mapping[str, Any], world: World, catalogue: str) -> str:
    """The JSON-LD of a public dataset, safe between script tags. `dataset` as `package_show` gives it; `catalogue` is the portal's name."""
    page = f"{world.base}/dataset/{dataset['name']}"
    organisation = dataset.get("organization") or {}
    moment_now = datetime.now(timezone.utc)
    files = [resource for resource in dataset.get("resources") or [] if is_for_all(dataset, resource, moment_now)]
    licence = world.licences.get(clean(dataset.get("license_id")))
    told: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": subject_of(dataset, world.base).value,
        "url": page,
        "name": clean(dataset.get("title")),
        "description": clean(dataset.get("notes"))[:LONGEST] or clean(dataset.get("title")),
        "identifier": clean(dataset.get("identifier")) or dataset["id"],
        "keywords": [clean(tag.get("name") if isinstance(tag, Mapping) else tag) for tag in dataset.get("tags") or []],
        "license": licence.uri if licence else None,
        "isAccessibleForFree": is_for_all(dataset, None, moment_now),
        "datePublished": _day(dataset.get("issued")) or _day(dataset.get("metadata_created")),
        "dateModified": _past(_day(dataset.get("modified")), moment_now) or _day(dataset.get("metadata_modified")),
        "version": clean(dataset.get("version")),
        "temporalCoverage": [f"{start or '..'}/{end or '..'}" for start, end in _periods(dataset) if start or end],
        "spatialCoverage": _places(dataset, world),
        "conformsTo": [address.value for stated in values(dataset.get("conforms_to")) if (address := iri(stated)) is not None],
        "publisher": {"@type": "Organization", "name": clean(organisation.get("title")) or clean(organisation.get("name"))} if organisation else None,
        "includedInDataCatalog": {"@type": "DataCatalog", "name": catalogue, "url": f"{world.base}/"},
        "distribution": [_download(resource) for resource in files],
    }
    return json.dumps({name: value for name, value in told.items() if value not in (None, "", [])}, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")


def _places(dataset: Mapping[str, Any], world: World) -> list[dict[str, Any]]:
    """Communes by name; without them the whole territory, as the feed says, unless another catalogue says something else."""
    names = [world.communes[code] for code in values(dataset.get("communes")) if isinstance(code, str) and code in world.communes]
    if not names and world.whole and not dataset.get("spatial_coverage") and not is_harvested(dataset):
        names = [world.whole[0]]
    return [{"@type": "Place", "name": name} for name in names]


def _download(resource: Mapping[str, Any]) -> dict[str, Any]:
    address = iri(resource.get("download_url")) or iri(resource.get("url"))
    size = number(resource.get("size"))
    told = {
        "@type": "DataDownload", "name": clean(resource.get("name")), "encodingFormat": clean(resource.get("mimetype")) or clean(resource.get("format")),
        "contentUrl": address.value if address else None, "contentSize": f"{size.value} B" if size else None,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _day(stated: Any) -> str:
    found = moment(stated.isoformat() if hasattr(stated, "isoformat") else stated)
    return found.value if found else ""


def _past(day: str, now: datetime) -> str:
    """A day, or the part of one that is known, unless it is to come: nothing was changed then yet."""
    return day if day[:10] <= now.date().isoformat() else ""


def _periods(dataset: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(_day(period.get("start")), _day(period.get("end"))) for period in entries(dataset.get("temporal_coverage"))]
