"""News as Atom."""
from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzc.catalogue import atom

ABOUT = {"id": "https://p.example/feeds/dataset.atom", "title": "Portail", "subtitle": "", "author": "Portail", "language": "fr", "updated": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("number", "count", "links"),
    [
        (1, 0, {"first": 1, "last": 1}), (1, 20, {"first": 1, "last": 1}), (1, 21, {"first": 1, "next": 2, "last": 2}),
        (2, 45, {"first": 1, "previous": 1, "next": 3, "last": 3}), (3, 45, {"first": 1, "previous": 2, "last": 3}), (4, 45, None), (0, 45, None), (2, 0, None),
    ],
)  # fmt: skip
def test_pages(number: int, count: int, links: dict[str, int] | None) -> None:
    assert atom.page_links(number, count, 20) == links


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_gives_a_document(title: str, notes: str, keywords: list[str]) -> None:
    entry = atom.Entry("https://p.example/dataset/1", title, "https://p.example/dataset/a?x=1&y=2", title, notes, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", keywords)
    root = ET.fromstring(atom.feed(ABOUT, {"self": "https://p.example/feeds/dataset.atom"}, [entry]))  # noqa: S314 -- made above
    assert root.findtext(f"{{{atom.SPACE}}}updated") == "2026-02-01T00:00:00Z"
    assert len(root.findall(f".//{{{atom.SPACE}}}category")) == len(keywords)
