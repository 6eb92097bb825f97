"""What is drawn of streams, told in words and rows: the same numbers that the browser draws, for who sees no drawing or runs no scripts."""
from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import language, territory

from tzc.sensors import liveness, partitions, periods, quality
from tzc.sensors.model import CATEGORY

from . import listing, seeing, series, series_forms, store
from .series import RAW

MOST_COMPARED = 6
MOST_LISTED = 500
"""Streams of a dataset that may be chosen from."""

ROWS = 100
"""Of the table as the server writes it, the latest; scripts show all."""

ODD = quality.RANGE | quality.JUMP | quality.FROZEN | quality.AHEAD | quality.SUSPECT | quality.ESTIMATED
"""What is marked in the drawing. A gap is seen, and a corrected value is right."""

EVERY = (RAW, "10m", "15m", "1h", "1d", "1mo")
LONG = {"1d": "d MMM yyyy", "1mo": "MMMM yyyy"}
"""How the beginning of such a span is written; others with the time of day."""


@dataclasses.dataclass(frozen=True)
class Chart:
    """What a template draws of streams. `streams`: those to choose from; `chosen`: the numbers of those that are shown."""

    streams: list[dict[str, Any]]
    chosen: list[int]
    period: periods.Period
    answer: dict[str, Any]
    more: int = 0

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The streams that are shown, in the order of their numbers in the address."""
        known = {stream["id"]: stream for stream in self.streams}
        return [known[number] for number in self.chosen]

    def title(self, stream: dict[str, Any]) -> str:
        """What a stream is called here: without its thing, where all are of one."""
        return title(stream, len({one["thing"]["id"] for one in self.streams}) > 1)


def of_dataset(user: str, dataset: str, asked: Any) -> Chart | None:
    """The chart on a dataset's page; None where nothing of it may be shown. `asked`: the question of the address (a MultiDict)."""
    count, streams = listing.streams(user, listing.Asked(dataset=dataset), MOST_LISTED)
    return of(user, streams, asked, count - len(streams)) if streams else None


def of_streams(user: str, asked: Any) -> Chart | None:
    """The chart of the streams that an address names alone; None where one of them may not be shown."""
    numbers = _numbers(asked)
    if not numbers:
        return None
    _count, streams = listing.streams(user, listing.Asked(streams=numbers), MOST_COMPARED)
    return of(user, streams, asked) if len(streams) == len(numbers) else None


def _numbers(asked: Any) -> list[int]:
    said = [text for text in asked.getlist("stream") if text.isascii() and text.isdigit() and len(text) < 10]
    return list(dict.fromkeys(int(text) for text in said))[:MOST_COMPARED]


def of(user: str, streams: list[dict[str, Any]], asked: Any, more: int = 0) -> Chart:
    """The chart of streams that an account may be shown, as `listing.streams` tells them; so many `more` there are."""
    known = {stream["id"] for stream in streams}
    chosen = [number for number in _numbers(asked) if number in known] or [next((one["id"] for one in streams if one["last"]), streams[0]["id"])]
    shown = [stream for stream in streams if stream["id"] in chosen]
    first, last = (_moment(found(said, default=None)) for found, said in ((min, _said(shown, "first")), (max, _said(shown, "last"))))
    period = periods.period(asked, first, last, store.now(), ZoneInfo(territory().timezone))
    return Chart(streams, chosen, period, _answer(user, chosen, period), more)


def _answer(user: str, chosen: list[int], period: periods.Period) -> dict[str, Any]:
    """What the series route answers, as it answers it."""
    wanted = series.Asked(tuple(chosen), partitions.microseconds(period.first), partitions.microseconds(period.next))
    answer: dict[str, Any] = json.loads(series_forms.to_json(series.answer(wanted, seeing.visible_streams(user, chosen))))
    return answer


def _said(streams: Sequence[dict[str, Any]], name: str) -> list[str]:
    return [stream[name] for stream in streams if stream[name]]


def _moment(written: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(written.replace("Z", "+00:00")) if written else None


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z")


def title(stream: dict[str, Any], several: bool = True) -> str:
    """What a stream is called in the chart: its thing too, where there are several."""
    name = str(stream["name"] if stream["name"] not in ("", stream["thing"]["name"]) else stream["property"]["label"])
    return f"{stream['thing']['name']} – {name}" if several and stream["thing"]["name"] not in name else name


def summary(chart: Chart) -> list[dict[str, str]]:
    """A sentence a stream: what was last and when, the least and the most of the period shown."""
    answered = {one["id"]: one for one in chart.answer["streams"]}
    return [{"title": chart.title(stream), "words": _sentence(stream, answered[stream["id"]], chart.answer["every"])} for stream in chart.shown]


def _sentence(stream: dict[str, Any], answered: dict[str, Any], every: str) -> str:
    if stream["last"] is None:
        return str(tk._("Nothing was measured yet."))
    unit = stream["unit_words"]
    said = [str(tk._("Last: {value}, {moment}.")).format(value=listing.number(stream["value"], unit), moment=listing.moment(stream["last"]))]
    said += [liveness_words(stream["state"])] if stream["state"] in (liveness.LATE, liveness.SILENT) else []
    low, high = extremes(answered)
    if low and high and stream["kind"] != CATEGORY:
        words = str(tk._("In the period shown: least {least} ({first}), most {most} ({second})."))
        said.append(words.format(
            least=listing.number(low[0], unit), first=_label(low[1], every), most=listing.number(high[0], unit), second=_label(high[1], every),
        ))  # fmt: skip
    elif not any(value is not None for value in answered["values"]):
        said.append(str(tk._("Nothing was measured in the period shown.")))
    return " ".join(said)


Extreme = tuple[float, int]


def extremes(answered: dict[str, Any]) -> tuple[Extreme | None, Extreme | None]:
    """The least and the most of what a stream's series holds, each with its moment (milliseconds); the first of several. What is not to be believed is passed over."""
    found = []
    flags = [0] * len(answered["times"]) if answered.get("aggregate") else answered["flags"]
    for name, choose in (("least", min), ("most", max)):
        column = answered[name] if answered.get("aggregate") == "mean" else answered["values"]
        pairs = [(value, time) for value, time, flag in zip(column, answered["times"], flags, strict=True) if isinstance(value, int | float) and not flag & quality.LEFT_OUT]
        best = choose(pairs, key=lambda pair: pair[0]) if pairs else None
        found.append(best)
    return found[0], found[1]


def liveness_words(state: str) -> str:
    """A stream's state, in words."""
    return {
        liveness.LIVE: tk._("up to date"), liveness.LATE: tk._("late: more than 3 measurements are missing"),
        liveness.SILENT: tk._("silent: more than 10 measurements are missing"), liveness.NEVER: tk._("nothing measured yet"), liveness.UNKNOWN: "",
    }[state]  # fmt: skip


def every_words(every: str) -> str:
    """What one line of the table is of."""
    return {
        RAW: tk._("each measurement"), "10m": tk._("by ten minutes"), "15m": tk._("by the quarter of an hour"), "1h": tk._("by the hour"), "1d": tk._("by the day"),
        "1mo": tk._("by the month"),
    }.get(every, every)  # fmt: skip


def mark_words() -> dict[str, str]:
    """What the marks of quality are called, by their names."""
    return {
        "range": tk._("implausible value"), "jump": tk._("sudden jump"), "frozen": tk._("value stuck"), "gap": tk._("after a gap"), "ahead": tk._("clock ahead"),
        "corrected": tk._("corrected"), "suspect": tk._("doubtful by its source"), "estimated": tk._("estimated"),
    }  # fmt: skip


def parts(answered: dict[str, Any], every: str) -> list[tuple[str, str]]:
    """The columns of a stream's series, and what they are called. Least and most of what is summed are of single observations: they say nothing beside the sum."""
    if every == RAW:
        return [("values", tk._("value"))]
    aggregate = answered.get("aggregate") or "mean"
    value = {"mean": tk._("mean"), "sum": tk._("sum"), "last": tk._("last value")}[aggregate]
    between = [("least", tk._("least")), ("most", tk._("most"))] if aggregate == "mean" else []
    return [("values", value), *between, ("counts", tk._("number"))]


def table(chart: Chart) -> dict[str, Any]:
    """The rows of what is drawn, the latest first: `{"columns", "rows", "left_out", "every"}`; a row is a moment and a cell a column, None where a stream has nothing then."""
    every = chart.answer["every"]
    columns: list[dict[str, Any]] = []
    cells: dict[int, dict[int, str]] = {}
    for stream in chart.shown:
        answered = next(one for one in chart.answer["streams"] if one["id"] == stream["id"])
        lead = f"{chart.title(stream)} – " if len(chart.chosen) > 1 else ""
        for name, words in parts(answered, every):
            unit = stream["unit_words"] if name != "counts" else ""
            _fill(cells, len(columns), answered["times"], [listing.number(value or None if name == "counts" else value) for value in answered[name]])
            columns.append({"words": f"{lead}{words}{f' ({unit})' if unit else ''}", "number": stream["kind"] != CATEGORY})
        marks = _marks(answered, every)
        if any(marks):
            _fill(cells, len(columns), answered["times"], marks)
            columns.append({"words": f"{lead}{tk._('marks')}", "number": False})
    times = sorted(cells, reverse=True)
    rows = [{"time": _label(time, every), "cells": [cells[time].get(place) for place in range(len(columns))]} for time in times[:ROWS]]
    return {"columns": columns, "rows": rows, "left_out": max(0, len(times) - ROWS), "every": every_words(every)}


def _marks(answered: dict[str, Any], every: str) -> list[str]:
    """What is odd about each value, in words; of spans, how many observations are in no number of theirs."""
    if every != RAW:
        return [str(tk._("{number} left out")).format(number=number) if number else "" for number in answered["left_out"]]
    words = mark_words()
    return [", ".join(words[name] for name in quality.named(flag)) for flag in answered["flags"]]


def _fill(cells: dict[int, dict[int, str]], place: int, times: Sequence[int], texts: Sequence[str]) -> None:
    for time, text in zip(times, texts, strict=True):
        cells.setdefault(time, {})[place] = text


def _label(time: int, every: str) -> str:
    """A moment (milliseconds) as a row says it; with seconds only where there are any."""
    form = LONG.get(every, "d MMM yyyy, HH:mm:ss" if time % 60_000 else "d MMM yyyy, HH:mm")
    return listing.moment(dt.datetime.fromtimestamp(time / 1000, dt.timezone.utc), form)


def question(chart: Chart, **more: str) -> str:
    """The question that asks for what is shown, for addresses of data."""
    asked = [("stream", str(number)) for number in chart.chosen] + [("from", _utc(chart.period.first)), ("to", _utc(chart.period.next)), ("every", str(chart.answer["every"]))]
    return urlencode([*asked, *more.items()])


def embed_question(chart: Chart) -> str:
    """The question of the page that others may frame; a period that ends with the last value goes on with it."""
    asked = [("stream", str(number)) for number in chart.chosen]
    period = [("period", chart.period.code)] if chart.period.code != periods.OWN else [("from", _utc(chart.period.first)), ("to", _utc(chart.period.next))]
    return urlencode(asked + period)


def for_scripts(chart: Chart) -> str:
    """What the browser needs to draw, as JSON."""
    return json.dumps({
        "from": int(chart.period.first.timestamp() * 1000), "to": int(chart.period.next.timestamp() * 1000), "chosen": chart.chosen, "language": language(),
        "zone": territory().timezone, "odd": ODD, "left_out": quality.LEFT_OUT, "marks": {str(bit): mark_words()[name] for bit, name in quality.NAMES.items()},
        "most": MOST_COMPARED, "every": {name: every_words(name) for name in EVERY}, "words": _words(),
        "streams": [_for_scripts(stream, chart.title(stream)) for stream in chart.streams],
    }, ensure_ascii=False)  # fmt: skip


def _for_scripts(stream: dict[str, Any], title: str) -> dict[str, Any]:
    return {
        "id": stream["id"], "title": title, "unit": stream["unit_words"], "first": _epoch(stream["first"]), "last": _epoch(stream["last"]), "value": stream["value"],
        "kind": stream["kind"], "late": liveness_words(stream["state"]) if stream["state"] in (liveness.LATE, liveness.SILENT) else "",
    }  # fmt: skip


def _epoch(written: str | None) -> int | None:
    moment = _moment(written)
    return int(moment.timestamp() * 1000) if moment else None


def _words() -> dict[str, str]:
    return {
        "time": tk._("When"), "mean": tk._("mean"), "sum": tk._("sum"), "last_value": tk._("last value"), "value": tk._("value"), "least": tk._("least"), "most": tk._("most"),
        "counts": tk._("number"), "marks": tk._("marks"), "gap": tk._("no measurement"), "odd": tk._("marked value"), "left_out": tk._("{number} left out"),
        "last": tk._("Last: {value}, {moment}."), "extremes": tk._("In the period shown: least {least} ({first}), most {most} ({second})."),
        "none": tk._("Nothing was measured in the period shown."), "never": tk._("Nothing was measured yet."),
        "failed": tk._("The measurements could not be fetched. Try again in a moment; the table still shows those of before."),
        "units": tk._("More than two units: the drawing shows the first two, the table shows all."), "many": tk._("At most {most} streams at once: untick one first."),
        "label": tk._(
            "Chart of {names}, {first} to {last}. Arrow keys move it, plus and minus zoom, 0 shows the whole period. The table below holds the same numbers."
        ),
        "caption": tk._("{first} to {last}: {every}, the latest first"), "loading": tk._("Fetching the measurements…"), "nothing": tk._("Tick at least one stream."),
    }  # fmt: skip
