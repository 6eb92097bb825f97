"""Errors before any view of ours, said to a program as a view says them: in plain text, not as a page."""
from __future__ import annotations

import re

import ckan.plugins.toolkit as tk
from flask import Response, request
from werkzeug.http import HTTP_STATUS_CODES

from tzc.publishing.documents import EXTENSIONS

from . import answers

FEED = re.compile(r"/(catalog|vocabulary|sparql)(?![a-z0-9_-]).*", re.DOTALL)
DOCUMENT = re.compile(rf"/(catalog|vocabulary|dataset/).*\.({'|'.join(EXTENSIONS)})", re.DOTALL)


def in_plain_text(response: Response) -> Response:
    """A page that tells of an error becomes a line, where RDF was asked for."""
    if response.status_code < 400 or response.mimetype != "text/html" or not _for_a_program():
        return response
    told = answers.refuse(response.status_code, _reason(response.status_code))
    response.data = told.data
    response.headers.update(told.headers)
    return response


def _for_a_program() -> bool:
    """An address with the ending of a syntax says so; one of a feed without, unless a page is asked for; any other, when RDF is asked for."""
    if DOCUMENT.fullmatch(request.path):
        return True
    if FEED.fullmatch(request.path):
        return "text/html" not in request.headers.get("Accept", "")
    return request.path.startswith("/dataset/") and answers.asks_for_rdf(request)


def _reason(status: int) -> str:
    if "\x00" in request.path or any("\x00" in part for pair in request.args.items(multi=True) for part in pair):
        return tk._("A value holds a character that no text has (NUL).")
    return tk._("Page not found") if status == 404 else HTTP_STATUS_CODES.get(status, str(status))
