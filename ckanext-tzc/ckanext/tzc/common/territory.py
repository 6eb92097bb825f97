"""The territory of this portal, read once a process."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import ckan.plugins.toolkit as tk

from tzc.catalogue.territory import Territory, read_territory


def territory() -> Territory:
    """The territory that the setting `tzc.territory` names."""
    return _read(tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _read(file: str) -> Territory:
    return read_territory(Path(file).read_text(encoding="utf-8"), source=file)


def language() -> str:
    """The language of this request, as the territory's texts know it."""
    try:
        current: str = tk.h.lang()
    except RuntimeError:
        # outside a request: a command or a job
        current = territory().languages[0]
    return current


def text(texts: dict[str, str]) -> str:
    """The text for this request's reader."""
    return territory().text(texts, language())
