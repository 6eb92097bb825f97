"""Published datasets as the database holds them, many at a time: what `package_show` would say, without asking it for each."""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import ckan.model as model
import sqlalchemy as sa
from ckan.lib.munge import munge_filename

from tzc.catalogue.quality import DIMENSIONS
from tzc.publishing.vocabulary import metrics

PACKAGES = sa.text("""
    SELECT id, name, title, notes, url, version, license_id, owner_org, metadata_created, metadata_modified, extras
    FROM package WHERE id = ANY(:ids) AND state = 'active' AND NOT private AND extras ->> 'archived' IS NULL AND type = 'dataset' ORDER BY metadata_created, id
""")
RESOURCES = sa.text("""
    SELECT id, package_id, url, url_type, format, description, hash, name, mimetype, size, created, metadata_modified, extras
    FROM resource WHERE package_id = ANY(:ids) AND state = 'active' ORDER BY package_id, position, id
""")
TAGS = sa.text("""
    SELECT package_tag.package_id, tag.name FROM package_tag JOIN tag ON tag.id = package_tag.tag_id
    WHERE package_tag.package_id = ANY(:ids) AND package_tag.state = 'active' AND tag.vocabulary_id IS NULL ORDER BY package_tag.package_id, tag.name
""")
ORGANISATIONS = sa.text("""SELECT id, name, title, extras FROM "group" WHERE id = ANY(:ids) AND is_organization AND state = 'active'""")
SOURCES = sa.text("""
    SELECT DISTINCT ON (harvest_object.package_id) harvest_object.package_id, harvest_source.id, harvest_source.url, harvest_source.config,
        (SELECT mapping -> 'redistribution' -> 'allowed' FROM tzc_harvesting_mapping WHERE source_id = harvest_source.id ORDER BY number DESC LIMIT 1) AS allowed
    FROM harvest_object JOIN harvest_source ON harvest_source.id = harvest_object.harvest_source_id
    WHERE harvest_object.current AND harvest_object.package_id = ANY(:ids) ORDER BY harvest_object.package_id, harvest_object.gathered DESC
""")
"""Sources of harvests, and whether their mapping (the harvesting room's table) lets their datasets go on; who saves one touches the source, which a trigger notes."""

SCORES = sa.text("SELECT package_id, score, dimensions FROM tzc_quality_score WHERE package_id = ANY(:ids) AND score IS NOT NULL AND dimensions IS NOT NULL")
"""The quality room's table; a trigger notes where it changes."""

Dataset = dict[str, Any]


def read(ids: Iterable[str], base: str) -> dict[str, Dataset]:
    """Those of the datasets that a stranger may see, by id; each with its `resources`, `tags`, `organization`, score (`quality`) and, when harvested, where it came from."""
    wanted = {"ids": list(ids)}
    execute = model.Session.execute
    datasets = {row.id: _flat(row) for row in execute(PACKAGES, wanted)}
    for row in execute(RESOURCES, wanted):
        if row.package_id in datasets:
            datasets[row.package_id]["resources"].append(_resource(row, base))
    for row in execute(TAGS, wanted):
        if row.package_id in datasets:
            datasets[row.package_id]["tags"].append(row.name)
    owners = {dataset["owner_org"] for dataset in datasets.values() if dataset["owner_org"]}
    organisations = {row.id: {**(row.extras or {}), "id": row.id, "name": row.name, "title": row.title} for row in execute(ORGANISATIONS, {"ids": list(owners)})} if owners else {}
    for dataset in datasets.values():
        dataset["organization"] = organisations.get(dataset["owner_org"])
    for row in execute(SOURCES, wanted):
        if row.package_id in datasets:
            datasets[row.package_id].update(harvest_source_id=row.id, harvest_source_url=row.url, redistributed=redistributed(row.config, row.allowed))
    for package_id, points in scores(datasets).items():
        datasets[package_id]["quality"] = points
    return datasets


def scores(ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """Points by metric, by dataset; of those whose score is computed."""
    wanted = {"ids": list(ids)}
    # in an order of ours: a JSON column has its own
    return {row.package_id: metrics(row.score, {name: row.dimensions[name] for name in DIMENSIONS}) for row in model.Session.execute(SCORES, wanted)} if wanted["ids"] else {}


def redistributed(config: str | None, allowed: bool | None = None) -> bool:
    """Whether what a source gave is given on to national portals: not, unless its mapping or its settings say so, as they may have it from there."""
    if allowed is not None:
        return allowed
    try:
        settings = json.loads(config or "{}")
    except ValueError:
        return False
    return isinstance(settings, dict) and settings.get("redistribute") is True


def _flat(row: Any) -> Dataset:
    plain = {name: value for name, value in row._mapping.items() if name != "extras"}
    return {**(row.extras or {}), **plain, "resources": [], "tags": []}


def _resource(row: Any, base: str) -> Mapping[str, Any]:
    plain = {name: value for name, value in row._mapping.items() if name != "extras"}
    extras = row.extras if isinstance(row.extras, dict) else json.loads(row.extras or "{}")
    return {**extras, **plain, "url": _address(row, base)}


def _address(row: Any, base: str) -> str:
    """An upload is stored by its name, an address perhaps without its protocol: as CKAN shows them."""
    url = row.url or ""
    if row.url_type == "upload":
        return f"{base}/dataset/{row.package_id}/resource/{row.id}/download/{quote(munge_filename(url.rsplit('/')[-1]))}"
    try:
        return url if not url or urlsplit(url).scheme else "http://" + url.lstrip("/")
    except ValueError:
        return url
