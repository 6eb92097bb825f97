"""A chart as its template needs it."""
from __future__ import annotations

import datetime as dt
import html
from typing import Any

import ckan.plugins.toolkit as tk

from tzc.sensors.model import PUBLIC

from . import charting, listing, seeing, store

SERIES = "/api/tzc/series"
FRAME_HEIGHT = 640


def told(chart: charting.Chart) -> dict[str, Any]:
    """`{"chart", "scripts", "url", "summary", "table", "question", "first_day", "last_day", "begins", "ends", "embed", "title", "datasets"}`."""
    first, last = chart.period.first, chart.period.next
    titles = [charting.title(stream) for stream in chart.shown]  # alone on another site, it says which thing
    return {
        "chart": chart, "scripts": charting.for_scripts(chart), "url": SERIES, "summary": charting.summary(chart), "table": charting.table(chart),
        "question": charting.question(chart), "first_day": listing.moment(first, "yyyy-MM-dd"), "last_day": listing.moment(last - dt.timedelta(seconds=1), "yyyy-MM-dd"),
        "begins": listing.moment(first), "ends": listing.moment(last), "embed": _embed(chart, ", ".join(titles)), "title": ", ".join(titles),
        "datasets": list({stream["dataset"]["id"]: stream["dataset"] for stream in chart.shown}.values()),
    }  # fmt: skip


def _embed(chart: charting.Chart, title: str) -> str:
    """The code that frames this chart elsewhere; nothing for what is not for everybody."""
    if any(stream["visibility"] != PUBLIC for stream in chart.shown):
        return ""
    rows = seeing.visible_streams("", chart.chosen)
    if len(rows) < len(chart.chosen) or not seeing.for_everybody(list[store.Stream](rows.values())):
        return ""
    address = tk.h.url_for("tzc_sensors.embed", qualified=True)
    return f'<iframe src="{address}?{html.escape(charting.embed_question(chart))}" title="{html.escape(title)}" width="100%" height="{FRAME_HEIGHT}" loading="lazy"></iframe>'
