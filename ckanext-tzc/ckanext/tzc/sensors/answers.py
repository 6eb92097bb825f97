"""Answers to programs that read: refusals in words, marks by which what is known already need not be sent again, and who may keep an answer."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2.errors
import sqlalchemy as sa
from ckanext.tzc.common import headers
from flask import Response, jsonify, request

from . import reading, seeing, store

SECONDS = 20
"""For which an answer may be looked for in the database."""


class WrongError(Exception):
    """A question that is not answered: its status, and words that say what to do."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(words)


def missing() -> WrongError:
    """What is not there, and what is not for who asks: one answer."""
    return WrongError(404, tk._("There is nothing of this name, or it is not for you to see."))


def asker() -> str:
    """The name of the account that asks, empty for a stranger."""
    return str(tk.current_user.name) if tk.current_user and tk.current_user.is_authenticated else ""


@contextmanager
def patiently() -> Iterator[None]:
    """What takes the database too long is given up, and told so. Raises WrongError."""
    model.Session.execute(sa.text(f"SET LOCAL statement_timeout = {SECONDS * 1000}"))
    try:
        yield
    except (psycopg2.errors.QueryCanceled, sa.exc.OperationalError) as error:
        if not isinstance(error, psycopg2.errors.QueryCanceled) and getattr(error.orig, "pgcode", "") != "57014":
            raise
        model.Session.rollback()
        raise WrongError(503, tk._("This takes too long to look up: ask for a shorter time, or for fewer streams.")) from error


View = Callable[..., Response]


def answered(kind: Callable[[WrongError], Response]) -> Callable[[View], View]:
    """A view whose refusals become answers of a kind."""

    def around(view: View) -> View:
        @wraps(view)
        def inner(**values: Any) -> Response:
            try:
                with patiently():
                    return view(**values)
            except WrongError as error:
                answer = kind(error)
                answer.status_code = error.status
                if error.status == 503:
                    answer.headers["Retry-After"] = "30"
                return answer

        return inner

    return around


def as_the_api(error: WrongError) -> Response:
    """As CKAN's API refuses."""
    kinds = {400: "Validation Error", 404: "Not Found Error"}
    return jsonify({"success": False, "error": {"__type": kinds.get(error.status, "Error"), "message": error.words}})


def mark_of(rows: Collection[store.Stream], first: int, next: int, *more: object) -> str:
    """A mark that changes whenever the answer about these streams' observations in a time does."""
    numbers = sorted(row.id for row in rows)
    # what is not settled first: a settler may come between
    noted = sorted(reading.unsettled(numbers, first, next))
    known = reading.last(numbers)
    digest = hashlib.sha256(repr((more, first, next, noted)).encode())
    for column in (known.streams, known.first, known.times, known.results, known.flags, known.observations, known.received):
        digest.update(column.tobytes())
    for row in sorted(rows, key=lambda row: row.id):
        digest.update(repr((row.name, row.description, row.unit, row.kind, row.interval, row.period, row.dataset, row.properties)).encode())
    return digest.hexdigest()[:32]


def known_already(mark: str) -> bool:
    """Whether the reader has this."""
    return bool(request.if_none_match.contains_weak(mark))


def kept_by(response: Response, rows: Collection[store.Stream], mark: str) -> Response:
    """Tell caches what they may do: what everybody may have is kept by all and asked about each time, anything else by nobody else."""
    response.set_etag(mark, weak=True)
    if seeing.for_everybody(rows):
        response.headers["Cache-Control"] = "public, no-cache"
    else:
        headers.keep_private()
    response.headers["Access-Control-Expose-Headers"] = "ETag, Content-Disposition"
    return response
