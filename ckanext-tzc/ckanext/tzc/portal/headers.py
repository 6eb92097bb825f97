"""Headers that every answer carries: what browsers must not guess, frame or run."""
from __future__ import annotations

import re

from flask import Response, request

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

FILES = re.compile(r"/resource/[^/]+/download(/|$)|^/file/download/")
"""Addresses of uploaded files, whatever kind of dataset they belong to."""


def protect(response: Response) -> Response:
    """Add the headers; an uploaded file is always saved, never shown inside the portal."""
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if FILES.search(request.path) and response.status_code in {200, 206}:
        disposition = response.headers.get("Content-Disposition", "")
        response.headers["Content-Disposition"] = "attachment" + disposition[len("inline") :] if disposition.startswith("inline") else disposition or "attachment"
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
