"""What comes packed is unpacked to its end, or refused: half of it is never taken for the whole."""
from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ckanext.tzc.harvesters import packing
from ckanext.tzc.harvesters.download import Download
from ckanext.tzc.harvesters.http import Client, FetchError, Limits
from urllib3.exceptions import DecodeError

from tests.sites import Reply, Site

QUICK = Limits(connect=2, read=2, answer=3, pause=0.01, longest_pause=2, tries=2)
ROWS = b"identifiant;titre\n" + b"".join(b"jeu-%d;Comptage %d\n" % (number, number * 7919) for number in range(20_000))


def bare(content: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(content) + made.flush()


PACKED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(ROWS)), "x-gzip": ("x-gzip", gzip.compress(ROWS)), "deflate": ("deflate", zlib.compress(ROWS)), "bare": ("deflate", bare(ROWS)),
    "members": ("gzip", gzip.compress(ROWS[:1000]) + gzip.compress(ROWS[1000:])), "twice": ("gzip, gzip", gzip.compress(gzip.compress(ROWS))),
}  # fmt: skip


def asked(site: Site, folder: Path, way: str) -> bytes:
    """What comes of an answer, in memory or in a file."""
    if way == "kept":
        Download(folder / "file", allow_internal=True, limits=QUICK).get(site.address)
        return (folder / "file").read_bytes()
    return Client(allow_internal=True, limits=QUICK).get(site.address).body


def to_the_end(body: bytes) -> Callable[[Any], None]:
    """Written without a length: where it ends, the connection does."""
    return lambda out: out.write(body)


def chunked(body: bytes) -> Callable[[Any], None]:
    return lambda out: out.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


@pytest.fixture(params=["closed", "chunked", "counted"])
def sent(request: pytest.FixtureRequest) -> Callable[[str, bytes], Reply]:
    """An answer, its end told in each of the ways that HTTP knows: well, whatever is in it."""

    def make(said: str, body: bytes) -> Reply:
        headers = {"Content-Encoding": said}
        if request.param == "counted":
            return Reply(body, headers=headers)
        if request.param == "chunked":
            return Reply(headers={**headers, "Transfer-Encoding": "chunked", "Connection": "close"}, write=chunked(body))
        return Reply(headers={**headers, "Connection": "close"}, write=to_the_end(body))

    return make


@pytest.mark.parametrize("how", ["kept", "held"])
@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_comes_whole_or_not_at_all(site: Site, tmp_path: Path, sent: Callable[[str, bytes], Reply], name: str, how: str) -> None:
    said, body = PACKED[name]
    site.answer = lambda _: sent(said, body)
    assert asked(site, tmp_path, how) == ROWS
    for length in (1, len(body) // 2, len(body) - 1):
        site.answer = lambda _, length=length: sent(said, body[:length])  # type: ignore[misc] -- a lambda with a default
        with pytest.raises(FetchError, match=r"ends in the middle") as failed:
            asked(site, tmp_path, how)
        assert failed.value.cause == "cut_off"


def test_a_cut_off_one_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    body = gzip.compress(ROWS)
    replies = [Reply(body[: len(body) // 2], headers={"Content-Encoding": "gzip"}), Reply(body, headers={"Content-Encoding": "gzip"})]
    site.answer = lambda _: replies.pop(0)
    assert asked(site, tmp_path, "kept") == ROWS


@pytest.mark.parametrize(("said", "body"), [("gzip", ROWS), ("gzip", gzip.compress(ROWS)[:-8] + b"\0" * 8), ("deflate", b"\xff" * 100)])
def test_what_is_broken_is_refused(site: Site, said: str, body: bytes) -> None:
    site.answer = lambda _: Reply(body, headers={"Content-Encoding": said})
    with pytest.raises(FetchError, match="is broken") as failed:
        Client(allow_internal=True, limits=QUICK).get(site.address)
    assert failed.value.cause == "cut_off"


@pytest.mark.parametrize("said", ["", "identity", "br", "gzip, gzip, gzip"])
def test_what_is_not_unpacked_comes_as_it_was_sent(site: Site, said: str) -> None:
    site.answer = lambda _: Reply(ROWS, headers={"Content-Encoding": said})
    assert Client(allow_internal=True, limits=QUICK).get(site.address).body == ROWS


@pytest.mark.parametrize("more", [b"\n", b"\x1f", b"\0" * 512, b"<!-- 0.2 s -->"])
def test_what_a_server_writes_behind_it_is_left_alone(more: bytes) -> None:
    assert b"".join(packing.unpacked([gzip.compress(ROWS), more], "gzip")) == ROWS
    assert b"".join(packing.unpacked([gzip.compress(ROWS) + more], "gzip")) == ROWS


def in_bytes(body: bytes) -> Iterator[bytes]:
    return (body[place : place + 1] for place in range(len(body)))


@pytest.mark.parametrize("name", [name for name in PACKED if name != "twice"])
def test_it_may_come_byte_by_byte(name: str) -> None:
    way, body = PACKED[name]
    assert b"".join(packing.unpacked(in_bytes(body), way)) == ROWS
    with pytest.raises(DecodeError):
        b"".join(packing.unpacked(in_bytes(body[:-1]), way))


def test_an_empty_answer_is_empty(site: Site, tmp_path: Path) -> None:
    """As it is without being packed: who reads it says so."""
    site.answer = lambda _: Reply(b"", headers={"Content-Encoding": "gzip"})
    assert asked(site, tmp_path, "held") == asked(site, tmp_path, "kept") == b""


def test_no_part_is_large() -> None:
    sizes = [len(part) for part in packing.unpacked([gzip.compress(b" " * 10_000_000)], "gzip")]
    assert sum(sizes) == 10_000_000 and max(sizes) <= packing.CHUNK
