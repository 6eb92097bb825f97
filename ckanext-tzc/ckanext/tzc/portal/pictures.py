"""Pictures in descriptions: one that lies elsewhere is not shown (the content policy forbids it), so a link leads to it."""
from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from markupsafe import Markup, escape

_TAG = re.compile(r"<a\b[^>]*>|</a>|<img\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'\b(src|alt|title)="([^"]*)"', re.IGNORECASE)


def as_links(cleaned: str) -> Markup:
    """Put a link in the place of each picture that lies elsewhere; `cleaned` is HTML that holds nothing dangerous any more."""
    within = False

    def replaced(tag: re.Match[str]) -> str:
        nonlocal within
        text = tag[0]
        if not text.lower().startswith("<img"):
            within = not text.startswith("</")
            return text
        given = {name.lower(): unescape(value) for name, value in _ATTRIBUTE.findall(text)}
        address = given.get("src", "")
        words = escape(given.get("alt") or given.get("title") or tk._("Picture"))
        host = urlsplit(address).netloc
        if address and (not host or host == urlsplit(tk.config["ckan.site_url"]).netloc):
            return text
        # a link in a link is none
        return str(words) if within or not address else str(Markup('<a href="{}" rel="nofollow noopener noreferrer">{}</a>').format(address, words))

    return Markup(_TAG.sub(replaced, cleaned))  # noqa: S704 -- what CKAN cleaned, and what is escaped above
