"""Brings the store of SPARQL to what the feeds hold now: a program that ends, without CKAN, so that what it takes of memory goes with it.

`python -m ckanext.tzc.publishing.filling` takes JSON by standard input: `{"database", "folder", "base", "catalogue"}`, and writes the name of the snapshot.
"""
from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]  # -- it has none
from pyoxigraph import NamedNode, RdfFormat, serialize

from tzc.publishing import graphs
from tzc.publishing.catalogue import membership
from tzc.publishing.packing import unpacked

from .still_public import STILL_PUBLIC

PUBLIC = f"FROM tzc_publishing_fragment AS fragment {STILL_PUBLIC}"

STATE = f"SELECT count(*), coalesce(sum(hashtextextended(fragment.package_id || fragment.digest, 0)), 0) {PUBLIC}"
"""What changes whenever any dataset comes, goes or changes."""


def main() -> None:
    """Do it."""
    task = json.load(sys.stdin)
    os.nice(5)
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with graphs.locked(folder / "filling"):
        sys.stdout.write(fill(folder, task["database"], task["base"], task["catalogue"]))


def fill(folder: Path, database: str, base: str, catalogue: str) -> str:
    """Have a snapshot of what is public at this moment. Returns its name."""
    connection = psycopg2.connect(database, connect_timeout=10, application_name="tzc-sparql")
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute(STATE)
            count, total = cursor.fetchone()
            name = graphs.token(base, catalogue, count, int(total))
            if (folder / "snapshots" / name / "held").exists():
                return name
            cursor.execute(f"SELECT fragment.package_id, fragment.digest {PUBLIC} ORDER BY fragment.position")
            wanted = dict(cursor.fetchall())
            graphs.Filler(folder, base).fill(name, wanted, catalogue, lambda ids: _texts(cursor, base, ids))
            return name
    finally:
        connection.close()


def _texts(cursor: Any, base: str, ids: list[str]) -> Mapping[str, str]:
    """Each dataset's triples, and that the catalogue holds it."""
    cursor.execute("SELECT package_id, subject, n_triples FROM tzc_publishing_fragment WHERE package_id = ANY(%s)", (ids,))
    rows = cursor.fetchall()
    return {package_id: body.decode("utf-8") + _member(base, subject) for (package_id, subject, _), body in zip(rows, unpacked(row[2] for row in rows), strict=True)}


def _member(base: str, subject: str) -> str:
    return (serialize(membership(NamedNode(base), [subject]), format=RdfFormat.N_TRIPLES) or b"").decode("utf-8")


if __name__ == "__main__":
    main()
