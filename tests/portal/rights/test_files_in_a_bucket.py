"""Documents of requests where uploads lie in an S3 storage: in the bucket, in a folder that nothing serves, and never on the portal's own disk."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.lib import files
from ckanext.tzc.rights import attachments, jobs

from tests.portal.catalogue.test_object_storage import BUCKET, bucket
from tests.portal.rights.test_files import PDF, add, get

__all__ = ["bucket"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")


@pytest.fixture
def kept(bucket: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What lies in the bucket, where it is the storage of uploads as `./portal up` sets it from TZC_UPLOADS_URL."""
    common = {"type": "tzc:s3", "bucket": BUCKET, "endpoint": _endpoint(), "region": "x", "key": "key", "secret": "secret", "path": "portal"}
    for name, value in common.items():
        monkeypatch.setitem(tk.config, f"ckan.files.storage.default.{name}", value)
    files.storages.register("default", files.make_storage("default", {**common, "name": "default"}))
    attachments._storage.cache_clear()
    yield bucket
    attachments._storage.cache_clear()


def _endpoint() -> str:
    return str(files.get_storage("resources").settings.endpoint)


def _on_disk() -> list[Path]:
    return [path for path in Path(tk.config["ckan.storage_path"]).rglob("*") if path.is_file()]


def test_a_document_lies_in_the_bucket_and_is_given_by_the_portal_alone(scene: Any, app: Any, kept: dict[str, bytes]) -> None:
    before = _on_disk()
    request = scene.ask()
    file = add(scene, scene.citizen, request)
    assert kept == {f"/{BUCKET}/portal/requests/{request['id']}/{file['id']}": PDF} and _on_disk() == before
    for user in (scene.citizen, scene.town["decider"]):
        answer = get(app, file["url"], user)
        assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, PDF, "private, no-store") and "127.0.0.1" not in str(answer.headers)
    assert get(app, file["url"], scene.other).status_code == 404
    for storage in ("default", "resources", "tzc_requests"):
        assert app.get(f"/file/public-download/{storage}/requests/{request['id']}/{file['id']}").status_code in (403, 404)


def test_what_is_taken_back_leaves_the_bucket_and_what_is_lost_is_not_found(scene: Any, app: Any, kept: dict[str, bytes]) -> None:
    request = scene.ask()
    file = add(scene, scene.citizen, request)
    scene.call("tzc_request_file_remove", scene.citizen, id=request["id"], file=file["id"])
    assert jobs.follow_requests() == 1 and kept == {}
    file = add(scene, scene.citizen, request)
    kept.clear()
    assert get(app, file["url"], scene.citizen).status_code == 404
