"""Files of the lake for who may have their dataset's data: whole, in parts, and as of any time."""
from __future__ import annotations

import contextvars
import hashlib
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from ckan.tests import factories

from tests.portal.sensors.test_lake import JANUARY, lake, move, told, write

__all__ = ["lake", "told", "write"]

pytestmark = pytest.mark.usefixtures("lake", "clean_index", "with_request_context")


@pytest.fixture
def moved(told: list[int], dataset: dict[str, Any]) -> dict[str, Any]:
    """The dataset, whose two months are in the lake."""
    move()
    return dataset


def listed(app: Any, dataset: str) -> Any:
    return app.get(f"/api/3/action/tzc_sensor_lake_list?dataset={dataset}", status=200).json["result"]


def test_a_file_is_listed_and_given(app: Any, moved: dict[str, Any], lake: Any, told: list[int]) -> None:
    january, february = listed(app, moved["name"])
    assert (january["month"], january["rows"], february["month"]) == ("2025-01", 2 * 31 * 48, "2025-02")
    answer = app.get(january["url"])
    assert answer.status_code == 200 and answer.content_type == "application/vnd.apache.parquet"
    assert len(answer.data) == january["bytes"] and hashlib.sha256(answer.data).hexdigest() == january["sha256"]
    assert answer.headers["Cache-Control"].startswith("public, no-cache") and answer.headers["Accept-Ranges"] == "bytes"
    assert pq.read_table(io.BytesIO(answer.data)).num_rows == january["rows"]
    assert app.get(january["url"], headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    part = app.get(january["url"], headers={"Range": "bytes=100-299", "If-Range": answer.headers["ETag"]})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, answer.data[100:300], f"bytes 100-299/{january['bytes']}")
    assert app.get(january["url"], headers={"Range": "bytes=100-299", "If-Range": '"other"'}).status_code == 200
    assert app.get(january["url"], headers={"Range": f"bytes={january['bytes']}-"}).status_code == 416
    head = app.flask_app.test_client().head(january["url"])
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(january["bytes"]))


def test_what_is_not_for_everybody(app: Any, moved: dict[str, Any], told: list[int], partner: dict[str, Any], publish: Any) -> None:
    import ckan.model as model
    from ckanext.tzc.sensors import store

    [row] = {row.dataset for row in model.Session.query(store.Stream)}
    other = publish(access_level="confidential")
    model.Session.query(store.Stream).update({"dataset": other["id"]})
    model.Session.execute(store.sa.text("UPDATE tzc_sensors_file SET dataset = :id"), {"id": other["id"]})
    model.Session.commit()
    assert row != other["id"]
    url = f"/api/tzc/sensors/lake/{other['id']}/2025-01.parquet"
    answers = [app.get(address).data for address in (url, "/api/tzc/sensors/lake/there-is-none/2025-01.parquet", f"/api/tzc/sensors/lake/{other['id']}/export.parquet?from=2025-01-01&to=2025-01-02")]
    assert app.get(url).status_code == 404 and len(set(answers)) == 1
    assert app.get(f"/api/3/action/tzc_sensor_lake_list?dataset={other['id']}", status=404).json["success"] is False
    token = {"Authorization": factories.APIToken(user=partner["editor"])["token"]}
    answer = contextvars.Context().run(app.get, url, headers=token)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "private, no-store"


def test_any_time_of_a_dataset(app: Any, moved: dict[str, Any], told: list[int], write: Any) -> None:
    """Over the border of two months, one of which has a row that came back."""
    from tzc.sensors.readings import readings

    write(readings([told[0]], [JANUARY.ends - 60_000_000], [3.5]))
    answer = app.get(f"/api/tzc/sensors/lake/{moved['id']}/export.parquet?from=2025-01-31T23:00:00Z&to=2025-02-01T01:00:00Z")
    assert answer.status_code == 200, answer.data
    found = pq.read_table(io.BytesIO(answer.data))
    assert found.column("stream").to_pylist() == [told[0]] * 5 + [told[1]] * 4
    assert found.slice(2, 1).column("result").to_pylist() == [3.5] and found.schema.metadata[b"tzc.sensors"]


@pytest.mark.parametrize("question", ["", "from=2025-01-01", "from=yesterday&to=2025-01-02", "from=2025-02-01&to=2025-01-01", "from=2020-01-01&to=2025-01-01", "from=2025-01-01&to=2025-01-01"])
def test_times_that_are_none(app: Any, moved: dict[str, Any], question: str) -> None:
    answer = app.get(f"/api/tzc/sensors/lake/{moved['id']}/export.parquet?{question}")
    assert answer.status_code == 400 and len(answer.json["error"]["message"]) > 20


@pytest.mark.parametrize("file", ["2024-01.parquet", "2025-01", "..%2f2025-01.parquet", "2025-01-personal.parquet", "%00"])
def test_files_that_are_none(app: Any, moved: dict[str, Any], file: str) -> None:
    assert app.get(f"/api/tzc/sensors/lake/{moved['id']}/{file}").status_code == 404


def test_a_file_that_is_lost(app: Any, moved: dict[str, Any], lake: Any) -> None:
    for path in lake.rglob("*.parquet"):
        path.unlink()
    assert app.get(f"/api/tzc/sensors/lake/{moved['id']}/2025-01.parquet").status_code == 404


