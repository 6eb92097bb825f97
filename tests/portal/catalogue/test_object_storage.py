"""Uploads in an S3 storage: through CKAN's actions and pages, and readers never meet the storage's address."""
from __future__ import annotations

import http.server
import io
import struct
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from ckan.lib import files
from ckan.tests import factories, helpers
from werkzeug.datastructures import FileStorage

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")

BUCKET = "uploads"


class _Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as one bucket on the loopback needs: PUT, GET, HEAD, DELETE of objects. Keys are not checked."""

    objects: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """Keep."""
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, ETag='"etag"')

    def do_GET(self) -> None:
        """The object, or S3's own error."""
        if self.path == f"/{BUCKET}":
            self._answer(200)
        elif self.path in self.objects:
            self._answer(200, self.objects[self.path], ETag='"etag"')
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")

    do_HEAD = do_GET  # noqa: N815 -- the name that http.server looks for

    def do_DELETE(self) -> None:
        """Forget."""
        self.objects.pop(self.path, None)
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Content-Type": "application/octet-stream"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def bucket(with_plugins: None) -> Iterator[dict[str, bytes]]:
    """What lies in the bucket; CKAN's storages of datasets' files and of pictures lead there."""
    objects: dict[str, bytes] = {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bucket", (_Bucket,), {"objects": objects}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    common = {"type": "tzc:s3", "bucket": BUCKET, "endpoint": f"http://127.0.0.1:{server.server_address[1]}", "region": "x", "key": "key", "secret": "secret", "initialize": True}
    files.reset()
    own = {"resources": {"path": "portal/resources", "max_size": 1024**2}, "groups": {"path": "portal/pictures", "public": True, "supported_types": ["image/png"]}}
    for name, options in own.items():
        files.storages.register(name, files.make_storage(name, {**common, "name": name, **options}))
    yield objects
    files.storages.reset()
    files.storages.collect()
    server.shutdown()
    server.server_close()
    thread.join()


def _upload(name: str, content: bytes) -> FileStorage:
    return FileStorage(io.BytesIO(content), filename=name)


def _path(resource: dict[str, Any]) -> str:
    identifier = resource["id"]
    return f"/{BUCKET}/portal/resources/{identifier[:3]}/{identifier[3:6]}/{identifier[6:]}"


@pytest.fixture
def resource(bucket: dict[str, bytes], publish: Any, partner: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = helpers.call_action("resource_create", {"user": partner["editor"]}, package_id=publish()["id"], name="a", format="CSV", upload=_upload("a.csv", b"a,b\n1,2\n"))
    return made


def test_a_file_lies_in_the_bucket_and_is_given_by_the_portal(app: Any, bucket: dict[str, bytes], resource: dict[str, Any]) -> None:
    assert bucket == {_path(resource): b"a,b\n1,2\n"}
    answer = app.get(f"/dataset/{resource['package_id']}/resource/{resource['id']}/download/a.csv")
    assert answer.status_code == 200
    assert answer.data == b"a,b\n1,2\n"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_table_is_read_from_the_bucket(bucket: dict[str, bytes], resource: dict[str, Any], tmp_path: Any) -> None:
    from ckanext.tzc.tables.storage import opened

    with opened(resource, tmp_path, 100) as path:
        assert path.read_bytes() == b"a,b\n1,2\n"


def test_a_file_that_is_gone_is_not_found(app: Any, bucket: dict[str, bytes], resource: dict[str, Any]) -> None:
    bucket.clear()
    assert app.get(f"/dataset/{resource['package_id']}/resource/{resource['id']}/download/a.csv").status_code == 404


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"<html><script>1</script></html>"), ("a.exe", b"MZ"), ("a.csv", b"")])
def test_what_is_not_taken_does_not_reach_the_bucket(bucket: dict[str, bytes], publish: Any, name: str, content: bytes) -> None:
    import ckan.plugins.toolkit as tk

    with pytest.raises(tk.ValidationError) as caught:
        helpers.call_action("resource_create", package_id=publish()["id"], name="a", upload=_upload(name, content))
    assert "upload" in caught.value.error_dict
    assert not bucket


def test_a_size_that_is_stated_wrongly_is_not_believed(bucket: dict[str, bytes], publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.catalogue import uploads

    monkeypatch.setattr(uploads, "get_max_resource_size", lambda: 1)
    large = FileStorage(io.BytesIO(b"a,b\n" * 300_000), filename="a.csv", content_length=5)
    with pytest.raises(tk.ValidationError, match="trop lourd"):
        helpers.call_action("resource_create", package_id=publish()["id"], name="a", upload=large)


def test_a_picture_is_given_by_the_portal_and_nothing_else_of_the_bucket(app: Any, bucket: dict[str, bytes], resource: dict[str, Any]) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0\0\0")), (b"IEND", b""))
    )
    group = helpers.call_action("organization_create", {"user": factories.Sysadmin()["name"]}, name="pictured", title="P", image_upload=_upload("logo.png", png))
    address = group["image_display_url"]
    assert "127.0.0.1" not in address
    path = address[address.index("/file/") :]
    assert app.get(path).data == png
    assert app.get(f"/file/public-download/resources/{_path(resource).removeprefix(f'/{BUCKET}/portal/resources/')}").status_code == 403


def test_a_bucket_that_is_missing_is_said(bucket: dict[str, bytes]) -> None:
    address = files.get_storage("resources").settings.client.meta.endpoint_url
    with pytest.raises(files.exc.InvalidStorageConfigurationError, match="nowhere"):
        files.make_storage("x", {"type": "tzc:s3", "bucket": "nowhere", "endpoint": address, "region": "x", "key": "k", "secret": "s", "name": "x"})
