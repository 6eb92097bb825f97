"""Headers that every answer carries."""
from __future__ import annotations

from flask import Response, g, has_request_context, request

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


def store_nowhere(response: Response) -> Response:
    """After a request: such an answer is kept by no browser and no proxy, nor is an error: another reader may get none, and whether what it is about is there must not show."""
    if g.get(PRIVATE) or response.status_code >= 400:
        # CKAN adds its own words after these; marked like this, they are "private" again
        request.environ["__no_cache__"] = True
        response.headers["Cache-Control"] = "private, no-store"
    return response
