"""What the room's templates ask."""
from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import request

from . import charting, drawing, listing


def tzc_sensor_chart(package: dict[str, Any]) -> dict[str, Any] | None:
    """What a dataset's page shows of its streams, as far as the reader may see them: see `drawing.told`; None where there is nothing."""
    if package.get("state") != "active" or not package.get("id"):
        return None
    chart = charting.of_dataset(tk.current_user.name if tk.current_user and tk.current_user.is_authenticated else "", package["id"], request.args)
    return drawing.told(chart) if chart else None


def tzc_sensor_moment(when: str | None) -> str:
    """A moment (ISO 8601) by the territory's clock."""
    return listing.moment(when)


def tzc_sensor_number(value: float) -> str:
    """A number as readers write it."""
    return listing.number(value)


def tzc_uplot(name: str) -> str:
    """The address of a file of the chart library; nothing where it is not installed, and pages do without the drawing."""
    version = uplot_version()
    return str(tk.h.url_for("tzc_sensors.uplot", version=version, name=name)) if version else ""


@lru_cache(maxsize=1)
def uplot_folder() -> Path | None:
    """Where the chart library lies: what `python -m tzc_stack.webjars` brought."""
    found = sorted(Path(sys.prefix).glob("share/tzc/web/uplot-*/uPlot.iife.min.js"))
    return found[-1].parent if found else None


def uplot_version() -> str:
    """Its version."""
    folder = uplot_folder()
    return folder.name.partition("-")[2] if folder else ""


def tzc_sensors_page(package: dict[str, Any]) -> bool:
    """Whether the reader may say where a dataset's observations come from."""
    if package.get("type") != "dataset" or not package.get("owner_org") or not (tk.current_user and tk.current_user.is_authenticated):
        return False
    try:
        tk.check_access("tzc_sensor_source_list", {"user": tk.current_user.name, "model": model}, {"dataset": package["id"]})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True


def tzc_keeps_meters() -> bool:
    """Whether the portal keeps meters of homes and workplaces."""
    from .homes import consenting

    return consenting.homes() is not None


def tzc_meter_groups_page(package: dict[str, Any]) -> bool:
    """Whether the reader may collect consents for sums of a dataset."""
    return tzc_keeps_meters() and bool(tk.h.check_access("resource_create", {"package_id": package["id"]}))
