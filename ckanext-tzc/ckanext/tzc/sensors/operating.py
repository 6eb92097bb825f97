"""What the commands do: numbers and reports as plain data, and the same in words."""
from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import click
from ckanext.tzc.common.territory import territory

from tzc.sensors import partitions, times
from tzc.sensors.partitions import Month

from . import arrivals, erasing, measuring, retention, sources, store
from .lake import checking, engines, moving, queries


class WrongError(Exception):
    """What was asked for is not there, or cannot be; the message says what to do."""


@contextmanager
def in_words() -> Iterator[None]:
    """Refusals become the command's words."""
    try:
        yield
    except (WrongError, moving.BusyError, engines.EngineError) as error:
        raise click.ClickException(str(error)) from error


def status() -> dict[str, Any]:
    """What the metrics say, and which months are where."""
    from . import months

    told = measuring.numbers()
    told["months"] = [_name(month) for month in months.there()]
    told["moved_before"] = _name(months.kept_from())
    return told


def replay(source: str, since: str, until: str) -> int:
    """Decode again what came. How many bodies. Commits."""
    row = store.source(source)
    if row is None:
        raise WrongError(f"There is no source {source}: ckan tzc sensors status --json lists them.")
    count = arrivals.replay(row, *_span(since, until))
    model.Session.commit()
    return count


def remove(source: str, yes: bool) -> dict[str, Any]:
    """What goes with a source; where `yes`, it is gone then. Commits."""
    row = store.source(source)
    if row is None:
        raise WrongError(f"There is no source {source}: ckan tzc sensors status --json lists them.")
    told = {"source": row.id, "name": row.name, "removed": yes, "holds": sources.shown_holding(erasing.holding(row.id))}
    if yes:
        sources.told("sensor_source.removed", row, None)
        sources.remove(row)
        erasing.commit()
    return told


def retain(dry: bool) -> dict[str, Any]:
    """What was removed, or would be."""
    done = retention.retain(dry)
    names: dict[str, str] = dict(model.Session.query(model.Package.id, model.Package.name).filter(model.Package.id.in_([due.dataset for due in done.due])).all())
    due = [{"name": names.get(due.dataset, ""), **dataclasses.asdict(due)} for due in done.due]
    return {"dry_run": dry, "due": due, "streams_that_are_gone": list(done.strays)}


def rule(dataset: str, stream: int | None, raw_days: int | None, rollup_days: int, remove: bool) -> dict[str, Any]:
    """Set or remove a rule; those that there are then. Commits."""
    of = _dataset(dataset)
    if stream is not None and model.Session.query(store.Stream).filter_by(id=stream, dataset=of).one_or_none() is None:
        raise WrongError(f"The dataset has no stream {stream}.")
    if remove and not retention.remove_rule(of, stream):
        raise WrongError("There is no such rule.")
    if raw_days is not None and not remove:
        try:
            retention.set_rule(of, stream, raw_days, rollup_days, "command")
        except ValueError as error:
            raise WrongError("Keep hours, days and months for at least as long as the raw values that they are made of.") from error
    model.Session.commit()
    return {"rules": [{"stream": row.stream, "raw_days": row.raw_days, "rollup_days": row.rollup_days, "by": row.by} for row in retention.rules(of)]}


def move(before: str | None) -> dict[str, Any]:
    """Move months; what became of each."""
    return {"months": [{**dataclasses.asdict(done), "month": _name(done.month)} for done in moving.move(None if before is None else _month(before))]}


def check() -> dict[str, Any]:
    """What is found in the lake."""
    return dataclasses.asdict(checking.check())


def ask(question: str, dataset: str, since: str, until: str, every: int, limit: float, sql: str | None, as_json: bool) -> str:
    """The answer to a question about the public streams of a dataset, as CSV or JSON; or the question as SQL."""
    first, next = _span(since, until)
    streams = [row.id for row in model.Session.query(store.Stream).filter_by(dataset=_dataset(dataset), visibility="public").order_by(store.Stream.id)]
    if sql:
        return engines.written(_question(queries.between(queries.logical(), first, next), question, first, next, every, limit), sql)
    engine = engines.connect()
    table = engines.observations(engine, streams, first, next)
    rows = engines.arrow(_question(table, question, first, next, every, limit), engine).to_pylist()
    if as_json:
        return json.dumps(rows, default=str, ensure_ascii=False)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["stream"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip()


def _question(table: Any, question: str, first: dt.datetime, next: dt.datetime, every: int, limit: float) -> Any:
    half = first + (next - first) / 2
    asked: dict[str, Any] = {
        "series": lambda: queries.series(table, every), "statistics": lambda: queries.statistics(table), "completeness": lambda: queries.completeness(table, first, next, every),
        "compare": lambda: queries.compare(table, (first, half), (half, next)), "profile": lambda: queries.profile(table), "above": lambda: queries.above(table, limit, every),
    }  # fmt: skip
    return asked[question]()


def said(told: dict[str, Any]) -> str:
    """A report in lines: what is in lists, a line each."""
    lines = []
    for name, value in told.items():
        if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            lines += [f"{name}: {'  '.join(f'{key} {item}' for key, item in row.items())}" for row in value]
        elif isinstance(value, dict):
            lines.append(f"{name}: {'  '.join(f'{key} {item}' for key, item in value.items())}")
        else:
            lines.append(f"{name}: {' '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}")
    return "\n".join(lines)


def _dataset(named: str) -> str:
    found = model.Package.get(named)
    if found is None:
        raise WrongError(f"There is no dataset {named}.")
    return str(found.id)


def _moment(written: str) -> dt.datetime:
    time, code = times.moment(written, ZoneInfo(territory().timezone))
    if code:
        raise WrongError(f"“{written}” is no moment: give one such as 2026-11-01 or 2026-11-01T08:00:00Z.")
    return partitions.moment(time)


def _span(since: str, until: str) -> tuple[dt.datetime, dt.datetime]:
    first, next = _moment(since), _moment(until)
    if first >= next:
        raise WrongError(f"--to must lie after --from: {until} does not lie after {since}.")
    return first, next


def _month(written: str) -> Month:
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", written)
    if found is None:
        raise WrongError(f"“{written}” is no month: give one such as 2026-01.")
    return Month(int(found[1]), int(found[2]))


def _name(month: Month) -> str:
    return f"{month.year:04d}-{month.month:02d}"
