"""Our harvesters of partners' catalogues, as ckanext-harvest wants them. How a catalogue is read stands in `ckanext.tzc.harvesters`.

Gathering lists the catalogue, each record as it came; importing reads a record and writes its dataset, unless it says what it said before.
"""
from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, cast
from urllib.parse import urlencode

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.harvesters.base import HarvesterBase
from ckanext.harvest.model import HarvestObject, HarvestObjectExtra
from ckanext.tzc.harvesters import xml
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.partners import ckan, ckan_api, csw, iso19139
from ckanext.tzc.harvesters.record import Item, Record, RecordError

from . import mapping, sources

SHARE, COUNT = 0.1, 5
"""The share and the count of a source's datasets that may not be missing at once: more look like a fault of the source."""

Imported = Literal["unchanged", True, False]


class PartnerHarvester(HarvesterBase):  # type: ignore[misc] # -- ckanext-harvest has no types
    """What the kinds of sources share."""

    SETTINGS: ClassVar[dict[str, type]] = {"allow_internal": bool, "accept_departures": bool}
    """Keys of a source's configuration."""

    limits = Limits()

    def items(self, client: Client, address: str) -> Iterator[Item]:
        """The listing."""
        raise NotImplementedError

    def read(self, content: str, address: str) -> Record:
        """One record of it."""
        raise NotImplementedError

    def record_address(self, address: str, identifier: str) -> str:
        """Where one record can be looked at."""
        raise NotImplementedError

    def headers(self, settings: dict[str, Any]) -> dict[str, str]:
        """What is told to the source with each request."""
        return {}

    def validate_config(self, config: str) -> str:
        """A source's configuration, as it is written; who may allow the internal network is asked elsewhere (`sources.guard`)."""
        read = sources.settings(config) if config else {}
        for key, value in read.items():
            if key not in self.SETTINGS:
                raise ValueError(tk._("%(key)s is no setting of this kind; there are: %(known)s") % {"key": key, "known": ", ".join(self.SETTINGS)})
            if not isinstance(value, self.SETTINGS[key]):
                raise ValueError(tk._("%(key)s is of another kind; it should be: %(kind)s") % {"key": key, "kind": self.SETTINGS[key].__name__})  # noqa: TRY004 -- ckanext-harvest tells of values
        return config

    def get_original_url(self, harvest_object_id: str) -> str | None:
        """Where the record of an object can be looked at."""
        found = HarvestObject.get(harvest_object_id)
        return self.record_address(sources.without_password(found.source.url), found.guid) if found else None

    def gather_stage(self, job: Any) -> list[str]:
        """List the catalogue. What came before a failure is taken in; only a whole listing says what is no longer there."""
        settings = sources.settings(job.source.config)
        client = Client(allow_internal=settings.get("allow_internal") is True, limits=self.limits, headers=self.headers(settings))
        objects: dict[str, str] = {}
        whole = True
        try:
            for item in self.items(client, job.source.url):
                if item.problem:
                    whole = False
                    self._save_gather_error(item.problem, job)
                else:
                    objects[item.identifier] = _add(job, guid=item.identifier, content=item.content)
        except FetchError as error:
            whole = False
            self._save_gather_error(str(error), job)
        if not whole:
            self._save_gather_error(tk._("The listing is not whole: nothing is deleted here."), job)
        return [*objects.values(), *(self._departures(job, set(objects), settings) if whole else [])]

    def fetch_stage(self, harvest_object: Any) -> bool:
        """Records come with the listing."""
        return True

    def import_stage(self, harvest_object: Any) -> Imported:
        """Write one dataset, or delete one that is no longer there."""
        if any(extra.key == "status" and extra.value == "delete" for extra in harvest_object.extras):
            return self._delete(harvest_object)
        try:
            record = self.read(harvest_object.content, harvest_object.source.url)
        except RecordError as error:
            self._save_object_error(str(error), harvest_object, "Import")
            return False
        owner = model.Package.get(harvest_object.source.id).owner_org
        given = mapping.dataset(record, owner, self.record_address(sources.without_password(harvest_object.source.url), record.identifier))
        fingerprint = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
        former = _former(harvest_object)
        if former and former.state == "active" and _fingerprint(harvest_object) == fingerprint:
            return "unchanged"
        told = {"fingerprint": fingerprint, "mended": json.dumps([[note.what, note.value] for note in record.notes], ensure_ascii=False)}
        return self._write(harvest_object, given, former, told)

    def _departures(self, job: Any, present: set[str], settings: dict[str, Any]) -> list[str]:
        """Objects for the datasets of this source that it lists no longer; none, and an error, where they are suspiciously many."""
        known = dict(
            model.Session.query(HarvestObject.guid, HarvestObject.package_id).filter(
                HarvestObject.current.is_(True), HarvestObject.harvest_source_id == job.source.id, HarvestObject.package_id.is_not(None)
            )
        )
        missing = known.keys() - present
        many = len(missing) >= COUNT and len(missing) > SHARE * len(known)
        if missing and (many or not present) and settings.get("accept_departures") is not True:
            words = tk._('%(missing)d of %(known)d datasets are missing at the source, suspiciously many: nothing is deleted. If that is right, set accept_departures for one run.')
            self._save_gather_error(words % {"missing": len(missing), "known": len(known)}, job)
            return []
        return [_add(job, guid=guid, package_id=known[guid], extras=[HarvestObjectExtra(key="status", value="delete")]) for guid in sorted(missing)]

    def _delete(self, harvest_object: Any) -> bool:
        package = model.Package.get(harvest_object.package_id)
        if package and package.state != "deleted":
            tk.get_action("package_delete")(self._context(), {"id": package.id})
        _make_current(harvest_object, current=False)
        model.Session.commit()
        return True

    def _write(self, harvest_object: Any, given: dict[str, Any], former: Any, told: dict[str, str]) -> bool:
        """Create or update the dataset, and remember of which object it is."""
        wanted = _merged(given, self._shown(former.id)) if former else {**given, "id": str(uuid.uuid4())}
        harvest_object.package_id = wanted["id"]
        _make_current(harvest_object, current=True)
        harvest_object.extras.extend(HarvestObjectExtra(key=key, value=value) for key, value in told.items())
        try:
            # the object is known before its dataset is, so that the dataset is indexed with it
            model.Session.execute(sa.text("SET CONSTRAINTS harvest_object_package_id_fkey DEFERRED"))
            model.Session.flush()
            tk.get_action("package_update" if former else "package_create")(self._context(), wanted)
        except tk.ValidationError as error:
            model.Session.rollback()
            faults = "; ".join(f"{field}: {words}" for field, words in error.error_summary.items())
            self._save_object_error(tk._("The dataset does not fit the portal's schema. %s") % faults, harvest_object, "Import")
            return False
        model.Session.commit()
        return True

    def _context(self) -> dict[str, Any]:
        return {"user": self._get_user_name(), "ignore_auth": True}

    def _shown(self, identifier: str) -> dict[str, Any]:
        return cast("dict[str, Any]", tk.get_action("package_show")({**self._context(), "use_cache": False}, {"id": identifier}))


class CkanHarvester(PartnerHarvester):
    """A CKAN's or a DKAN's API."""

    SETTINGS: ClassVar[dict[str, type]] = {**PartnerHarvester.SETTINGS, "api_key": str}

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_ckan",
            "title": tk._("Another open data portal (CKAN or DKAN)"),
            "description": tk._("All datasets of a portal with CKAN's API. Give the portal's address. Dates in words, missing formats and the like are mended."),
            "form_config_interface": "Text",
        }

    def headers(self, settings: dict[str, Any]) -> dict[str, str]:
        """The key, for a catalogue that asks for one."""
        return {"Authorization": settings["api_key"]} if settings.get("api_key") else {}

    def items(self, client: Client, address: str) -> Iterator[Item]:
        """All datasets."""
        return ckan_api.items(client, address)

    def read(self, content: str, address: str) -> Record:
        """A package."""
        return ckan.read(json.loads(content), ckan_api.root(sources.without_password(address)))

    def record_address(self, address: str, identifier: str) -> str:
        """The package in the API."""
        return f"{ckan_api.root(address)}/api/3/action/package_show?{urlencode({'id': identifier})}"


class CswHarvester(PartnerHarvester):
    """A catalogue service of the OGC."""

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_csw",
            "title": tk._("A geographic catalogue (CSW)"),
            "description": tk._("All records of data in ISO 19139 of a catalogue service (CSW 2.0.2), such as GeoNetwork's. Give the service's address."),
            "form_config_interface": "Text",
        }

    def items(self, client: Client, address: str) -> Iterator[Item]:
        """All records of data."""
        return csw.items(client, address)

    def read(self, content: str, address: str) -> Record:
        """A metadata element."""
        try:
            return iso19139.read(xml.parse(content.encode()))
        except xml.XmlError as error:
            raise RecordError(str(error)) from error

    def record_address(self, address: str, identifier: str) -> str:
        """The record by itself."""
        return csw.record_address(address, identifier)


def _add(job: Any, **fields: Any) -> str:
    """A new object of a job; its id."""
    made = HarvestObject(job=job, **fields)
    made.save()
    return str(made.id)


def _make_current(harvest_object: Any, *, current: bool) -> None:
    """Make this object the one that stands for its record, or, when it is deleted, none."""
    same = model.Session.query(HarvestObject).filter_by(harvest_source_id=harvest_object.source.id, guid=harvest_object.guid, current=True)
    same.filter(HarvestObject.id != harvest_object.id).update({"current": False}, synchronize_session="fetch")
    harvest_object.current = current
    harvest_object.add()


def _earlier(harvest_object: Any) -> Any:
    """Earlier objects of the same record that led to a dataset, the latest first."""
    same = model.Session.query(HarvestObject).filter_by(harvest_source_id=harvest_object.source.id, guid=harvest_object.guid)
    others = same.filter(HarvestObject.id != harvest_object.id, HarvestObject.package_id.is_not(None))
    return others.order_by(HarvestObject.current.desc(), HarvestObject.import_finished.desc().nulls_last())


def _former(harvest_object: Any) -> Any:
    """The dataset that this record led to before, deleted or not; also when the source's history was cleared."""
    earlier = _earlier(harvest_object).first()
    if earlier:
        return model.Package.get(earlier.package_id)
    current = sa.select(HarvestObject.package_id).where(HarvestObject.current.is_(True), HarvestObject.package_id.is_not(None))
    owner = model.Package.get(harvest_object.source.id).owner_org
    same = model.Session.query(model.Package).filter(model.Package.extras["guid"].astext == harvest_object.guid)
    return same.filter(model.Package.owner_org == owner, model.Package.type == "dataset", model.Package.id.not_in(current)).first()


def _fingerprint(harvest_object: Any) -> str | None:
    """What the dataset was written from the last time, or nothing when another object stands for it now."""
    earlier = _earlier(harvest_object).filter(HarvestObject.current.is_(True)).first()
    return next((extra.value for extra in earlier.extras if extra.key == "fingerprint"), None) if earlier else None


def _merged(given: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """What the source says, in the place of what it said; with the address, the files' identities, and what people added here."""
    known = {resource["url"]: resource["id"] for resource in stored.get("resources", [])}
    resources = [{**resource, **({"id": known[resource["url"]]} if resource["url"] in known else {})} for resource in given.get("resources", [])]
    kept = {field: stored[field] for field in mapping.TERRITORY_FIELDS if stored.get(field)}
    # a dataset that was hidden here stays so
    hidden = {"access_level": "confidential"} if stored.get("access_level") == "confidential" else {}
    return {**kept, **given, **hidden, "resources": resources, "id": stored["id"], "name": stored["name"], "state": "active"}

