"""The territory of this portal, read once a process."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import ckan.plugins.toolkit as tk
from ckanext.tzc.schemas import vocabulary

from tzc.catalogue import outlines as shapes
from tzc.catalogue.territory import Territory, read_file


def territory() -> Territory:
    """The territory that the setting `tzc.territory` names."""
    return _read(tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _read(file: str) -> Territory:
    return read_file(Path(file), licence_codes())


def outlines() -> shapes.Outlines:
    """The outlines of the territory's communes, from the file beside the territory's; none without it. Raises OutlinesError."""
    return _outlines(tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _outlines(file: str) -> shapes.Outlines:
    return shapes.read_file(Path(file).parent / shapes.NAME, _read(file).commune_names)


def licence_codes() -> list[str]:
    """The licences that a territory may offer."""
    return [entry["code"] for entry in vocabulary("licence")]


def first_licences() -> list[str]:
    """Those that a first territory file offers: not what only harvested catalogues state."""
    return [entry["code"] for entry in vocabulary("licence") if not entry.get("elsewhere")]


def language() -> str:
    """The language of this request, as the territory's texts know it."""
    try:
        current: str = tk.h.lang() or territory().languages[0]
    except RuntimeError:
        # outside a request: a command or a job
        current = territory().languages[0]
    return current


def text(texts: dict[str, str]) -> str:
    """The text for this request's reader."""
    return territory().text(texts, language())
