"""One file stands for a dataset's streams; what is known of them is told."""
from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from tzc.sensors import partitions
from tzc.sensors.readings import SECOND, readings

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

START = partitions.microseconds(dt.datetime(2026, 10, 1, tzinfo=dt.timezone.utc))
DAY = 86_400 * SECOND
Make = Callable[..., Any]


def put(number: int, times: Any, results: Any) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import writing

    writing.write(readings([number] * len(times), times, results))
    model.Session.commit()


def shown(dataset: dict[str, Any]) -> dict[str, Any]:
    import ckan.plugins.toolkit as tk

    found: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True}, {"id": dataset["id"]})
    return found


def test_a_file_for_the_streams(app: Any, dataset: dict[str, Any], streams: Make) -> None:
    from ckanext.tzc.sensors import jobs

    number = streams("t", interval=600)["t"]
    put(number, [START, START + 2 * DAY], [10.0, 11.0])
    assert jobs.offer() == 1
    package = shown(dataset)
    file = package["resources"][0]
    assert (file["format"], file["conforms_to"], file["temporal_resolution"]) == ("SensorThings", ["http://www.opengis.net/doc/is/sensorthings/1.1"], "PT600S")
    assert package["temporal_coverage"] == [{"start": "2026-10-01", "end": "2026-10-03"}]
    parts = urlsplit(file["url"])
    found = json.loads(app.get(f"{parts.path}?{parts.query}").body)
    assert [one["@iot.id"] for one in found["value"]] == [number]
    assert jobs.offer() == 0
    put(number, [START + 3 * DAY], [10.0])
    assert jobs.offer() == 1
    assert shown(dataset)["temporal_coverage"] == [{"start": "2026-10-01", "end": "2026-10-04"}]
    assert len(shown(dataset)["resources"]) == 1


def test_what_a_partner_wrote_stays(dataset: dict[str, Any], partner: dict[str, Any], streams: Make) -> None:
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import jobs

    own = [{"start": "2020-01-01", "end": "2030-12-31"}]
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": dataset["id"], "temporal_coverage": own})
    number = streams("t")["t"]
    put(number, [START], [10.0])
    jobs.offer()
    file = shown(dataset)["resources"][0]
    tk.get_action("resource_patch")({"user": partner["editor"]}, {"id": file["id"], "name": "Nos mesures"})
    streams("t", "u", interval=60)
    jobs.offer()
    after = shown(dataset)
    assert after["temporal_coverage"] == own
    assert after["resources"][0]["name"] == "Nos mesures"
    assert after["resources"][0]["temporal_resolution"] == "PT60S"


def test_personal_streams_are_not_offered(dataset: dict[str, Any], streams: Make) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import jobs, store

    number = streams("t", visibility="private")["t"]
    put(number, [START], [10.0])
    assert jobs.offer() == 0
    assert shown(dataset)["resources"] == []
    model.Session.get(store.Stream, number).visibility = "public"
    model.Session.commit()
    assert jobs.offer() == 1
    model.Session.get(store.Stream, number).visibility = "private"
    model.Session.commit()
    assert jobs.offer() == 1
    assert shown(dataset)["resources"] == []
    assert jobs.offer() == 0


def test_a_file_that_was_removed_comes_back(dataset: dict[str, Any], partner: dict[str, Any], streams: Make) -> None:
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors import jobs

    streams("t")
    jobs.offer()
    tk.get_action("resource_delete")({"user": partner["editor"]}, {"id": shown(dataset)["resources"][0]["id"]})
    assert jobs.offer() == 1
    assert len(shown(dataset)["resources"]) == 1


def test_what_is_known(dataset: dict[str, Any], partner: dict[str, Any], streams: Make) -> None:
    import ckan.plugins.toolkit as tk

    numbers = streams("t", "u", interval=600)
    put(numbers["t"], START + np.arange(0, 10, 2) * 600 * SECOND, np.arange(5))
    put(numbers["u"], START + np.arange(9) * 600 * SECOND, np.arange(9))
    found = tk.get_action("tzc_sensor_dataset_show")({"user": ""}, {"id": dataset["name"]})
    assert (found["count"], found["from"], found["to"], found["interval"], found["observations"]) == (2, "2026-10-01T00:00:00.000Z", "2026-10-01T01:20:00.000Z", 600, 14)
    assert found["completeness"] == pytest.approx((5 / 9 + 1) / 2, abs=1e-4)
    first = found["streams"][0]
    assert (first["last"], first["completeness"], first["property"]["code"]) == ({"time": "2026-10-01T01:20:00.000Z", "result": 4.0, "marks": []}, 0.5556, "air_temperature")
    assert tk.get_action("tzc_sensor_dataset_show")({"user": ""}, {"id": dataset["id"], "limit": 1, "offset": 1})["streams"][0]["id"] == numbers["u"]
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": dataset["id"], "access_level": "restricted"})
    closed = tk.get_action("tzc_sensor_dataset_show")({"user": ""}, {"id": dataset["id"]})
    assert (closed["count"], closed["streams"], closed["from"], closed["resource"]) == (0, [], None, None)
    for bad in ({"id": "nothing"}, {"id": 5}, {"id": "a\0b"}):
        with pytest.raises(tk.ObjectNotFound):
            tk.get_action("tzc_sensor_dataset_show")({"user": ""}, bad)
    with pytest.raises(tk.ValidationError):
        tk.get_action("tzc_sensor_dataset_show")({"user": ""}, {"id": dataset["id"], "limit": "x"})
