"""A file from the web comes whole, or not at all, and from nowhere inside."""
from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters.download import Download, TooLargeError, UnchangedError, connect
from ckanext.tzc.harvesters.http import FetchError, ForbiddenError, Limits

from tests.sites import Asked, Reply, Site

QUICK = Limits(connect=2, read=2, answer=3, pause=0.01, longest_pause=2, tries=3)


def download(tmp_path: Path, **more: Any) -> Download:
    return Download(tmp_path / "file", **{"allow_internal": True, "limits": QUICK, **more})


def test_as_it_was_it_is_not_sent_again(site: Site, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        told = {"ETag": '"1"', "Last-Modified": "Sun, 29 Nov 2026 01:00:00 GMT"}
        same = asked.headers.get("If-None-Match") == '"1"' or asked.headers.get("If-Modified-Since") == told["Last-Modified"]
        return Reply(status=304) if same else Reply(b"content", headers=told)

    site.answer = answer
    first = download(tmp_path)
    first.get(site.address)
    assert (tmp_path / "file").read_bytes() == b"content" and (first.etag, first.modified) == ('"1"', "Sun, 29 Nov 2026 01:00:00 GMT")
    for known in ({"etag": first.etag}, {"modified": first.modified}):
        with pytest.raises(UnchangedError):
            download(tmp_path, **known).get(site.address)


def test_what_is_cut_off_is_asked_for_again_and_leaves_nothing_of_the_first(site: Site, tmp_path: Path) -> None:
    replies = [Reply(b"much longer and cut", headers={"Content-Length": "100"}), Reply(b"whole")]
    site.answer = lambda _: replies.pop(0)
    download(tmp_path).get(site.address)
    assert (tmp_path / "file").read_bytes() == b"whole"


def test_unpacked_it_may_not_be_too_large_either(site: Site, tmp_path: Path) -> None:
    site.answer = lambda _: Reply(gzip.compress(b"0" * 50_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLargeError):
        download(tmp_path, limits=Limits(**{**vars(QUICK), "size": 1_000_000})).get(site.address)
    assert (tmp_path / "file").stat().st_size <= 1_000_000


def test_a_redirect_inside_is_not_followed_and_a_key_goes_to_its_own_host(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckanext.tzc.harvesters.http.is_public", lambda number: number == "127.0.0.1")
    site.answer = lambda _: Reply(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    with pytest.raises(ForbiddenError):
        download(tmp_path, allow_internal=False).get(site.address)
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    site.answer = lambda asked: Reply(b"x") if asked.path == "/there" else Reply(status=302, headers={"Location": f"{elsewhere}/there"})
    download(tmp_path, headers={"Authorization": "Bearer key"}).get(site.address)
    assert [asked.headers.get("Authorization") for asked in site.asked[-2:]] == ["Bearer key", None]


def test_connections_of_other_kinds_go_to_public_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"):
        with pytest.raises(ForbiddenError):
            connect(host, 22)
    with pytest.raises(FetchError):
        connect("no-such-host.invalid", 22)
    with pytest.raises(FetchError, match="does not answer"):
        connect("127.0.0.1", 1, allow_internal=True)
    # a name that answers twice, public first: the number that was looked at is the one that is connected to
    asked: list[str] = []

    def looked_up(*_: Any, **__: Any) -> list[Any]:
        asked.append("x")
        return [(2, 1, 6, "", ("192.0.2.1" if len(asked) == 1 else "127.0.0.1", 22))]

    monkeypatch.setattr("ckanext.tzc.harvesters.download.is_public", lambda number: number == "192.0.2.1")
    monkeypatch.setattr("socket.getaddrinfo", looked_up)
    reached: list[Any] = []
    monkeypatch.setattr("socket.create_connection", lambda where, **_: reached.append(where))
    connect("twice.example.org", 22)
    assert reached == [("192.0.2.1", 22)]
