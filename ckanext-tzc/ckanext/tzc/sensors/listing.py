"""Streams as lists and maps show them: what they measure, where, what was last, and whether they still speak."""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import ckan.model as model
import sqlalchemy as sa
from babel.dates import format_datetime
from babel.numbers import format_decimal
from ckanext.tzc.common.territory import language, territory
from ckanext.tzc.schemas import vocabulary

from tzc.sensors import liveness, quality, unit_words
from tzc.sensors.model import CATEGORY, PUBLIC

from . import seeing, store

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is listed. `dataset`: an id; `property`: a code; `box`: where the things are. `streams`: these numbers only. `public`: what is not a
    person's own.
    """

    dataset: str = ""
    property: str = ""
    box: Box | None = None
    streams: Collection[int] | None = None
    public: bool = False


def _chosen(user: str, asked: Asked) -> Any:
    """The rows that are asked for and may be shown."""
    chosen = (
        model.Session.query(store.Stream, store.Thing, store.Property, store.Location, store.State, model.Package)
        .join(store.Thing, store.Thing.id == store.Stream.thing)
        .join(store.Property, store.Property.id == store.Stream.property)
        .join(model.Package, model.Package.id == store.Stream.dataset)
        .outerjoin(store.Location, store.Location.id == store.Thing.location)
        .outerjoin(store.State, store.State.stream == store.Stream.id)
        .filter(model.Package.state == "active", _seen(user, asked))
    )
    if asked.public:
        chosen = chosen.filter(store.Stream.visibility == PUBLIC)
    if asked.property:
        chosen = chosen.filter(store.Property.code == asked.property)
    if asked.box:
        west, south, east, north = asked.box
        longitude, latitude = (sa.cast(sa.cast(store.Location.geometry["coordinates"][place], sa.Text), sa.Float) for place in (0, 1))
        point = store.Location.geometry["type"].astext == "Point"
        # the order in which conditions are tried is the database's: what is no point has no two numbers
        inside = sa.case((point, sa.and_(longitude.between(west, east), latitude.between(south, north))), else_=False)
        chosen = chosen.filter(inside)
    return chosen


def _seen(user: str, asked: Asked) -> Any:
    if asked.streams is not None:
        return store.Stream.id.in_(list(seeing.visible_streams(user, asked.streams)))
    if asked.dataset:
        numbers = [row.id for row in model.Session.query(store.Stream.id).filter_by(dataset=asked.dataset)]
        return store.Stream.id.in_(list(seeing.visible_streams(user, numbers)) if numbers else [])
    return seeing.visible(user)


def streams(user: str, asked: Asked, limit: int, offset: int = 0) -> tuple[int, list[dict[str, Any]]]:
    """How many streams there are, and a page of them, by their things' names."""
    chosen = _chosen(user, asked)
    count = chosen.with_entities(sa.func.count(store.Stream.id)).scalar()
    rows = chosen.order_by(store.Thing.name, store.Thing.id, store.Stream.name, store.Stream.id).limit(limit).offset(offset).all() if count > offset else []
    said = _said([(stream.id, state.result) for stream, _thing, _property, _place, state, _package in rows if state is not None and stream.kind == CATEGORY])
    now = store.now()
    return int(count), [_told(*row, said, now) for row in rows]


def things(user: str, asked: Asked, limit: int, offset: int = 0) -> tuple[int, list[dict[str, Any]]]:
    """How many things there are, and a page of them, each with its streams that are asked for."""
    chosen = _chosen(user, asked)
    count = chosen.with_entities(sa.func.count(sa.distinct(store.Thing.id))).scalar()
    if count <= offset:
        return int(count), []
    page = chosen.with_entities(store.Thing.id, store.Thing.name).distinct().order_by(store.Thing.name, store.Thing.id).limit(limit).offset(offset).all()
    rows = chosen.filter(store.Thing.id.in_([row.id for row in page])).order_by(store.Thing.name, store.Thing.id, store.Stream.name, store.Stream.id).all()
    said = _said([(stream.id, state.result) for stream, _thing, _property, _place, state, _package in rows if state is not None and stream.kind == CATEGORY])
    now, found = store.now(), {}
    for row in rows:
        told = _told(*row, said, now)
        found.setdefault(row[1].id, {**told["thing"], "dataset": told["dataset"], "streams": []})["streams"].append(told)
    return int(count), list(found.values())


def properties(user: str) -> list[dict[str, str]]:
    """What is measured anywhere, as far as it may be shown: `{"code", "label"}`, by label."""
    codes = [row.code for row in _chosen(user, Asked(public=True)).with_entities(store.Property.code).distinct()]
    return sorted(({"code": code, "label": label_of(code, code)} for code in codes), key=lambda one: one["label"])


def _said(words: list[tuple[int, float]]) -> dict[tuple[int, int], str]:
    """What streams of words last said."""
    if not words:
        return {}
    asked = sa.tuple_(store.Word.stream, store.Word.number).in_([(stream, int(number)) for stream, number in words])
    return {(row.stream, row.number): row.word for row in model.Session.query(store.Word).filter(asked)}


def _told(stream: Any, thing: Any, observed: Any, place: Any, state: Any, package: Any, said: dict[tuple[int, int], str], now: dt.datetime) -> dict[str, Any]:
    value = None if state is None else said.get((stream.id, int(state.result)), "") if stream.kind == CATEGORY else state.result
    return {
        "id": stream.id, "name": stream.name, "description": stream.description, "kind": stream.kind, "visibility": stream.visibility, "interval": stream.interval,
        "property": {"code": observed.code, "label": label_of(observed.code, observed.name), "definition": observed.definition},
        "unit": stream.unit, "unit_words": unit_words.shown(stream.unit),
        "thing": {"id": thing.id, "name": thing.name, "place": place.name if place else "", "geometry": place.geometry if place else None},
        "dataset": {"id": package.id, "name": package.name, "title": package.title or package.name},
        "first": _iso(state and state.first), "last": _iso(state and state.last), "value": value, "observations": int(state.observations) if state else 0,
        "marks": quality.named(state.flags) if state else [],
        "state": liveness.UNKNOWN if stream.forecast else liveness.state(state and state.last, stream.interval, now),
    }  # fmt: skip


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z") if moment else None


@lru_cache(maxsize=1)
def _labels() -> dict[str, dict[str, str]]:
    return {entry["code"]: entry["label"] for entry in vocabulary("observed-property")}


def label_of(code: str, name: str) -> str:
    """What an observed property is called in the reader's language; as its source calls it, where the vocabulary does not know it."""
    labels = _labels().get(code)
    if labels and code == "other" and name != labels["en"]:
        return name
    return (labels.get(language()) or labels.get("en") or name) if labels else name


def moment(when: dt.datetime | str | None, form: str = "d MMM yyyy, HH:mm") -> str:
    """A moment by the territory's clock, in the reader's language."""
    if when is None:
        return ""
    found = dt.datetime.fromisoformat(when.replace("Z", "+00:00")) if isinstance(when, str) else when
    return str(format_datetime(found, form, tzinfo=_zone(), locale=language()))


def _zone() -> Any:
    from babel.dates import get_timezone

    return get_timezone(territory().timezone)


def number(value: Any, unit: str = "") -> str:
    """A result with its unit, in the reader's language; words as they are."""
    if value is None or isinstance(value, str):
        return value or ""
    written = str(format_decimal(float(f"{value:.5g}") if abs(value) < 1e5 else round(value, 2), "#,##0.##########", locale=language()))
    return f"{written}\u00a0{unit}" if unit else written
