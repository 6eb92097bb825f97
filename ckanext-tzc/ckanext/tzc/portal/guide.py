"""The help pages: short texts in `help.yaml`, for residents, partners and programmers."""
from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

import ckan.plugins.toolkit as tk
import markdown
import yaml
from ckanext.tzc.common.territory import text


def pages() -> list[dict[str, str]]:
    """The pages in order: `{"name", "title", "summary"}`, in the reader's language."""
    return [{"name": name, "title": text(page["title"]), "summary": text(page["summary"])} for name, page in _texts().items()]


def page(name: str) -> dict[str, Any] | None:
    """One page: `{"name", "title", "summary", "body"}`, `body` being HTML; None when there is none of this name."""
    found = _texts().get(name)
    if found is None:
        return None
    site = tk.h.url_for("home.index", locale="default", qualified=True).rstrip("/")
    written = text(found["text"]).format(site=site, root=tk.h.url_for("home.index").rstrip("/"))
    # our own words, which hold no HTML: nothing to clean
    body = tk.literal(markdown.markdown(written, extensions=["tables"]))
    return {"name": name, "title": text(found["title"]), "summary": text(found["summary"]), "body": body}


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    written = (files("ckanext.tzc.portal") / "help.yaml").read_text(encoding="utf-8")
    # French puts a space before these signs, at which no line may break
    texts: dict[str, Any] = yaml.safe_load(re.sub(r"(?<=«) | (?=[»;:?!])", "\u00a0", written))
    return texts
