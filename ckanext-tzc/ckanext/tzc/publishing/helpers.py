"""Template helpers of the publishing room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import language, territory
from markupsafe import Markup

from tzc.publishing import schema_org

from . import validating
from .world import world


def tzc_structured_data(package: dict[str, Any]) -> Markup:
    """What search engines read of a dataset's page; nothing for one that is not public."""
    if package.get("private") or package.get("state") != "active" or package.get("archived"):
        return Markup("")
    names = territory().name
    return Markup(schema_org.structured(package, world(), names.get(language(), tk.config["ckan.site_title"])))  # noqa: S704 -- its characters of markup are escaped as JSON


def tzc_publishing_forbidden(package_id: str) -> frozenset[str] | None:
    """Fields of forms (empty for what has none) for which a dataset's RDF is refused, by the last validation; None where there was none. One query."""
    return validating.forbidden(package_id)
