"""How far each stream of a source was read, where a source is read stream by stream: a row a stream, so that a page writes what it changed and not twenty thousand others anew.
Nothing here commits.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.model as model
import sqlalchemy as sa

UNTIL = "until"
"""The part of a cursor that may be by stream."""

_PUT = sa.text("""
    INSERT INTO tzc_sensors_reached (source, stream, until) SELECT :source, stream, until FROM unnest(CAST(:streams AS text[]), CAST(:untils AS text[])) AS n (stream, until)
    ON CONFLICT (source, stream) DO UPDATE SET until = EXCLUDED.until
""")


def of(source: str) -> dict[str, str]:
    """How far each stream of a source was read."""
    asked = sa.text("SELECT stream, until FROM tzc_sensors_reached WHERE source = :source")
    return {row.stream: row.until for row in model.Session.execute(asked, {"source": source})}


def with_streams(cursor: Mapping[str, Any], reached: Mapping[str, str]) -> dict[str, Any]:
    """A cursor as its kind made it."""
    return {**cursor, UNTIL: {**(cursor.get(UNTIL) or {}), **reached}} if reached else dict(cursor)


def parted(source: str, cursor: Mapping[str, Any], reached: dict[str, str]) -> dict[str, Any]:
    """A cursor without what it says by stream, which is written down beside it as far as it changed. `reached`: what is written down already, brought up to date."""
    until = cursor.get(UNTIL)
    if not isinstance(until, Mapping):
        return dict(cursor)
    changed = {stream: moment for stream, moment in until.items() if reached.get(stream) != moment}
    if changed:
        model.Session.execute(_PUT, {"source": source, "streams": list(changed), "untils": list(changed.values())})
        reached.update(changed)
    return {name: value for name, value in cursor.items() if name != UNTIL}


def forget(source: str) -> None:
    """A source is read from its beginning."""
    model.Session.execute(sa.text("DELETE FROM tzc_sensors_reached WHERE source = :source"), {"source": source})
