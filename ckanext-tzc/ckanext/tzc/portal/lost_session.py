"""A form that comes back after its session has ended: what happened in the reader's words, and the text given back to be sent again.

Only forms in which much is written are given back, and only what a page of ours sent: a stranger's page must not get a valid form by sending a forged one.
"""
from __future__ import annotations

import re
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import g, request
from flask_wtf.csrf import CSRFError

from . import meanwhile

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


def _fields() -> dict[str, meanwhile.Field]:
    """The fields of the form that was sent, by name."""
    kind, _slash, rest = request.path.strip("/").partition("/")
    of_dataset = meanwhile.fields_of_file if "resource/" in rest else meanwhile.fields_of
    return {field["field_name"]: field for field in (of_dataset(kind) if kind == "dataset" else meanwhile.fields_of_group(kind))}


def _label(named: dict[str, meanwhile.Field], name: str) -> str:
    """What the form calls a field; of a repeated one, which part of it."""
    field, _dash, part = name.partition("-")
    own = next((sub for sub in named[field].get("repeating_subfields") or [] if part and sub["field_name"] == part.partition("-")[2]), None)
    return " – ".join(tk.h.scheming_language_text(each["label"]) for each in (named[field], own) if each)


def _words(named: dict[str, meanwhile.Field], name: str, value: str) -> str:
    """A choice or a partner as the form shows it; any other value as it was written."""
    if name == "owner_org":
        partner = model.Group.get(value)
        return str(partner.display_name) if partner else value
    choices = tk.h.scheming_field_choices(named[name.partition("-")[0]]) or []
    return str(tk.h.scheming_choices_label(choices, value)) if choices else value


def chosen() -> list[str]:
    """Names of the files that were chosen; the page's own form carries them on in its address, as it sends no file."""
    return [upload.filename for upload in request.files.values() if upload.filename] or request.args.getlist("chosen")


def not_signed_in_yet() -> tuple[str, int] | None:
    """Before a form is saved: the same page once more for who went on without signing in, whose text CKAN would refuse and lose."""
    if request.method != "POST" or tk.current_user.is_authenticated or not given_back():
        return None
    return _page(not_yet=True)


def answer(error: CSRFError) -> tuple[str, int]:
    """The page that is given instead of CKAN's, which says in English what the program missed."""
    return _page()


def _page(not_yet: bool = False) -> tuple[str, int]:
    values, files = given_back(), chosen()
    named = _fields()
    shown = [(_label(named, name), _words(named, name, value)) for name, value in values if name.partition("-")[0] in named and value.strip()]
    new_file = request.path.endswith("/resource/new") and not request.form.get("id") and not request.form.get("url", "").strip()
    return tk.render("tzc/lost_session.html", {"values": values, "shown": shown, "chosen": files, "new_file": new_file, "not_yet": not_yet, "sign_in_apart": True}), 400
