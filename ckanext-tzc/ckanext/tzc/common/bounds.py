"""The part of a list that is asked for."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .numbers import whole_number


def offset_and_limit(data_dict: dict[str, Any], usual: int) -> tuple[int, int]:
    """Where the part begins and how long it is, `usual` when that is not said. Raises ValidationError, which names all that is no whole number."""
    found = {key: whole_number(data_dict.get(key, without), digits=9) for key, without in (("offset", 0), ("limit", usual))}
    errors = {key: [tk._("Give a whole number.")] for key, value in found.items() if value is None}
    if errors:
        raise tk.ValidationError(errors)
    return found["offset"] or 0, found["limit"] or 0
