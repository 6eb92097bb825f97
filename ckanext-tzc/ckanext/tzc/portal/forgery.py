"""Protection of forms against forgery (CSRF), as narrow an exemption as CKAN needs.

CKAN exempts from the check the view that a program with an API token, or anybody without a session, calls. It remembers the view
for the life of the process: one anonymous visit to a form, and everybody's posts to it go unchecked. Here an exemption lasts for
the request it was made in, and only calls by token and the API of strangers get one: forms of strangers (sign-in) are checked too.
"""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import g, has_request_context, request


class RequestExemptions(set[str]):
    """In the place of flask-wtf's set of exempt views. What is added outside a request stays, as the decorator means it."""

    def add(self, view: str) -> None:
        """Exempt a view: for good, or within a request for that request, if it may be."""
        if not has_request_context():
            super().add(view)
        elif request.headers.get(tk.config["apitoken_header_name"]) or request.blueprint == "api":
            g.tzc_exempt_view = view

    def __contains__(self, view: object) -> bool:
        """Whether posts to a view go unchecked now."""
        return super().__contains__(view) or (has_request_context() and g.get("tzc_exempt_view") == view)


def narrow() -> None:
    """Put our exemptions in the place of CKAN's."""
    from ckan.config.middleware.flask_app import csrf

    kept: Any = csrf._exempt_views
    if not isinstance(kept, RequestExemptions):
        csrf._exempt_views = RequestExemptions(kept)
