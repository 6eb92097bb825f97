"""How a client knows pages again that it had read before."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from ckanext.tzc.harvesters import http
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


def test_when_a_page_changed_last_is_a_name_too(site: Site) -> None:
    """For a server that gives no ETag; where it gives one, that counts."""
    moment = "Sun, 29 Nov 2026 01:00:00 GMT"
    site.answer = lambda asked: Reply(status=304) if asked.headers.get("If-Modified-Since") == moment else Reply(b"un", headers={"Last-Modified": moment})
    first = client()
    first.get(f"{site.address}/")
    site.answer = lambda asked: Reply(status=304) if asked.headers.get("If-Modified-Since") == moment else Reply(b"deux")
    assert client().is_unchanged(first.pages)
    site.answer = lambda _: Reply(b"un", headers={"Last-Modified": moment, "ETag": '"1"'})
    both = client()
    both.get(f"{site.address}/")
    assert client().is_unchanged(both.pages)
    assert site.asked[-1].headers["If-None-Match"] == '"1"' and "If-Modified-Since" not in site.asked[-1].headers


def test_what_is_kept_of_answers_and_of_pages_has_an_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_KEPT", 4)
    monkeypatch.setattr(http, "MOST_PAGES", 2)
    bodies = {"/a": b"unun", "/b": b"deux"}
    site.answer = named(bodies, {})
    first = client()
    for path in ("/a", "/b", "/a", "/b", "/a"):
        first.get(site.address + path)
    assert [page.url for page in first.pages] == [f"{site.address}/a", f"{site.address}/b", f"{site.address}/a"], "one more tells that there were more"
    bodies["/b"] = b"dix!"
    changed = client()
    assert not changed.is_unchanged(first.pages[:2])
    site.asked.clear()
    assert [changed.get(site.address + path).body for path in bodies] == [b"unun", b"dix!"]
    assert [asked.path for asked in site.asked] == ["/b"], "the first four bytes are kept, and no more"


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
