"""A source's records as datasets of the portal, and what tells that they would be read otherwise than the last time."""
from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import Any

import ckan.model as model
import ckanext.tzc.harvesters
import ckanext.tzc.schemas
from ckan.plugins import PluginImplementations
from ckanext.harvest.interfaces import IHarvester
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import Client, Limits
from ckanext.tzc.harvesters.record import Record

from .. import mapping, sources


@dataclasses.dataclass(frozen=True)
class Origin:
    """A source while it is worked on. `shown` is the source without what opens it, for reading records and for addresses that people see."""

    id: str
    title: str
    harvester: base.Harvester
    limits: Limits
    asked: base.Source
    shown: base.Source
    owner: str | None
    reading: str

    def client(self) -> Client:
        """What asks this source."""
        internal = self.asked.settings.get("allow_internal") is True
        return Client(allow_internal=internal, limits=self.limits, headers=self.harvester.headers(self.asked))

    def setting(self, name: str) -> Any:
        """What the source's configuration says."""
        return self.asked.settings.get(name)


def origin(source_id: str) -> Origin:
    """A source of one of our kinds."""
    source, package = HarvestSource.get(source_id), model.Package.get(source_id)
    kind = next(plugin for plugin in PluginImplementations(IHarvester) if plugin.info()["name"] == source.type)
    settings = sources.settings(source.config)
    asked, shown = base.Source(source.url, settings), base.Source(sources.without_password(source.url), settings)
    told = "\0".join((_code(), source.type, source.url, source.config or "", package.owner_org or "", repr(territory().commune_names)))
    reading = hashlib.sha256(told.encode()).hexdigest()
    return Origin(source.id, package.title or package.name, kind.harvester, kind.limits, asked, shown, package.owner_org, reading)


@functools.cache
def _code() -> str:
    """A hash of what reads records: what was read by other code or other vocabularies is read again."""
    read = hashlib.sha256()
    folders = [Path(folder) for module in (ckanext.tzc.harvesters, ckanext.tzc.schemas) for folder in module.__path__]
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in {".py", ".yaml"}]
    for file in (*files, Path(mapping.__file__)):
        read.update(file.read_bytes())
    return read.hexdigest()


def prepared(record: Record, source: Origin) -> dict[str, Any]:
    """The dataset of a record, without id and name."""
    return mapping.dataset(record, source.owner, source.harvester.record_address(source.shown, record.identifier))


def merged(given: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """What the source says, in the place of what it said; with the address, the files' identities, and what people added here."""
    known = {resource["url"]: resource["id"] for resource in stored.get("resources", [])}
    resources = [{**resource, **({"id": known[resource["url"]]} if resource["url"] in known else {})} for resource in given.get("resources", [])]
    kept = {field: stored[field] for field in mapping.TERRITORY_FIELDS if stored.get(field)}
    # a dataset that was hidden here stays so
    hidden = {"access_level": "confidential"} if stored.get("access_level") == "confidential" else {}
    return {**kept, **given, **hidden, "resources": resources, "id": stored["id"], "name": stored["name"], "state": "active"}
