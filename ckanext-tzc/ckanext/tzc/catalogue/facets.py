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
            ("quality", tk._("Quality of the description")),
        ]
    )


def _but(own: str) -> OrderedDict[str, str]:
    """Those of a page, without the one that the page itself is."""
    titles = _titles()
    titles.pop(own)
    return titles


class Facets:
    """The plugin's part in IFacets."""

    def dataset_facets(self, facets_dict: OrderedDict[str, Any], package_type: str) -> OrderedDict[str, Any]:
        """What the search page narrows by; other kinds of packages (harvest sources) keep their own."""
        return _titles() if package_type == "dataset" else facets_dict

    def organization_facets(self, facets_dict: OrderedDict[str, Any], organization_type: str, package_type: str | None) -> OrderedDict[str, Any]:
        """The same on a partner's page."""
        return _but("organization")

    def group_facets(self, facets_dict: OrderedDict[str, Any], group_type: str, package_type: str | None) -> OrderedDict[str, Any]:
        """The same on an axis's page."""
        return _but("groups")
