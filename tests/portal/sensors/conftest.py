"""A dataset with streams of a source."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.fixture
def dataset(publish: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """An open dataset without files."""
    return publish(access_level="open")


@pytest.fixture
def source(dataset: dict[str, Any], partner: dict[str, Any]) -> Any:
    """A source of the dataset that programs send to."""
    import ckan.model as model
    from ckanext.tzc.sensors import store

    row = store.Source(
        id="source-1", dataset=dataset["id"], kind="push", name="Stations", definition={}, paused=False, allowed=True, internal=False,
        by=partner["editor"], made=store.now(),
    )  # fmt: skip
    model.Session.add(row)
    model.Session.commit()
    return row


@pytest.fixture
def streams(source: Any) -> Make:
    """Make streams of the source: their numbers, by what the source calls them."""
    import ckan.model as model
    from ckanext.tzc.sensors import describing
    from tzc.sensors.model import Property, Stream, Thing

    def make(*names: str, code: str = "air_temperature", unit: str = "Cel", **more: Any) -> dict[str, int]:
        station = Thing("station", "Station of the port", location={"type": "Point", "coordinates": [-1.15, 46.16]})
        rows = describing.describe(source, [Stream(name, station, Property(code), unit=unit, **more) for name in names])
        model.Session.commit()
        return {name: rows[name].id for name in names}

    return make
