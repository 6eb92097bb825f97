"""Pages of a feed as answers: the first, one by its number, or the one after a place in the order."""
from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import ckan.plugins.toolkit as tk
from flask import Request, Response
from pyoxigraph import NamedNode

from tzc.publishing.catalogue import Page
from tzc.publishing.documents import Syntax

from . import answers, feeds
from .world import base

LAST = 1_000_000
"""The highest number of a page that is looked for."""


class NoSuchPageError(Exception):
    """A page that the feed does not have, by its number."""


def answer(asked: Request, at: feeds.State, choice: feeds.Choice, syntax: Syntax, media: str, question: Mapping[str, str]) -> Response:
    """The page that `question` asks for: `page` or `after`, whole numbers, and `modified_since`, which `choice` knows already."""
    etag = feeds.etag(at.known, asked.path, urlencode(sorted(question.items())), syntax.name)
    if at.settled and (known := answers.fresh(asked, etag, at.changed)):
        return known
    size = max(1, int(tk.config.get("ckanext.dcat.datasets_per_page") or 100))
    found = _stretch(choice, syntax, question, size)
    links = _links(f"{base()}{quote(asked.path)}", question, found, size, feeds.numbers(choice, at))
    return answers.rdf(asked, feeds.page(syntax, found, links, at), media, etag, at.changed)


def _stretch(choice: feeds.Choice, syntax: Syntax, question: Mapping[str, str], size: int) -> feeds.Stretch:
    if "after" in question:
        return feeds.stretch(choice, syntax, int(question["after"]), size)
    number = int(question.get("page", "1"))
    before = feeds.place_before(choice, number, size) if number <= LAST else None
    found = feeds.stretch(choice, syntax, before, size) if before is not None else None
    if found is None or (found.empty and number > 1):
        raise NoSuchPageError(number)
    return found


def _links(collection: str, question: Mapping[str, str], found: feeds.Stretch, size: int, numbers: feeds.Numbers) -> Page:
    """Links between pages lead by places, not by numbers: nothing that happens meanwhile moves them."""
    kept = {name: value for name, value in question.items() if name == "modified_since"}
    first = f"{collection}?{urlencode(kept)}" if kept else collection
    here = f"{collection}?{urlencode(sorted(question.items()))}" if question else collection
    following = f"{collection}?{urlencode({**kept, 'after': found.until})}" if found.more else None
    pages = -(-numbers.places // size)
    last = f"{collection}?{urlencode({**kept, 'page': pages})}" if pages > 1 else None
    return Page(NamedNode(here).value, collection, first, following, last, numbers.datasets, size)
