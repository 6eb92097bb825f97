"""What templates may ask about harvests."""
from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestObject, HarvestSource

from . import reports, sources


def tzc_harvest_origin(package: dict[str, Any]) -> dict[str, str] | None:
    """The catalogue that a dataset was harvested from: `{"title", "address", "host"}`; None for one that was made here.

    The address is the catalogue's site: the source's own may hold a token.
    """
    source = (
        model.Session.query(HarvestSource)
        .join(HarvestObject, HarvestObject.harvest_source_id == HarvestSource.id)
        .filter(HarvestObject.package_id == package["id"], HarvestObject.current.is_(True))
        .first()
    )
    if source is None:
        return None
    address = urlsplit(source.url)
    host = address.hostname or ""
    return {"title": source.title or host, "host": host, "address": f"{address.scheme}://{host}{f':{address.port}' if address.port else ''}/"}


def tzc_may_harvest() -> bool:
    """Whether the reader may have another catalogue harvested."""
    return bool(tk.current_user.is_authenticated and tk.h.check_access("harvest_source_create"))


def tzc_harvest_standing(identifier: str) -> dict[str, Any] | None:
    """Where a source stands; see `reports.standing`."""
    package = model.Package.get(identifier)
    return reports.standing(package) if package else None


def tzc_is_our_kind(kind: str) -> bool:
    """Whether partners' editors may make a source of it."""
    return sources.is_ours(kind)
