"""What search results are narrowed by, in this order."""
from __future__ import annotations

from collections import OrderedDict
from typing import Any

import ckan.plugins.toolkit as tk


def _titles() -> OrderedDict[str, str]:
    return OrderedDict(
        [
            ("groups", tk._("Axes")),
            ("communes", tk._("Communes")),
            ("organization", tk._("Partners")),
            ("res_format", tk._("Formats")),
            ("access_level", tk._("Access")),
            ("license_id", tk._("Licences")),
            ("theme", tk._("EU themes")),
        ]
    )


def of_search(stock: OrderedDict[str, Any], package_type: str) -> OrderedDict[str, Any]:
    """Facets of the datasets' search page; other kinds of packages (harvest sources) keep their own."""
    return _titles() if package_type == "dataset" else stock


def of_page(stock: OrderedDict[str, Any], own: str) -> OrderedDict[str, Any]:
    """Facets of a partner's or an axis's page, without the one that the page itself is."""
    titles = _titles()
    titles.pop(own)
    return titles
