"""The months' tables: made before rows need them, each in a short transaction of its own that holds up nobody (a table is attached, not created within its parent)."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import psycopg2
import sqlalchemy as sa

from tzc.sensors.partitions import PREFIX, Month, of_table

from . import store

_LOCK = "tzc_sensors months"


def there() -> list[Month]:
    """The months that have a table, in order."""
    asked = sa.text("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = CAST(:parent AS regclass)")
    names = model.Session.execute(asked, {"parent": PREFIX}).scalars()
    return sorted(month for name in names if (month := of_table(name)))


def ensure(months: Sequence[Month]) -> None:
    """Make the tables that are missing."""
    missing = [month for month in months if month not in _known(months)]
    if not missing:
        return
    with model.Session.get_bind().connect() as connection, connection.begin():
        # two processes may both find a month missing
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": _LOCK})
        for month in missing:
            if connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": month.table}) is None:
                _make(connection, month)


def kept_from() -> Month:
    """The first month that stays in the database; those before it may be moved to the lake at any time."""
    now = store.now()
    number = now.year * 12 + now.month - 1 - max(1, int(tk.config["tzc.sensors.months_kept"]))
    return Month(number // 12, number % 12 + 1)


def hold(at: Any, months: Sequence[Month]) -> None:
    """Have no table of these, which are there, moved before the end of the transaction; one that was moved just now is made again."""
    first = kept_from()
    may_go = [month for month in months if month < first]
    while may_go:
        at.execute("SAVEPOINT tzc_sensors_hold")
        try:
            at.execute(f"LOCK TABLE {', '.join(month.table for month in may_go)} IN ROW EXCLUSIVE MODE")
        except psycopg2.errors.UndefinedTable:
            at.execute("ROLLBACK TO SAVEPOINT tzc_sensors_hold")
            ensure(may_go)
            continue
        at.execute("RELEASE SAVEPOINT tzc_sensors_hold")
        return


def _known(months: Sequence[Month]) -> set[Month]:
    asked = sa.text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NOT NULL")
    names = set(model.Session.execute(asked, {"names": [month.table for month in months]}).scalars())
    return {month for month in months if month.table in names}


def _make(connection: sa.Connection, month: Month) -> None:
    begins, ends = month.first.isoformat(), month.next.first.isoformat()
    # the check spares the look through the table when it is attached
    connection.execute(sa.text(f"CREATE TABLE {month.table} (LIKE {PREFIX} INCLUDING ALL, CONSTRAINT {month.table}_within CHECK (time >= '{begins}' AND time < '{ends}'))"))
    connection.execute(sa.text(f"ALTER TABLE {PREFIX} ATTACH PARTITION {month.table} FOR VALUES FROM ('{begins}') TO ('{ends}')"))
    connection.execute(sa.text(f"ALTER TABLE {month.table} DROP CONSTRAINT {month.table}_within"))


def drop(month: Month) -> None:
    """Remove a month with all of its rows."""
    with model.Session.get_bind().connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": _LOCK})
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {month.table}"))
