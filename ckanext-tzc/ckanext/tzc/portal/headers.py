"""Headers that every answer carries: what browsers must not guess, frame or run."""
from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.headers import ALWAYS, FRAMED
from flask import Response, g, request

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
"""The content security policy: nothing from elsewhere, no script and no style that stands in the page itself."""

STOCK_STYLES = {"style-src": "'self' 'unsafe-inline'"}
"""The one exception, on pages that keep CKAN's own layout: jQuery plugins and htmx write style attributes there. Scripts get none."""

FILES = re.compile(r"/resource/[^/]+/download(/|$)|^/file/download/")
"""Addresses of uploaded files, whatever kind of dataset they belong to."""


def protect(response: Response) -> Response:
    """Add the headers; an uploaded file is always saved, never shown inside the portal."""
    framed = response.status_code == 200 and bool(g.get(FRAMED))
    for name, value in ALWAYS.items():
        if name != "X-Frame-Options" or not framed:
            response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", policy(tk.h.tzc_light(), tk.config["tzc.map.tiles"], framed))
    if FILES.search(request.path) and response.status_code in {200, 206}:
        disposition = response.headers.get("Content-Disposition", "")
        response.headers["Content-Disposition"] = "attachment" + disposition[len("inline") :] if disposition.startswith("inline") else disposition or "attachment"
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@lru_cache(maxsize=8)
def policy(light: bool, tiles: str, framed: bool = False) -> str:
    """The content security policy of a page; the host of the map's tiles, when there is one, may be asked for pictures. `framed`: other sites may show it."""
    parts = {**POLICY, **({} if light else STOCK_STYLES), **({"frame-ancestors": "*"} if framed else {})}
    if tiles:
        address = urlsplit(tiles)
        parts["img-src"] += f" {address.scheme}://{address.netloc}".replace("{s}", "*")
    return "; ".join(f"{name} {value}" for name, value in parts.items())
