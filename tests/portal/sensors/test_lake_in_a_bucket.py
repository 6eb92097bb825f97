"""The lake in a bucket: the same, by the storage's own words alone."""
from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.portal.sensors.test_lake import everything, lake, later, move, stored, told, write
from tests.portal.sensors.test_lake_queries import answers

__all__ = ["lake", "told", "write"]

pytestmark = pytest.mark.usefixtures("lake", "clean_index", "with_request_context")


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as the lake needs of a bucket on the loopback: objects whole and in parts, written at once or in parts. Keys are not checked."""

    objects: dict[str, bytes]
    parts: dict[str, dict[int, bytes]]
    asked: list[str]
    protocol_version = "HTTP/1.1"

    @property
    def question(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def key(self) -> str:
        return urlsplit(self.path).path

    def body(self) -> bytes:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        while self.headers.get("Transfer-Encoding") == "chunked":
            size = int(self.rfile.readline(), 16)
            content += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                break
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return content
        whole = b""
        while content:
            length, _, content = content.partition(b"\r\n")
            size = int(length.partition(b";")[0], 16)
            if not size:
                break
            whole, content = whole + content[:size], content[size + 2 :]
        return whole

    def do_PUT(self) -> None:
        """Keep an object, or a part of one."""
        content = self.body()
        if "partNumber" in self.question:
            self.parts[self.key][int(self.question["partNumber"])] = content
        else:
            self.objects[self.key] = content
        self._answer(200, ETag='"etag"')

    def do_POST(self) -> None:
        """Begin an object of parts, or end it."""
        self.body()
        if "uploads" in self.question:
            self.parts[self.key] = {}
            self._answer(200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
        elif "delete" in self.question:
            self._answer(200, b"<DeleteResult></DeleteResult>")
        else:
            self.objects[self.key] = b"".join(content for _number, content in sorted(self.parts.pop(self.key).items()))
            self._answer(200, b'<CompleteMultipartUploadResult><ETag>"etag"</ETag></CompleteMultipartUploadResult>')

    def do_GET(self) -> None:
        """An object or a part of it; what there is."""
        self.asked.append(f"{self.command} {self.headers.get('Range', '')}".strip())
        if "list-type" in self.question:
            found = "".join(f"<Contents><Key>{key.partition('/')[2].partition('/')[2]}</Key><Size>{len(content)}</Size></Contents>" for key, content in self.objects.items())
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode())
        elif self.key in self.objects:
            content = self.objects[self.key]
            part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if part:
                begin, end = int(part[1]), min(int(part[2]) + 1, len(content))
                self._answer(206, content[begin:end], ETag='"etag"', **{"Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"})
            else:
                self._answer(200, content, ETag='"etag"')
        elif self.key.strip("/") == "lake":
            self._answer(200)
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")

    do_HEAD = do_GET  # noqa: N815 -- the name that http.server looks for

    def do_DELETE(self) -> None:
        """Forget."""
        self.objects.pop(self.key, None)
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        told = {"Content-Length": str(len(body)), "Content-Type": "application/xml", "Last-Modified": "Sun, 01 Nov 2026 08:00:00 GMT"}
        for name, value in {**told, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def bucket(lake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bucket]]:
    """A bucket that is the lake."""
    import ckan.plugins.toolkit as tk
    from ckanext.tzc.sensors.lake import places

    kind = type("OfTheLake", (Bucket,), {"objects": {}, "parts": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setitem(tk.config, "tzc.sensors.lake", f"s3+http://key:secret@127.0.0.1:{server.server_address[1]}/lake/of-sensors?region=x")
    yield kind
    places._place.cache_clear()
    server.shutdown()
    server.server_close()
    thread.join()


def test_months_go_to_the_bucket_and_come_back(told: list[int], write: Any, bucket: type[Bucket]) -> None:
    from ckanext.tzc.sensors.lake import checking, erasing

    before, asked = stored(), answers(told)
    assert [done.left for done in move()] == ["", ""]
    assert [key.rpartition("/")[2][:8] for key in sorted(bucket.objects)] == ["2025-01.", "2025-02."]
    assert stored() == before
    assert [row["count"] for row in answers(told)["statistics"]] == [row["count"] for row in asked["statistics"]]
    write(later(told))
    expected = everything()
    assert [done.left for done in move()] == ["", "", ""]
    assert everything() == expected and checking.check().faults == ()
    erasing.erase([told[0]])
    assert {row[0] for row in stored()} == {told[1]}
    # of March only the erased stream had a value; who removes by Arrow leaves an empty mark of the folder
    assert [key.rpartition("/")[2][:8] for key in sorted(bucket.objects) if not key.endswith("/")] == ["2025-01.", "2025-02."]


def test_parts_are_asked_of_the_bucket(app: Any, told: list[int], bucket: type[Bucket], dataset: dict[str, Any]) -> None:
    move()
    [january, _february] = app.get(f"/api/3/action/tzc_sensor_lake_list?dataset={dataset['id']}").json["result"]
    bucket.asked.clear()
    part = app.get(january["url"], headers={"Range": "bytes=100-299"})
    assert part.status_code == 206 and len(part.data) == 200
    assert part.data in next(content for key, content in bucket.objects.items() if "2025-01" in key) and "127.0.0.1" not in str(part.headers)
