"""A dataset with public streams has one file that stands for them: so its licence, level of access and DCAT are theirs. It and the dataset's period are kept up to date.

What the partner wrote is left as it is: the period is only changed where there was none, or where it is still what was written here.
"""
from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory

from tzc.sensors.model import PUBLIC

from . import store, telling

log = logging.getLogger(__name__)

STANDARD = "http://www.opengis.net/doc/is/sensorthings/1.1"


def offer_all() -> int:
    """Bring the files of all datasets with streams up to date; how many changed. Commits each by itself."""
    with_streams = {row.dataset for row in model.Session.query(store.Stream.dataset).filter_by(visibility=PUBLIC).distinct()}
    offered = {row.dataset for row in model.Session.query(store.Offer.dataset)}
    changed = 0
    for dataset in sorted(with_streams | offered):
        try:
            changed += offer(dataset)
        except (tk.ValidationError, tk.NotAuthorized, tk.ObjectNotFound) as error:
            model.Session.rollback()
            log.warning("The streams of dataset %s could not be offered: %s", dataset, getattr(error, "error_dict", None) or error)
    return changed


def offer(dataset: str) -> bool:
    """Bring the file of one dataset's streams up to date; whether anything changed. Commits."""
    package = model.Package.get(dataset)
    if package is None or package.state == model.State.DELETED:
        return False
    streams = model.Session.query(store.Stream).filter_by(dataset=dataset, visibility=PUBLIC).order_by(store.Stream.id).all()
    row = model.Session.get(store.Offer, dataset)
    file = model.Resource.get(row.resource) if row else None
    there = file is not None and file.state == model.State.ACTIVE and file.package_id == dataset
    context: dict[str, Any] = {"user": tk.get_action("get_site_user")({"ignore_auth": True, "defer_commit": True}, {})["name"], "ignore_auth": True}
    if not streams:
        if row is not None:
            model.Session.delete(row)
            if there:
                tk.get_action("resource_delete")(context, {"id": row.resource})
            model.Session.commit()
        return row is not None
    if row is None or not there:
        row = row or store.Offer(dataset=dataset)
        row.resource, row.told = str(uuid.uuid4()), row.told or {}
        model.Session.add(row)
        # the place is taken first: the file is of the streams from its first moment on
        model.Session.flush()
        tk.get_action("resource_create")(context, {"package_id": dataset, "id": row.resource, **_described(dataset, streams)})
        _keep_period(context, package, row, streams)
        model.Session.commit()
        return True
    changed = _keep_file(context, row, streams)
    changed = _keep_period(context, package, row, streams) or changed
    model.Session.commit()
    return changed


def address(dataset: str) -> str:
    """Where the streams of a dataset are listed."""
    site = tk.config["ckan.site_url"].rstrip("/")
    wanted = quote(f"properties/dataset eq '{site}/dataset/{dataset}'", safe="/':")
    return f"{site}/sta/v1.1/Datastreams?$filter={wanted}"


def _described(dataset: str, streams: Sequence[store.Stream]) -> dict[str, Any]:
    finest = min((row.interval for row in streams if row.interval), default=0)
    words = {
        "fr": (
            "Observations (SensorThings)",
            "Les observations de {count} séries, par l’interface SensorThings 1.1 de l’OGC ; par /api/tzc/series en CSV, JSON, Parquet et Arrow.",
        ),
        "en": ("Observations (SensorThings)", "Observations of {count} series, by OGC SensorThings 1.1; by /api/tzc/series as CSV, JSON, Parquet and Arrow."),
    }
    name, about = words.get(territory().languages[0], words["en"])
    return {
        "name": name, "description": about.format(count=len(streams)), "url": address(dataset), "format": "SensorThings", "mimetype": "application/json", "conforms_to": [STANDARD],
        "temporal_resolution": f"PT{finest}S" if finest else "",
    }  # fmt: skip


def _keep_file(context: dict[str, Any], row: store.Offer, streams: Sequence[store.Stream]) -> bool:
    """Describe the file anew where what is said of it would be otherwise than what was said here last: a partner's own words stay."""
    wanted = _described(row.dataset, streams)
    before = (row.told or {}).get("file")
    if before is None or before == wanted:
        if before is None:
            row.told = {**(row.told or {}), "file": wanted}
        return False
    changed = {name: value for name, value in wanted.items() if value != before.get(name)}
    row.told = {**row.told, "file": wanted}
    tk.get_action("resource_patch")(dict(context), {"id": row.resource, **changed})
    return True


def _keep_period(context: dict[str, Any], package: Any, row: store.Offer, streams: Sequence[store.Stream]) -> bool:
    """The days that the observations cover."""
    row.told = {"file": _described(row.dataset, streams), **(row.told or {})}
    known = telling.of(streams).values()
    if not known:
        return False
    wanted = [{"start": min(told.first for told in known).date().isoformat(), "end": max(told.last for told in known).date().isoformat()}]
    stated = (package.extras or {}).get("temporal_coverage")
    stated = json.loads(stated) if isinstance(stated, str) and stated else stated
    before = row.told.get("period")
    if stated == wanted or (stated and stated != before):
        return False
    row.told = {**row.told, "period": wanted}
    tk.get_action("package_patch")(dict(context), {"id": row.dataset, "temporal_coverage": wanted})
    return True
