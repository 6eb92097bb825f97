"""Observations as SensorThings writes them: in entities, in arrays, in lines."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tzc.sensors import quality
from tzc.sensors.model import CATEGORY, COUNT, TRUTH
from tzc.sensors.readings import SECOND, Readings
from tzc.sensors.sta.entities import ID, KINDS, OBSERVATIONS, SELF
from tzc.sensors.sta.options import Options

from . import shown, world
from .arrays import About

KIND = KINDS[OBSERVATIONS]
COLUMNS = ("id", "phenomenonTime", "resultTime", "result", "resultQuality")
Columns = dict[str, list[Any]]


def columns(rows: Readings, about: About) -> Columns:
    """What is said of observations, as lists: `id`, `phenomenonTime`, `resultTime`, `result`, `resultQuality`."""
    streams, times = rows.streams.tolist(), rows.times.tolist()
    told = {number: quality.named(number) for number in np.unique(rows.flags).tolist()}
    return {
        "id": [f"{stream}-{time}" for stream, time in zip(streams, times, strict=True)], "phenomenonTime": _times(rows), "resultTime": [None] * len(streams),
        "result": _results(rows, about), "resultQuality": [list(told[number]) for number in rows.flags.tolist()],
    }  # fmt: skip


def _times(rows: Readings) -> list[str]:
    """Moments, and periods with their end."""
    begins = _written(rows.times)
    if not rows.seconds.any():
        return begins
    ends = _written(rows.times + rows.seconds.astype(np.int64) * SECOND)
    return [f"{begin}/{end}" if seconds else begin for begin, end, seconds in zip(begins, ends, rows.seconds.tolist(), strict=True)]


def _written(times: Any) -> list[str]:
    texts = np.datetime_as_string(times.astype("datetime64[us]"), unit="us" if (times % 1000).any() else "ms")
    return [f"{text}Z" for text in texts.tolist()]


def _results(rows: Readings, about: About) -> list[Any]:
    found: list[Any] = rows.results.tolist()
    for kind, turned in ((COUNT, lambda number: int(number) if number.is_integer() else number), (TRUTH, bool)):
        for place in np.flatnonzero(about.of(rows, kind)).tolist():
            found[place] = turned(found[place])
    for place in np.flatnonzero(about.of(rows, CATEGORY)).tolist():
        found[place] = about.words.get(int(rows.streams[place]), {}).get(int(found[place]), "")
    return found


def entities(rows: Readings, about: About, options: Options) -> list[shown.Shown]:
    """Each by itself."""
    root, said = world.base(), columns(rows, about)
    found = []
    for id_, time, result, marks in zip(said["id"], said["phenomenonTime"], said["result"], said["resultQuality"], strict=True):
        here = f"{root}/Observations('{id_}')"
        whole = {SELF: here, ID: id_, "phenomenonTime": time, "resultTime": None, "result": result, "resultQuality": marks, **shown.links(KIND, here)}
        found.append(shown.chosen(KIND, whole, options))
    return found


def arrays(rows: Readings, about: About, options: Options) -> list[shown.Shown]:
    """By Datastream, a list for each (clause 12 of the standard)."""
    root, said = world.base(), columns(rows, about)
    names = [name for name in COLUMNS if not options.select or (ID if name == "id" else name) in options.select]
    found = []
    for stream in dict.fromkeys(rows.streams.tolist()):
        places = np.flatnonzero(rows.streams == stream).tolist()
        found.append({
            "Datastream@iot.navigationLink": f"{root}/Datastreams({stream})", "components": names, "dataArray@iot.count": len(places),
            "dataArray": [[said[name][place] for name in names] for place in places],
        })  # fmt: skip
    return found


def table(rows: Readings, about: About, options: Options) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """A line each, with the number of its Datastream: the names of the columns, and the lines."""
    said: Columns = {**columns(rows, about), "Datastream": rows.streams.tolist()}
    said["resultQuality"] = [" ".join(marks) for marks in said["resultQuality"]]
    names = [name for name in (*COLUMNS, "Datastream") if not options.select or (ID if name == "id" else name) in options.select]
    return names, list(zip(*(said[name] for name in names), strict=True))
