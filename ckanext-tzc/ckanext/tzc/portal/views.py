"""Pages of the portal room."""
from __future__ import annotations

from typing import TYPE_CHECKING

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory
from flask import Blueprint, Response

from . import ground, page_cache, theme
from .headers import protect

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

portal = Blueprint("tzc_portal", __name__)
portal.after_app_request(protect)
portal.after_app_request(page_cache.mark)

DAY = 86_400


class _Kept(Response):
    """A response that browsers keep; CKAN writes its own cache header after every view, so ours is set as the last thing."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Cache-Control"] = f"public, max-age={30 * DAY}, immutable"
        return headers


@portal.route("/tzc/theme.css")
def theme_css() -> Response:
    """The territory's colours as custom properties, so that no page needs an inline style."""
    return _Kept(theme.stylesheet(territory().colours), mimetype="text/css")


@portal.route("/tzc/favicon.svg")
def favicon() -> Response:
    """The portal's icon in the territory's colour."""
    return _Kept(theme.icon(territory().colours), mimetype="image/svg+xml")


@portal.route("/tzc/logo")
def logo() -> Response:
    """The territory's logo. It was looked at when the territory was read; opened by itself it could still run nothing."""
    picture = territory().logo
    if picture is None:
        return tk.abort(404)
    answer = _Kept(picture.content, mimetype=picture.media)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return answer


@portal.route("/tzc/communes.geojson")
def communes() -> Response:
    """The communes' outlines and names: the ground of maps."""
    return _Kept(ground.geojson(), mimetype="application/geo+json")


@portal.route("/accessibilite")
def accessibility() -> str:
    """The accessibility statement."""
    return tk.render("tzc/accessibility.html")
