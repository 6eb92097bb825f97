"""What the actions about lists of streams and the health of sources do."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from . import health, listing

MOST = 1000
USUAL = 100


def stream_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """See `tzc_sensor_stream_list`."""
    asked = listing.Asked(_dataset(context, data_dict.get("dataset")), _text(data_dict, "property"), _box(data_dict.get("bbox")))
    limit, offset = _whole(data_dict, "limit", USUAL, 0, MOST), _whole(data_dict, "offset", 0, 0, 2**31 - 1)
    count, found = listing.streams(context.get("user") or "", asked, limit, offset)
    return {"count": count, "limit": limit, "offset": offset, "streams": found}


def source_health(context: dict[str, Any], _data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """See `tzc_sensor_health`."""
    return health.sources(context["user"])


def _dataset(context: dict[str, Any], name: object) -> str:
    """The id of a dataset that the asker may see; what is hidden is as unknown as what is not there."""
    if name in (None, ""):
        return ""
    package = model.Package.get(name) if isinstance(name, str) and "\0" not in name else None
    if package is not None and package.state == "active":
        try:
            tk.check_access("package_show", {"user": context.get("user") or "", "model": model}, {"id": package.id})
        except tk.NotAuthorized:
            package = None
    if package is None or package.state != "active":
        raise tk.ObjectNotFound(tk._("There is no such dataset."))
    return str(package.id)


def _text(data_dict: dict[str, Any], name: str) -> str:
    value = data_dict.get(name)
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or "\0" in value or len(value) > 200:
        raise tk.ValidationError({name: [tk._("This is not a code.")]})
    return value


def _whole(data_dict: dict[str, Any], name: str, usual: int, least: int, most: int) -> int:
    value = data_dict.get(name)
    if value in (None, ""):
        return usual
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, int | str) or not (text.isascii() and text.isdigit()) or len(text) > 10 or not least <= int(text) <= most:
        raise tk.ValidationError({name: [tk._("Give a whole number from {least} to {most}.").format(least=least, most=most)]})
    return int(text)


def _box(value: object) -> listing.Box | None:
    if value in (None, ""):
        return None
    parts = value.split(",") if isinstance(value, str) else value
    try:
        west, south, east, north = (float(part) for part in parts)  # type: ignore[union-attr] -- what is no list is told below
    except (TypeError, ValueError):
        west, south, east, north = 1.0, 1.0, 0.0, 0.0
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise tk.ValidationError({"bbox": [tk._("Give four numbers in degrees: west,south,east,north.")]})
    return west, south, east, north
