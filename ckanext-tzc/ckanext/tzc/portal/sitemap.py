"""What search engines are told: the public datasets and when each was last changed."""
from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import ckan.model as model
import ckan.plugins.toolkit as tk

PAGE = 10_000
"""Addresses of one file: the protocol takes 50,000, but a file of that many is too large to be kept ready."""
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def index() -> str:
    """The sitemap; where there are more datasets than one file holds, the list of its parts."""
    count = _datasets().count()
    if count <= PAGE:
        return part(1) or ""
    parts = "".join(f"<sitemap><loc>{escape(_address('tzc_portal.sitemap_part', number=number))}</loc></sitemap>" for number in range(1, -(-count // PAGE) + 1))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex {SPACE}>{parts}</sitemapindex>\n'


def part(number: int) -> str | None:
    """One file of addresses, numbered from 1; None beyond the last. The first begins with the portal's own pages."""
    query = _datasets().order_by(model.Package.metadata_created, model.Package.id)
    rows = query.offset((number - 1) * PAGE).limit(PAGE).all()
    if not rows and number > 1:
        return None
    own = ["home.index", "dataset.search", "organization.index", "group.index", "home.about", "tzc_portal.help_index"] if number == 1 else []
    lines = [f"<url><loc>{escape(_address(endpoint))}</loc></url>" for endpoint in own]
    # one address is made, the others by putting in their names: making each would take most of the time
    first, last = _address("dataset.read", id="NAME").split("NAME")
    lines += [f"<url><loc>{escape(f'{first}{row.name}{last}')}</loc><lastmod>{row.metadata_modified:%Y-%m-%dT%H:%M:%SZ}</lastmod></url>" for row in rows]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {SPACE}>\n' + "\n".join(lines) + "\n</urlset>\n"


def _address(endpoint: str, **values: object) -> str:
    return str(tk.h.url_for(endpoint, locale="default", qualified=True, **values))


def _datasets() -> Any:
    return model.Session.query(model.Package.name, model.Package.metadata_modified).filter(
        model.Package.state == "active", model.Package.private.is_(False), model.Package.type == "dataset"
    )
