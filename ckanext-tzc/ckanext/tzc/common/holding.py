"""Who works on something shows it by a lock of PostgreSQL, which goes with the process: what was killed holds nothing."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import ckan.model as model
import sqlalchemy as sa


@contextmanager
def held(kind: str, id: str) -> Iterator[bool]:
    """Hold the thing of this kind and id while the block runs. False: another does already."""
    with model.Session.get_bind().connect() as connection:
        taken = bool(connection.execute(_lock("pg_try_advisory_lock"), {"name": f"{kind} {id}"}).scalar())
        # the lock is the connection's, not the transaction's: nothing stays open for the length of the work
        connection.commit()
        try:
            yield taken
        finally:
            if taken:
                with suppress(sa.exc.DBAPIError):  # the server is away, and the lock with it
                    connection.execute(_lock("pg_advisory_unlock"), {"name": f"{kind} {id}"})


def _lock(take: str) -> sa.TextClause:
    return sa.text(f"SELECT {take}(hashtextextended(:name, 0))")
