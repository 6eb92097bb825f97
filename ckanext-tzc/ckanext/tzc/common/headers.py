"""Headers that every answer carries."""
from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, g, has_request_context, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""What browsers must not guess, frame or use."""

PRIVATE = "tzc_private"
"""On `flask.g`: whether this answer holds what is not for everybody."""


def keep_private() -> None:
    """Say that the answer to this request holds data that are not for everybody; safe outside of a request."""
    if has_request_context():
        setattr(g, PRIVATE, True)


DAY = 86_400


class Kept(Response):
    """A response that browsers keep; CKAN writes its own cache header after every view, so ours is set as the last thing."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Those of the response, with ours."""
        headers = super().get_wsgi_headers(environ)
        headers["Cache-Control"] = f"public, max-age={30 * DAY}, immutable"
        return headers


FRAMED = "tzc_framed"
"""On `flask.g`: whether other sites may show this answer in a frame."""


def let_be_framed() -> None:
    """Say that other sites may frame the answer to this request: for pages that show what is everybody's and on which nothing can be done."""
    setattr(g, FRAMED, True)


def store_nowhere(response: Response) -> Response:
    """After a request: such an answer is kept by no browser and no proxy, nor is an error: another reader may get none, and whether what it is about is there must not show."""
    if g.get(PRIVATE) or response.status_code >= 400:
        # CKAN adds its own words after these; marked like this, they are "private" again
        request.environ["__no_cache__"] = True
        response.headers["Cache-Control"] = "private, no-store"
    return response
