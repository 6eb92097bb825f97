"""A source's records as datasets of the portal, and what tells that they would be read otherwise than the last time."""
from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import ckanext.tzc.harvesters
import ckanext.tzc.schemas
import sqlalchemy as sa
from ckan.plugins import PluginImplementations
from ckanext.harvest.interfaces import IHarvester
from ckanext.harvest.model import HarvestObject, HarvestObjectExtra, HarvestSource
from ckanext.tzc.common import credentials
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.record import Note, Record

import tzc.harvesting
from tzc.harvesting import repair, threeway
from tzc.hosts import host_of

from .. import contents, mapping, mappings, sources
from . import store


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
    mapping: Mapping[str, Any]
    """What the source's mapping says while this run goes on."""

    def client(self) -> Client:
        """What asks this source, once it is let in."""
        return Client(allow_internal=self.is_internal, limits=self.within(), home=self.asked.address, accept=self.harvester.accept)

    def let_in(self, client: Client) -> None:
        """Have the client tell what the source's server asks for. FetchError, see `opened`."""
        client.headers = self.harvester.headers(self.opened())

    def opened(self) -> base.Source:
        """The source with what its credential holds. FetchError where that cannot be had, or would be sent in the open."""
        name = self.setting("credential")
        if not name:
            return self.asked
        if not self.asked.address.lower().startswith("https:") and not self.is_internal:
            raise FetchError(tk._("The credential “%s” is sent by https only.") % name, "plain")
        try:
            _kind, values = credentials.opened(self.owner or "", name, host_of(self.asked.address), sources.CREDENTIALS)
        except credentials.CredentialError as error:
            raise FetchError(tk._("The credential “%s” cannot be used for this server.") % name, error.code) from error
        return dataclasses.replace(self.asked, secret=dict(values))

    @property
    def is_internal(self) -> bool:
        """Whether it may lead into the internal network."""
        return self.asked.settings.get("allow_internal") is True

    def within(self) -> Limits:
        """Its limits. The territory's own servers are asked as fast as they answer."""
        return dataclasses.replace(self.limits, pace=0) if self.is_internal else self.limits

    def setting(self, name: str) -> Any:
        """What the source's configuration says."""
        return self.asked.settings.get(name)


def kind_of(name: str) -> Any:
    """The plugin that is a kind of sources of ours; None for one of another program's, and for one that is not there."""
    return next((plugin for plugin in PluginImplementations(IHarvester) if hasattr(plugin, "harvester") and plugin.info()["name"] == name), None)


def origin(source_id: str) -> Origin:
    """A source of one of our kinds."""
    source, package = HarvestSource.get(source_id), model.Package.get(source_id)
    kind = kind_of(source.type)
    settings = sources.settings(source.config)
    using = mappings.in_force(source_id)
    asked, shown = (base.Source(address, settings, using.get("columns", {})) for address in (source.url, sources.without_password(source.url)))
    told = "\0".join((_code(), source.type, source.url, source.config or "", package.owner_org or "", repr(territory().commune_names), mappings.as_text(using)))
    reading = hashlib.sha256(told.encode()).hexdigest()
    return Origin(source.id, package.title or package.name, kind.harvester, kind.limits, asked, shown, package.owner_org, reading, using)


def is_outdated(run: store.Run) -> bool:
    """Whether a plan waits that would be another now: the source's mapping or configuration, its kind, or the portal's way of reading changed since it was made."""
    if run.state != store.PLANNED:
        return False
    source = HarvestSource.get(run.source_id)
    return source is None or kind_of(source.type) is None or origin(run.source_id).reading != run.reading


@functools.cache
def _code() -> str:
    """A hash of what reads records: what was read by other code or other vocabularies is read again."""
    read = hashlib.sha256()
    folders = [Path(folder) for module in (ckanext.tzc.harvesters, ckanext.tzc.schemas, tzc.harvesting) for folder in module.__path__]
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in {".py", ".yaml"}]
    for file in (*files, Path(mapping.__file__), Path(mappings.__file__)):
        read.update(file.read_bytes())
    return read.hexdigest()


class Records:
    """Records of a source, read together; what was found in their files is asked of the database once for all of them."""

    def __init__(self, source: Origin, contents_of: Mapping[str, str]) -> None:
        self._source = source
        self._read = {identifier: self._one(content) for identifier, content in contents_of.items()}
        self._known = contents.remembered(record for record in self._read.values() if isinstance(record, Record))

    def _one(self, content: str) -> Record | Exception:
        try:
            return base.record_of(self._source.harvester, content, self._source.shown)
        except MemoryError as error:
            # what was read takes its memory as long as it can be traced
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 -- whatever a reader falls over, the other records are no worse
            return error

    def prepared(self, identifier: str) -> mapping.Prepared:
        """The dataset of a record, without id and name, and what was mended and mapped; else the error that it brought about.
        `mappings.LeftOutError` for one that the source's mapping leaves out."""
        record, source = self._read[identifier], self._source
        if isinstance(record, Exception):
            raise record
        return mapping.prepared(record, source.owner, source.harvester.record_address(source.shown, record.identifier), source.mapping, self._known)


def in_its_language(made: mapping.Prepared, source: Origin, known: Any) -> mapping.Prepared:
    """The dataset in the language that its words told the last time, where its new ones tell none: the source never said it, and has not taken it back.

    `known`: the record as `store.items` gives it.
    """
    before = (known.given or {}).get("language")
    if not before or made.dataset.get("language") or any(note.what == "language not understood" for note in made.notes):
        return made
    noted = sa.select(HarvestObjectExtra.value).join(HarvestObject, HarvestObject.id == HarvestObjectExtra.harvest_object_id)
    mine = (HarvestObject.harvest_source_id == source.id, HarvestObject.guid == known.identifier, HarvestObject.current.is_(True), HarvestObjectExtra.key == "mended")
    told = model.Session.execute(noted.where(*mine).limit(1)).scalar()
    guessed = next((value for what, value in json.loads(told or "[]") if what == repair.LANGUAGE), "")
    return dataclasses.replace(made, dataset={**made.dataset, "language": before}, notes=(*made.notes, Note(repair.LANGUAGE, guessed))) if guessed else made


def merged(given: dict[str, Any], stored: dict[str, Any], before: dict[str, Any] | None, source: Origin, taken_over: Sequence[str] = ()) -> threeway.Merged:
    """What is to be written to a dataset that is there; `before` is what the source gave the last time. Edits made here stay until the source changes what was edited.

    `taken_over`: identifiers that it got by a merge: they are no edit, and stay whatever the source says.
    """
    others = [name for name in stored.get("alternate_identifier") or [] if name not in taken_over]
    told = mapping.merged(given, {**stored, "alternate_identifier": others}, {"given": before} if before else {}, source.mapping)
    if not taken_over:
        return told
    stated = told.dataset.get("alternate_identifier") or []
    return dataclasses.replace(told, dataset={**told.dataset, "alternate_identifier": list(dict.fromkeys((*stated, *taken_over)))})
