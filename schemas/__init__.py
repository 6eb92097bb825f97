"""Metadata schemas (ckanext-scheming), presets and vocabularies of the portal."""
from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml


@lru_cache(maxsize=32)
def vocabulary(name: str) -> list[dict[str, Any]]:
    """The entries of `vocabularies/NAME.yaml`: `{"code", "uri", "label": {language: text}, …}`, in the file's order."""
    content = yaml.load((files("ckanext.tzc.schemas") / "vocabularies" / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    entries: list[dict[str, Any]] = content["entries"]
    base = content.get("base", "")
    return [{**entry, "uri": entry.get("uri") or f"{base}{entry['code']}"} for entry in entries]
