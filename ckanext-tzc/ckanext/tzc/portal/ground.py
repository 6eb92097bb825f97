"""The ground of maps: the communes' outlines and names, for a browser's map and drawn small on a dataset's page."""
from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import outlines, territory

from tzc.catalogue.outlines import Drawing, draw

WIDTH = 320
"""Pixels of the drawing on a dataset's page."""


def geojson() -> str:
    """Every commune: its outline (null without one), its name and its centre."""
    return _geojson(tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _geojson(_file: str) -> str:
    known = outlines()
    features = [
        {"type": "Feature", "properties": {"name": commune.name, "centre": commune.centre}, "geometry": known.geometries.get(commune.code)}
        for commune in territory().communes
    ]
    return json.dumps({"type": "FeatureCollection", "attribution": known.attribution, "features": features}, ensure_ascii=False, separators=(",", ":"))


def drawing() -> Drawing | None:
    """The outlines as an SVG shows them; None without any."""
    return _drawing(tk.config["tzc.territory"])


@lru_cache(maxsize=4)
def _drawing(_file: str) -> Drawing | None:
    return draw(outlines().geometries, WIDTH)


def covered(codes: list[str]) -> dict[str, Any] | None:
    """The drawing with the communes of a dataset marked, all where it names none: `{"box", "shapes": [{"path", "in"}], "attribution"}`."""
    drawn = drawing()
    if drawn is None:
        return None
    chosen = set(codes) & set(drawn.paths) or set(drawn.paths)
    shapes = [{"path": path, "in": code in chosen} for code, path in drawn.paths.items()]
    return {"box": drawn.box, "shapes": shapes, "attribution": outlines().attribution}
