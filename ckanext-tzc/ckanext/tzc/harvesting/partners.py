"""Our harvesters of partners' catalogues, as ckanext-harvest wants them. How a catalogue is read stands in `ckanext.tzc.harvesters`.

Gathering lists the catalogue, each record as it came; importing reads a record and writes its dataset, unless it says what it said before.
"""
from __future__ import annotations

import json
import uuid
from typing import Any, ClassVar, Literal, cast

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.harvesters.base import HarvesterBase
from ckanext.harvest.model import HarvestObject, HarvestObjectExtra
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from ckanext.tzc.harvesters.partners import ckan_api, csw, datajson, dcat_feed, opendatasoft, table, udata
from ckanext.tzc.harvesters.record import RecordError

from tzc.harvesting import threeway

from . import mapping, mappings, sources

Imported = Literal["unchanged", True, False]


class PartnerHarvester(HarvesterBase):  # type: ignore[misc] # -- ckanext-harvest has no types
    """What the kinds of sources share."""

    harvester: ClassVar[base.Harvester]
    """How such a catalogue is asked and read."""

    limits = Limits()

    def validate_config(self, config: str) -> str:
        """A source's configuration, as it is written; who may allow the internal network is asked elsewhere (`sources.guard`)."""
        read = sources.settings(config) if config else {}
        for key, value in read.items():
            kinds = self.harvester.settings
            if key not in kinds:
                raise ValueError(tk._("%(key)s is no setting of this kind; there are: %(known)s") % {"key": key, "known": ", ".join(kinds)})
            if not isinstance(value, kinds[key]):
                raise ValueError(tk._("%(key)s is of another kind; it should be: %(kind)s") % {"key": key, "kind": kinds[key].__name__})  # noqa: TRY004 -- ckanext-harvest tells of values
        if fault := self.harvester.fault(read):
            raise ValueError(fault)
        return config

    def get_original_url(self, harvest_object_id: str) -> str | None:
        """Where the record of an object can be looked at."""
        found = HarvestObject.get(harvest_object_id)
        return self.harvester.record_address(_shown(found.source), found.guid) if found else None

    def gather_stage(self, job: Any) -> list[str]:
        """List the catalogue. What came before a failure is taken in; only a whole listing says what is no longer there."""
        source = base.Source(job.source.url, sources.settings(job.source.config))
        client = Client(allow_internal=source.settings.get("allow_internal") is True, limits=self.limits, headers=self.harvester.headers(source))
        objects: dict[str, str] = {}
        whole = True
        try:
            for item in base.listing(self.harvester, client, source):
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
        return [*objects.values(), *self._departures(job, set(objects), whole=whole, accept=source.settings.get("accept_departures") is True)]

    def fetch_stage(self, harvest_object: Any) -> bool:
        """Records come with the listing."""
        return True

    def import_stage(self, harvest_object: Any) -> Imported:
        """Write one dataset, or delete one that is no longer there."""
        if any(extra.key == "status" and extra.value == "delete" for extra in harvest_object.extras):
            return self._delete(harvest_object)
        source = _shown(harvest_object.source)
        try:
            record = base.record_of(self.harvester, harvest_object.content, source)
            owner = model.Package.get(harvest_object.source.id).owner_org
            address = self.harvester.record_address(source, record.identifier)
            made = mapping.prepared(record, owner, address, mappings.in_force(harvest_object.source.id))
        except RecordError as error:
            self._save_object_error(str(error), harvest_object, "Import")
            return False
        given = made.dataset
        fingerprint = base.fingerprint(given)
        former = _former(harvest_object)
        if base.change(_fingerprint(harvest_object), fingerprint, there=bool(former and former.state == "active")) == "unchanged":
            return "unchanged"
        told = {"fingerprint": fingerprint, "mended": json.dumps([[note.what, note.value] for note in made.notes], ensure_ascii=False)}
        return self._write(harvest_object, given, former, told)

    def _departures(self, job: Any, present: set[str], *, whole: bool, accept: bool) -> list[str]:
        """Objects for the datasets of this source that it lists no longer; none, and an error, where they are suspiciously many."""
        known = dict(
            model.Session.query(HarvestObject.guid, HarvestObject.package_id).filter(
                HarvestObject.current.is_(True), HarvestObject.harvest_source_id == job.source.id, HarvestObject.package_id.is_not(None)
            )
        )
        missing = base.departures(known.keys(), present, whole=whole, accept=accept)
        if missing.doubted:
            words = tk._('%(missing)d of %(known)d datasets are missing at the source, suspiciously many: nothing is deleted. If that is right, set accept_departures for one run.')
            self._save_gather_error(words % {"missing": len(missing.doubted), "known": len(known)}, job)
        return [_add(job, guid=guid, package_id=known[guid], extras=[HarvestObjectExtra(key="status", value="delete")]) for guid in sorted(missing.gone)]

    def _delete(self, harvest_object: Any) -> bool:
        package = model.Package.get(harvest_object.package_id)
        if package and package.state != "deleted":
            tk.get_action("package_delete")(self._context(), {"id": package.id})
        _make_current(harvest_object, current=False)
        model.Session.commit()
        return True

    def _write(self, harvest_object: Any, given: dict[str, Any], former: Any, told: dict[str, str]) -> bool:
        """Create or update the dataset, and remember of which object it is."""
        wanted, merged = {**given, "id": str(uuid.uuid4())}, threeway.Merged(given)
        if former:
            using = mappings.in_force(harvest_object.source.id)
            merged = mapping.merged(given, self._shown(former.id), _written_before(harvest_object), using)
            wanted = merged.dataset
            told = {**told, "edits": json.dumps({"kept": _edits(merged.kept), "overwritten": _edits(merged.overwritten)}, ensure_ascii=False)}
        harvest_object.package_id = wanted["id"]
        _make_current(harvest_object, current=True)
        harvest_object.extras.extend(HarvestObjectExtra(key=key, value=value) for key, value in told.items())
        try:
            # the object is known before its dataset is, so that the dataset is indexed with it
            model.Session.execute(sa.text("SET CONSTRAINTS harvest_object_package_id_fkey DEFERRED"))
            model.Session.flush()
            made = tk.get_action("package_update" if former else "package_create")(self._context(), wanted)
            # what is to be told from edits made here the next time
            before = {"given": given, "written": threeway.remembered(mapping.described(made), merged)}
            harvest_object.extras.append(HarvestObjectExtra(key="before", value=json.dumps(before, ensure_ascii=False)))
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

    harvester = ckan_api.CkanApi()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_ckan",
            "title": tk._("Another open data portal (CKAN or DKAN)"),
            "description": tk._("All datasets of a portal with CKAN's API. Give the portal's address. Dates in words, missing formats and the like are mended."),
            "form_config_interface": "Text",
        }


class CswHarvester(PartnerHarvester):
    """A catalogue service of the OGC."""

    harvester = csw.Csw()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_csw",
            "title": tk._("A geographic catalogue (CSW)"),
            "description": tk._("All records of data in ISO 19139 of a catalogue service (CSW 2.0.2), such as GeoNetwork's. Give the service's address."),
            "form_config_interface": "Text",
        }


class DcatHarvester(PartnerHarvester):
    """A feed in DCAT."""

    harvester = dcat_feed.DcatFeed()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_dcat",
            "title": tk._("A DCAT feed"),
            "description": tk._("All datasets of a feed in RDF (Turtle, RDF/XML, JSON-LD, N-Triples), page by page. Give the feed's address, or that of one dataset."),
            "form_config_interface": "Text",
        }


class UdataHarvester(PartnerHarvester):
    """A udata portal."""

    harvester = udata.Udata()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_udata",
            "title": tk._("A partner's page on data.gouv.fr (udata)"),
            "description": tk._("All datasets of an organization of a udata portal, such as data.gouv.fr. Give the address of the organization's page there."),
            "form_config_interface": "Text",
        }


class OpendatasoftHarvester(PartnerHarvester):
    """An Opendatasoft portal."""

    harvester = opendatasoft.Opendatasoft()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_opendatasoft",
            "title": tk._("An Opendatasoft portal"),
            "description": tk._("All datasets of a portal made with Opendatasoft, each in the forms in which it can be had there. Give the portal's address."),
            "form_config_interface": "Text",
        }


class DataJsonHarvester(PartnerHarvester):
    """A data.json."""

    harvester = datajson.DataJson()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_datajson",
            "title": tk._("A data.json"),
            "description": tk._("All datasets of a data.json (DCAT-US). Give its address, or that of the site."),
            "form_config_interface": "Text",
        }


class TableHarvester(PartnerHarvester):
    """A table of datasets."""

    harvester = table.Table()

    def info(self) -> dict[str, str]:
        """For the form."""
        return {
            "name": "tzc_table",
            "title": tk._("A table of datasets (CSV or Excel)"),
            "description": tk._("A table with a row for each dataset. Give its address; which column is what can be said in the configuration."),
            "form_config_interface": "Text",
        }


def _shown(source: Any) -> base.Source:
    """A source without what opens it: for reading records, and for addresses that people see."""
    return base.Source(sources.without_password(source.url), sources.settings(source.config))


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


def _edits(edits: tuple[threeway.Edit, ...]) -> list[list[Any]]:
    return [[edit.place, edit.ours, edit.theirs] for edit in edits]


def _written_before(harvest_object: Any) -> dict[str, Any]:
    """What the source gave the last time, and what stood here then; nothing where that was not kept."""
    earlier = _earlier(harvest_object).filter(HarvestObject.id != harvest_object.id).first()
    kept = next((extra.value for extra in earlier.extras if extra.key == "before"), None) if earlier else None
    return cast("dict[str, Any]", json.loads(kept)) if kept else {}
