"""A feed of news as Atom (RFC 4287), in pages (RFC 5005)."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

SPACE = "http://www.w3.org/2005/Atom"
TYPE = "application/atom+xml"
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML does not have."""
LONGEST_SUMMARY = 1000


@dataclasses.dataclass(frozen=True)
class Entry:
    """One piece of news; moments are ISO 8601 in UTC."""

    id: str
    title: str
    address: str
    author: str
    summary: str
    published: str
    updated: str
    keywords: Sequence[str] = ()


def page_links(number: int, count: int, size: int) -> dict[str, int] | None:
    """Which pages a page leads to, by their relation; None where there is no such page. The first is there also when nothing is."""
    last = max(1, -(-count // size))
    if not 1 <= number <= last:
        return None
    around = {"previous": number - 1, "next": number + 1}
    return {"first": 1, **{name: other for name, other in around.items() if 1 <= other <= last}, "last": last}


def feed(about: Mapping[str, str], links: Mapping[str, str], entries: Sequence[Entry]) -> bytes:
    """The document. `about`: `id`, `title`, `subtitle`, `author`, `language`, `updated` (of a feed without entries); `links`: whole addresses by their relation."""
    ET.register_namespace("", SPACE)
    root = ET.Element(f"{{{SPACE}}}feed", {"xml:lang": about["language"]})
    _add(root, "id", about["id"])
    _add(root, "title", about["title"])
    _add(root, "subtitle", about["subtitle"])
    _add(root, "updated", max((entry.updated for entry in entries), default=about["updated"]))
    _add(_add(root, "author"), "name", about["author"])
    for name, address in links.items():
        _add(root, "link", rel=name, href=address, type="text/html" if name == "alternate" else TYPE)
    for entry in entries:
        told = _add(root, "entry")
        _add(told, "id", entry.id)
        _add(told, "title", entry.title)
        _add(told, "link", rel="alternate", href=entry.address, type="text/html")
        _add(told, "published", entry.published)
        _add(told, "updated", entry.updated)
        _add(_add(told, "author"), "name", entry.author)
        _add(told, "summary", _short(entry.summary))
        for keyword in entry.keywords:
            _add(told, "category", term=keyword)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{SPACE}}}{name}", {key: NO_XML.sub("", value) for key, value in attributes.items()})
    made.text = NO_XML.sub("", text) or None
    return made


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"
