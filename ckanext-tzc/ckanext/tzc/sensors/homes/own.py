"""What a person is shown of their own meters, and what they take along."""
from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import numpy as np
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary

from tzc.sensors import liveness, load_curves, partitions, quality
from tzc.sensors.meters import ELECTRICITY
from tzc.sensors.readings import SECOND

from .. import charting, drawing, listing, sources
from .. import store as sensors
from . import consenting, curves, intake, store

Answer = dict[str, Any]


def usual_label(energy: str) -> str:
    """What a meter is called that was given no name."""
    return str(tk._("My electricity meter") if energy == ELECTRICITY else tk._("My gas meter"))


def purposes() -> list[Answer]:
    """The vocabulary's purposes, in the reader's language."""
    return [
        {
            **{key: entry[key] for key in ("code", "version", "most_days", "rule")}, "of_group": bool(entry.get("of_group")), "label": text(entry["label"]),
            "text": text(entry["text"]), "retention": text(entry["retention"]),
        }
        for entry in vocabulary("consent-purpose")
    ]  # fmt: skip


def consent(row: store.Consent) -> Answer:
    """A consent."""
    group = store.group(row.group) if row.group else None
    return {
        "id": row.id, "meter": row.meter, "purpose": row.purpose, "group": row.group, "group_title": group.title if group else "", "given": row.given.isoformat(),
        "until": row.until.isoformat(), "version": row.version, "state": row.state, "moved": row.moved.isoformat() if row.moved else None,
    }  # fmt: skip


def gone(done: consenting.Gone) -> Answer:
    """What a withdrawal came to."""
    return {"erased": sources.shown_holding(done.held) if done.held is not None else None, "groups": [dataclasses.asdict(left) for left in done.groups]}


def gone_words(told: Answer) -> str:
    """The same in words: what is erased, what stays in sums, and what stays known."""
    said = [_erased_words(told["erased"]["observations"]) if told["erased"] else tk._("This consent is withdrawn. Another one of yours keeps the curve: it stays.")]
    for one in told["groups"]:
        if one["taken"]:
            words = tk.ungettext("%(num)d sum of “{group}” that it counted in is taken down.", "%(num)d sums of “{group}” that it counted in are taken down.", one["taken"])
            said.append(words.format(group=one["title"]))
        if one["stay"]:
            words = tk.ungettext(
                "%(num)d sum of “{group}” that was published before stays: its curve cannot be read from it.",
                "%(num)d sums of “{group}” that were published before stay: its curve cannot be read from them.", one["stay"],
            )  # fmt: skip
            said.append(words.format(group=one["title"]))
    if told["erased"]:
        said.append(tk._("It stays known that you had agreed and that you withdrew, without anything of the meter."))
    return " ".join(map(str, said))


def _erased_words(values: int) -> str:
    return str(tk.ungettext(
        "All of this meter is erased: %(num)d value of its curve with what came of it, the files as you gave them, and the code of its number.",
        "All of this meter is erased: %(num)d values of its curve with what came of them, the files as you gave them, and the code of its number.", values,
    ))  # fmt: skip


def chart(user: str, row: store.Meter, asked: Any) -> Answer | None:
    """What the page of a meter draws of its streams, for the person (a name); None where there are none. `asked`: the question of the address."""
    numbers = [stream.id for stream in sensors.streams_of(row.source).values()]
    _count, streams = listing.streams(user, listing.Asked(streams=numbers), charting.MOST_LISTED) if numbers else (0, [])
    words = stream_words()
    for stream in streams:
        # its streams have codes for names; and what is given in files is never late
        stream["name"] = words.get(stream["name"], stream["name"])
        stream["state"] = stream["state"] if row.connected else liveness.UNKNOWN
    return drawing.told(charting.of(user, streams, asked)) if any(stream["last"] for stream in streams) else None


def stream_words() -> dict[str, str]:
    """What the streams of a meter are called."""
    return {
        "consumption": tk._("Power consumed"), "production": tk._("Power produced"), "consumption_energy": tk._("Energy consumed"), "production_energy": tk._("Energy produced"),
        "consumption_day": tk._("Energy consumed by day"), "production_day": tk._("Energy produced by day"), "gas_day": tk._("Gas by day"),
    }  # fmt: skip


def shown(row: store.Meter) -> Answer:
    """A meter, with its consents that hold and its streams."""
    streams = sensors.streams_of(row.source)
    states = {state.stream: state for state in model.Session.query(sensors.State).filter(sensors.State.stream.in_([stream.id for stream in streams.values()]))} if streams else {}
    return {
        "id": row.id, "label": row.label, "energy": row.energy, "last": row.last, "partner": row.partner, "connected": row.connected.isoformat() if row.connected else None,
        "trouble": row.trouble, "made": row.made.isoformat(), "consents": [consent(one) for one in store.holding(row.id)],
        "streams": [
            {
                "id": stream.id, "name": name, "unit": stream.unit, "first": states[stream.id].first.isoformat(), "last": states[stream.id].last.isoformat(),
                "observations": states[stream.id].observations,
            }
            for name, stream in sorted(streams.items()) if stream.id in states
        ],
    }  # fmt: skip


def _day_stream(row: store.Meter) -> sensors.Stream | None:
    """What days are told of: the load curve, else the days' own values."""
    known = sensors.streams_of(row.source)
    return next((known[name] for name in ("consumption", "consumption_energy", "consumption_day", "gas_day", "production", "production_day") if name in known), None)


def days(row: store.Meter, month: dt.date | None) -> Answer:
    """See `tzc_meter_curve`."""
    stream, zone = _day_stream(row), intake.zone()
    covered = curves.span([stream.id]) if stream is not None else None
    if stream is None or covered is None:
        return {"month": month.isoformat()[:7] if month else None, "first": None, "last": None, "days": [], "kwh": 0.0}
    first, last = (partitions.moment(time).astimezone(zone).date() for time in (covered.first, covered.last))
    month = month or last.replace(day=1)
    following = (month + dt.timedelta(days=31)).replace(day=1)
    given = curves.rows([stream.id], _midnight(month, zone), _midnight(following, zone))
    kwh = load_curves.energies(given.results, given.seconds, stream.unit)
    fine = (given.flags & quality.LEFT_OUT) == 0
    found = []
    day = month
    while day < following:
        begins, ends = _midnight(day, zone), _midnight(day + dt.timedelta(days=1), zone)
        inside = fine & (given.times >= begins) & (given.times < ends)
        if inside.any():
            found.append({"day": day.isoformat(), "kwh": round(float(kwh[inside].sum()), 3), "hours": round(float(given.seconds[inside].sum()) / 3600, 2)})
        day += dt.timedelta(days=1)
    return {
        "month": month.isoformat()[:7], "first": first.isoformat(), "last": last.isoformat(), "days": found, "kwh": round(sum(one["kwh"] for one in found), 3)
    }  # fmt: skip


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    return partitions.microseconds(dt.datetime.combine(day, dt.time(), tzinfo=zone))


HEAD = ("debut", "fin", "grandeur", "valeur", "unite", "estime")


def as_csv(row: store.Meter) -> Iterator[str]:
    """All that is kept of a meter's curves, as CSV, month by month; times in UTC."""
    yield ";".join(HEAD) + "\r\n"
    streams = {stream.id: stream for stream in sensors.streams_of(row.source).values()}
    covered = curves.span(list(streams)) if streams else None
    for month in curves.months(covered) if covered else []:
        given = curves.rows(list(streams), month.begins, month.ends)
        begins = (given.times // SECOND).astype("datetime64[s]")
        ends = begins + given.seconds.astype("timedelta64[s]")
        out = io.StringIO()
        estimated = (given.flags & quality.ESTIMATED) != 0
        rows = zip(np.char.add(begins.astype(str), "Z"), np.char.add(ends.astype(str), "Z"), given.streams.tolist(), given.results.tolist(), estimated.tolist(), strict=True)
        csv.writer(out, delimiter=";").writerows((begin, end, streams[number].external, value, streams[number].unit, int(guess)) for begin, end, number, value, guess in rows)
        yield out.getvalue()


def bundle(person: str) -> Answer:
    """All else that is kept of a person here: meters and consents."""
    rows = model.Session.query(store.Consent).filter_by(person=person).order_by(store.Consent.given)
    return {"meters": [shown(row) for row in store.meters_of(person)], "consents": [consent(row) for row in rows]}
