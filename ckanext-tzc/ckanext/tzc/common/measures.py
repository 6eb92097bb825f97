"""What operators watch by Prometheus: each room says what it measures, one page tells it all. Numbers, codes and names of sources: nothing of a person."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Metric

Measure = Callable[[], Iterable[Metric]]

_measures: dict[str, Measure] = {}


def measured_by(room: str, measure: Measure) -> None:
    """Let a room's numbers be told; safe to call again."""
    _measures[room] = measure


def all_measures() -> Iterator[Metric]:
    """The numbers of all rooms, as they are now."""
    for room in sorted(_measures):
        yield from _measures[room]()
