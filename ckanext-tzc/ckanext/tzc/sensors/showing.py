"""What the action `tzc_sensor_dataset_show` tells of a dataset's streams."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.bounds import offset_and_limit

from . import offering, seeing, store, telling
from .sta import shown

MOST = 1_000


def dataset(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """The streams of a dataset that the asker may be shown, with what is known of each and of all. Raises ObjectNotFound."""
    user = context.get("user") or ""
    name = tk.get_or_bust(data_dict, "id")
    package = model.Package.get(name) if isinstance(name, str) and "\0" not in name else None
    missing = tk.ObjectNotFound(tk._("There is nothing of this name, or it is not for you to see."))
    if package is None or package.type != "dataset":
        raise missing
    try:
        tk.check_access("package_show", {**context, "package": package}, {"id": package.id})
    except tk.NotAuthorized:
        raise missing from None
    limit, offset = _part(data_dict)
    asked = model.Session.query(store.Stream).filter(store.Stream.dataset == package.id, seeing.visible(user))
    rows = asked.order_by(store.Stream.id).offset(offset).limit(limit).all()
    every = asked.all() if len(rows) == limit or offset else rows
    known, properties, words = telling.of(every), _properties(rows), _words([row.id for row in rows])
    row = model.Session.get(store.Offer, package.id)
    shares = [told.completeness for told in known.values() if told.completeness is not None]
    return {
        "dataset": package.id, "count": len(every), "resource": row.resource if row and every else None, "sensor_things": offering.address(package.id) if every else None,
        "from": shown.moment(min(told.first for told in known.values())) if known else None, "to": shown.moment(max(told.last for told in known.values())) if known else None,
        "interval": min((row.interval for row in every if row.interval), default=None), "observations": sum(told.observations for told in known.values()),
        "completeness": round(sum(shares) / len(shares), 4) if shares else None,
        "streams": [_stream(row, known.get(row.id), properties[row.property], words.get(row.id, {})) for row in rows],
    }  # fmt: skip


def _part(data_dict: dict[str, Any]) -> tuple[int, int]:
    offset, limit = offset_and_limit(data_dict, MOST)
    return min(limit, MOST), offset


def _properties(rows: list[store.Stream]) -> dict[int, store.Property]:
    found = model.Session.query(store.Property).filter(store.Property.id.in_({row.property for row in rows})).all() if rows else []
    return {row.id: row for row in found}


def _words(streams: list[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    for word in model.Session.query(store.Word).filter(store.Word.stream.in_(streams)) if streams else ():
        found.setdefault(word.stream, {})[word.number] = word.word
    return found


def _stream(row: store.Stream, told: telling.Told | None, observed: store.Property, words: dict[int, str]) -> dict[str, Any]:
    said = {
        "id": row.id, "name": row.name, "unit": row.unit, "kind": row.kind, "interval": row.interval, "visibility": row.visibility,
        "thing": row.thing, "property": {"code": observed.code, "name": observed.name, "definition": observed.definition},
        "series": f"{tk.config['ckan.site_url'].rstrip('/')}/api/tzc/series?stream={row.id}",
    }  # fmt: skip
    if told is None:
        return {**said, "from": None, "to": None, "observations": 0, "completeness": None, "last": None}
    last = {"time": shown.moment(told.last), "result": telling.result(row, told, words), "marks": told.marks}
    return {**said, "from": shown.moment(told.first), "to": shown.moment(told.last), "observations": told.observations, "completeness": told.completeness, "last": last}
