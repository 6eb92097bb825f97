"""The demonstration's measurements: sources of some of its datasets, each with a month of what `tzc.sensors.invented` says. Loading again adds what is new."""
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import numpy as np
import yaml

from tzc.sensors import invented, partitions
from tzc.sensors.model import MEASUREMENT, Property, Stream, Thing
from tzc.sensors.readings import decoded

from . import describing, listing, settling, store, taking

OF_A_RULE = {field.name for field in dataclasses.fields(invented.Rule)}


def load() -> dict[str, int]:
    """Load it; `{"sources", "streams", "observations"}`, the last being those that are new. Datasets that are not there are passed over."""
    told = yaml.safe_load((Path(tk.config["tzc.demo"]) / "streams.yaml").read_text(encoding="utf-8"))
    counted = {"sources": 0, "streams": 0, "observations": 0}
    for one in told["sources"]:
        package = model.Package.get(one["dataset"])
        if package is None or package.state != "active" or not tk.asbool(package.extras.get("demonstration")):
            continue
        streams, new = _source(package, one, told["days"])
        for name, number in (("sources", 1), ("streams", streams), ("observations", new)):
            counted[name] += number
    settling.settle_all()
    return counted


def _source(package: Any, told: dict[str, Any], days: int) -> tuple[int, int]:
    row = store.source(f"demo-{package.name}")
    if row is None:
        row = store.Source(
            id=f"demo-{package.name}", dataset=package.id, kind="push", name=told["name"], definition={}, paused=False, allowed=True, internal=False,
            by=package.creator_user_id or "", made=store.now(),
        )  # fmt: skip
        model.Session.add(row)
        model.Session.flush()
    things = {one["external"]: Thing(one["external"], one["name"], location={"type": "Point", "coordinates": one["at"]}) for one in told["things"]}
    describing.describe(row, [_stream(one, things[one["thing"]]) for one in told["streams"]])
    now = partitions.microseconds(store.now())
    names, times, values = [one["external"] for one in told["streams"]], [], []
    for one in told["streams"]:
        rule = invented.Rule(**{name: value for name, value in one.items() if name in OF_A_RULE})
        times.append(invented.moments(rule, days, now - one.get("period", 0) * 1_000_000))
        values.append(invented.values(rule, one["external"], times[-1]))
    index = np.repeat(np.arange(len(names), dtype=np.int32), [len(each) for each in times])
    seconds = np.repeat(np.array([one.get("period", 0) for one in told["streams"]], dtype=np.int32), [len(each) for each in times])
    taken = taking.take(row, decoded(names, index, np.concatenate(times), np.concatenate(values), seconds=seconds), now)
    row.seen = store.now()
    model.Session.commit()
    return len(names), taken.written.new


def _stream(told: dict[str, Any], thing: Thing) -> Stream:
    return Stream(
        told["external"], thing, Property(told["code"]), name=listing.label_of(told["code"], told["external"]), unit=told["unit"], kind=told.get("kind", MEASUREMENT),
        interval=told["interval"], period=told.get("period", 0),
    )  # fmt: skip
