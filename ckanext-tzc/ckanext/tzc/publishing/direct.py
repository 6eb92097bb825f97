"""Feeds that are asked for as harvesters do, answered before CKAN has looked for a session, a language and a view: a third of the time of a page.

Whatever is not plain (another address or parameter, a change that waits, a page that is not there) is left to the views.
"""
from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import ckan.model as model
import sqlalchemy as sa
from ckanext.tzc.common.headers import ALWAYS
from flask import Request, Response

from tzc.publishing.documents import EXTENSIONS

from . import answers, feed_pages, feeds

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"/catalog(?P<feed>/national|/hvd|)\.(?P<extension>[a-z0-9]+)")
QUESTION = re.compile(r"(?P<name>page|after)=(?P<number>[1-9][0-9]{0,8})|")
CHOICES = {"": feeds.WHOLE, "/national": feeds.NATIONAL, "/hvd": feeds.HIGH_VALUE}


class DirectFeeds:
    """WSGI middleware: answers plain requests for a feed, and hands all others on."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        response = _answer(environ)
        return (response or self.app)(environ, start_response)


def _answer(environ: WSGIEnvironment) -> Response | None:
    address, question = ADDRESS.fullmatch(environ.get("PATH_INFO", "")), QUESTION.fullmatch(environ.get("QUERY_STRING", ""))
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or not address or not question or address["extension"] not in EXTENSIONS:
        return None
    try:
        response = _page(Request(environ), address["feed"], address["extension"], {question["name"]: question["number"]} if question["name"] else {})
    except feed_pages.NoSuchPageError:
        return None
    except sa.exc.SQLAlchemyError:
        log.warning("a feed could not be read; it is tried once more", exc_info=True)
        return None
    finally:
        model.Session.remove()
    if response:
        response.headers.extend(ALWAYS)
    return response


def _page(asked: Request, feed: str, extension: str, question: dict[str, str]) -> Response | None:
    at, syntax = feeds.state_now(), EXTENSIONS[extension]
    return feed_pages.answer(asked, at, CHOICES[feed], syntax, answers.media_of(extension, syntax), question) if at.settled else None
