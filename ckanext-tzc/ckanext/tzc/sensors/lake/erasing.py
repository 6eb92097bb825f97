"""Observations are erased: out of the tables, and out of the lake's files, which are written anew without them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tzc.sensors.partitions import PREFIX

from . import making, moving

OF_STREAMS = (PREFIX, "tzc_sensors_hour", "tzc_sensors_day", "tzc_sensors_month", "tzc_sensors_state", "tzc_sensors_unsettled", "tzc_sensors_moved", "tzc_sensors_forgotten")
"""The tables that have rows of streams and no reference to them."""

_BEFORE = """
    SELECT f.id FROM tzc_sensors_file AS f
    WHERE f.state = 'retired' AND (
        f.dataset IN (SELECT dataset FROM tzc_sensors_stream WHERE id = ANY(%s)) OR f.dataset = ANY(%s) OR f.dataset NOT IN (SELECT id FROM package))
"""


def erase(streams: Sequence[int], datasets: Sequence[str] = ()) -> int:
    """Remove all observations of streams, and what came of them, everywhere; how many files were written anew. `datasets`: of streams that are gone already. Waits for a move
    that is under way. Commits by itself.
    """
    numbers = list(streams)
    with moving.alone(wait=True) as connection:
        with connection.begin():
            at = connection.connection.cursor()
            at.execute("SELECT id FROM tzc_sensors_stream WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (numbers,))
            # files of before may hold them too: of their datasets, and of those that are gone
            at.execute(_BEFORE, (numbers, list(datasets)))
            before = [row[0] for row in at.fetchall()]
            for table in OF_STREAMS:
                at.execute(f"DELETE FROM {table} WHERE stream = ANY(%s)", (numbers,))
        count = making.put_right(connection)
        making.tidy(connection, before)
    return count


def strays(at: Any) -> list[int]:
    """Streams that are gone while rows of them are there."""
    gone = "SELECT stream FROM {table} WHERE stream NOT IN (SELECT id FROM tzc_sensors_stream)"
    at.execute(f"{gone.format(table='tzc_sensors_state')} UNION {gone.format(table='tzc_sensors_moved')} ORDER BY 1")
    return [row[0] for row in at.fetchall()]
