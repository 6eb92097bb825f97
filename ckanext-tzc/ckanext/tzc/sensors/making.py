"""The streams that a batch is of: found by what the source calls them or by their numbers; made by the first message that is of them, where the source's mapping says so, and
changed by those that say something else of them.
"""
from __future__ import annotations

from collections.abc import Mapping

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.sensors.readings import Decoded

from . import describing, store

LONGEST = 300
"""Characters of what a source calls a stream that is made."""


def named(source: store.Source, decoded: Decoded) -> Mapping[str, store.Stream]:
    """By what the source calls them. Does not commit."""
    names = [name for name in decoded.names if "\0" not in name]
    found = store.streams_of(source.id, names)
    if told := describing.changed(decoded.described, found):
        found = {**found, **describing.describe(source, told)}
    if not any(_wanted(name, decoded, found) for name in names):
        return found
    # two that come at once make a stream once
    model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"tzc_sensors streams {source.id}"})
    found = store.streams_of(source.id, names)
    room = tk.config["tzc.sensors.most_streams"] - model.Session.query(store.Stream).filter_by(source=source.id).count()
    missing = [decoded.described[name] for name in names if _wanted(name, decoded, found)]
    if missing and room > 0:
        made = describing.describe(source, missing[:room])
        found = {name: made[name] for name in names if name in made}
    return found


def _wanted(name: str, decoded: Decoded, found: Mapping[str, store.Stream]) -> bool:
    return name not in found and name in decoded.described and len(name) <= LONGEST


def numbered(source: store.Source, decoded: Decoded) -> Mapping[str, store.Stream]:
    """By their numbers; those of other sources are not there."""
    numbers = [int(name) for name in decoded.names if name.isascii() and name.isdigit() and int(name) < 2**31]
    rows = model.Session.query(store.Stream).filter(store.Stream.source == source.id, store.Stream.id.in_(numbers)).all()
    return {str(row.id): row for row in rows}
