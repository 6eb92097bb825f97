"""Our harvesters of partners' catalogues, as ckanext-harvest wants them. How a catalogue is read stands in `ckanext.tzc.harvesters`, how it is taken in, in `engine`."""
from __future__ import annotations

from typing import Any, ClassVar

import ckan.plugins.toolkit as tk
from ckanext.harvest.harvesters.base import HarvesterBase
from ckanext.harvest.model import HarvestObject
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import Limits
from ckanext.tzc.harvesters.partners import ckan_api, csw, datajson, dcat_feed, opendatasoft, table, udata

from . import sources
from .engine import orders, scheduling

MOST_DAYS = 3650
"""Of grace."""


class PartnerHarvester(HarvesterBase):  # type: ignore[misc] # -- ckanext-harvest has no types
    """What the kinds of sources share."""

    harvester: ClassVar[base.Harvester]
    """How such a catalogue is asked and read."""

    limits = Limits(pace=0.2)

    def validate_config(self, config: str) -> str:
        """A source's configuration, as it is written; who may allow the internal network is asked elsewhere (`sources.guard`)."""
        read = sources.settings(config, written_now=True) if config else {}
        for key, value in read.items():
            kinds = self.harvester.settings
            if key not in kinds:
                raise ValueError(tk._("%(key)s is no setting of this kind; there are: %(known)s") % {"key": key, "known": ", ".join(kinds)})
            if not isinstance(value, kinds[key]):
                raise ValueError(tk._("%(key)s is of another kind; it should be: %(kind)s") % {"key": key, "kind": kinds[key].__name__})  # noqa: TRY004 -- ckanext-harvest tells of values
        if isinstance(days := read.get("grace_days", 0), bool) or not 0 <= days <= MOST_DAYS:
            raise ValueError(tk._("grace_days is a number of days from 0 to %(most)d.") % {"most": MOST_DAYS})
        if not (key := read.get("api_key", "")).isascii() or not key.isprintable():
            raise ValueError(tk._("api_key has a sign that no key has: a line's end, or a letter with an accent."))
        if "schedule" in read and not scheduling.is_schedule(read["schedule"]):
            raise ValueError(tk._('schedule is none that cron understands; every night at half past three is: "30 3 * * *"'))
        if fault := self.harvester.fault(read):
            raise ValueError(fault)
        return config

    def get_original_url(self, harvest_object_id: str) -> str | None:
        """Where the record of an object can be looked at."""
        found = HarvestObject.get(harvest_object_id)
        return self.harvester.record_address(_shown(found.source), found.guid) if found else None

    def gather_stage(self, job: Any) -> list[str]:
        """A job that came by ckanext-harvest's queue: it is given to the engine, which takes its turn."""
        if orders.store.run(job.id) is None:
            orders.begin(job.id)
        return []

    def fetch_stage(self, harvest_object: Any) -> bool:
        """Nothing: the engine works on our kinds."""
        return False

    def import_stage(self, harvest_object: Any) -> bool:
        """Nothing: the engine works on our kinds."""
        return False


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
            "description": tk._("A table with a row for each dataset. Give its address; which column is what can be said on its page “Mapping”."),
            "form_config_interface": "Text",
        }


def _shown(source: Any) -> base.Source:
    """A source without what opens it: for reading records, and for addresses that people see."""
    return base.Source(sources.without_password(source.url), sources.settings(source.config))
