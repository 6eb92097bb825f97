"""How a client knows pages again that it had read before."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from ckanext.tzc.harvesters.http import Client, FetchError, Limits

from tests.sites import Asked, Reply, Site


def client() -> Client:
    return Client(allow_internal=True, limits=Limits(pause=0.01))


def named(bodies: dict[str, bytes], etags: dict[str, str]) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        etag = etags.get(asked.path, "")
        if etag and asked.headers.get("If-None-Match") == etag:
            return Reply(status=304, headers={"ETag": etag})
        return Reply(bodies[asked.path], headers={"ETag": etag} if etag else {})

    return answer


def test_pages_are_known_by_name_or_by_content(site: Site) -> None:
    bodies, etags = {"/a": b"un", "/b": b"deux"}, {"/a": '"1"'}
    site.answer = named(bodies, etags)
    first = client()
    assert [first.get(f"{site.address}{path}").body for path in bodies] == [b"un", b"deux"]
    again = client()
    site.asked.clear()
    assert again.is_unchanged(first.pages)
    assert [asked.path for asked in site.asked] == ["/a", "/b"] and again.pages == []
    bodies["/b"] = b"trois"
    changed = client()
    assert not changed.is_unchanged(first.pages)
    site.asked.clear()
    assert changed.get(f"{site.address}/b").body == b"trois" and site.asked == [], "what came is not asked for again"
    assert changed.get(f"{site.address}/b").body == b"trois" and len(site.asked) == 1
    assert [page.etag for page in first.pages] == ['"1"', ""]


def test_a_question_in_a_body_is_known_by_it(site: Site) -> None:
    site.answer = lambda asked: Reply(asked.body)
    first = client()
    first.post(f"{site.address}/", "début".encode(), "application/xml")
    assert client().is_unchanged(first.pages)
    site.answer = lambda asked: Reply(asked.body + b"!")
    assert not client().is_unchanged(first.pages)


def test_nothing_is_unchanged_that_nobody_asked_about(site: Site) -> None:
    """304 to a plain question is a fault, and a page that is gone is none that is as before."""
    site.answer = lambda _: Reply(status=304)
    with pytest.raises(FetchError, match="304"):
        client().get(f"{site.address}/")
    site.answer = lambda _: Reply(b"x")
    first = client()
    first.get(f"{site.address}/")
    site.answer = lambda _: Reply(status=404)
    with pytest.raises(FetchError):
        client().is_unchanged(first.pages)
