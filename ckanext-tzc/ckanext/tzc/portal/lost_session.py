"""A form that comes back after its session has ended: what happened in the reader's words, and the text given back to be sent again.

Only forms in which much is written are given back, and only what a page of ours sent: a stranger's page must not get a valid form by sending a forged one.
"""
from __future__ import annotations

import re
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from flask import g, request
from flask_wtf.csrf import CSRFError

WRITTEN = re.compile(r"/dataset/(new|edit/[^/]+|[^/]+/resource/(new|[^/]+/edit))|/(organization|group)/(new|edit/[^/]+)")
"""Addresses of the forms that are given back."""

SECRET = re.compile(r"passw|token|secret", re.IGNORECASE)
"""Names of fields that are never written into a page."""


def _is_ours(address: str) -> bool:
    return urlsplit(address).netloc in {request.host, urlsplit(tk.config["ckan.site_url"]).netloc}


def given_back() -> list[tuple[str, str]]:
    """What the form held, `(name, value)` in its order; nothing where it is not to be given back."""
    came_from = request.headers.get("Origin") or request.headers.get("Referer") or ""
    if not WRITTEN.fullmatch(request.path) or not _is_ours(came_from):
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name != g.csrf_field_name and not SECRET.search(name)]


def answer(error: CSRFError) -> tuple[str, int]:
    """The page that is given instead of CKAN's, which says in English what the program missed."""
    values = given_back()
    chosen = [upload.filename for upload in request.files.values() if upload.filename]
    shown = [(name, value) for name, value in values if name not in {"save", "opened", "id", "pkg_name"} and value.strip()]
    return tk.render("tzc/lost_session.html", {"values": values, "shown": shown, "chosen": chosen}), 400
