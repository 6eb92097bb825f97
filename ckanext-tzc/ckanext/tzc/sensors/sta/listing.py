"""Sets of entities, and what they are expanded by: one question to the database a step, however many entities there are."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import ckan.model as model
import numpy as np
import sqlalchemy as sa

from tzc.sensors.readings import Readings
from tzc.sensors.sta.entities import KINDS, OBSERVATIONS, Kind, lead
from tzc.sensors.sta.faults import Fault
from tzc.sensors.sta.options import MOST, MOST_OBSERVATIONS, USUAL, Options

from .. import store
from . import conditions, observations, observed, shown, world
from .arrays import About
from .world import Seen

MOST_ENTITIES = 50_000
"""That one answer holds with all it is expanded by; what many lead to stands there as many times, with all that it is expanded by itself."""


@dataclasses.dataclass
class Found:
    """Entities of a page: as rows, or observations in columns. `next`: options that lead to the next page, empty on the last one."""

    kind: Kind
    rows: Sequence[Any]
    columns: Readings | None = None
    about: About | None = None
    count: int | None = None
    next: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows) if self.columns is None else len(self.columns)


@dataclasses.dataclass
class Left:
    """How many entities an answer may still hold. `sizes`: how many stand in one that is expanded, itself too, by what names the object."""

    entities: int = MOST_ENTITIES
    sizes: dict[int, int] = dataclasses.field(default_factory=dict)

    def take(self, count: int) -> None:
        """Raises Fault where it is full."""
        self.entities -= count
        if self.entities < 0:
            raise Fault("many", most=MOST_ENTITIES)

    def hold(self, whole: shown.Shown, children: Sequence[shown.Shown]) -> None:
        """Note what stands in an entity."""
        self.sizes[id(whole)] = self.sizes.get(id(whole), 1) + sum(self.sizes.get(id(child), 1) for child in children)

    def look(self, said: Sequence[shown.Shown]) -> None:
        """Raises Fault where more stands in entities than is answered at once."""
        if sum(self.sizes.get(id(whole), 1) for whole in said) > MOST_ENTITIES:
            raise Fault("many", most=MOST_ENTITIES)


SAFE = "$,/:'()@;"
Link = tuple[str, Any]
"""A column of the entities, and what it must be."""


def top_of(options: Options, kind: Kind) -> int:
    """How many entities a page has at most."""
    return min(USUAL if options.top is None else options.top, MOST_OBSERVATIONS if kind.set == OBSERVATIONS else MOST)


def found(seen: Seen, kind: Kind, options: Options, link: Link | None = None, streams: Sequence[int] | None = None) -> Found:
    """A page of a set, or of what an entity leads to. Raises Fault."""
    if kind.set == OBSERVATIONS:
        return _of(observed.page(seen, options, streams))
    row = world.table(kind)
    where = [seen.of(kind, row), *([getattr(row, link[0]) == link[1]] if link else []), *_filtered(seen, kind, row, options)]
    asked = model.Session.query(row).filter(*where)
    count = asked.count() if options.count else None
    top = top_of(options, kind)
    rows = asked.order_by(*_order(seen, kind, row, options)).offset(options.skip).limit(top + 1).all()
    return Found(kind, rows[:top], count=count, next={"$skip": str(options.skip + top)} if len(rows) > top > 0 else {})


def _of(page: observed.Page) -> Found:
    skipped = page.after.removeprefix("skip-")
    token = {} if not page.after else {"$skip": skipped} if page.after.startswith("skip-") else {"$skiptoken": page.after}
    return Found(KINDS[OBSERVATIONS], (), page.rows, page.about, page.count, token)


def _filtered(seen: Seen, kind: Kind, row: Any, options: Options) -> list[Any]:
    return [conditions.condition(options.filter, kind, row, seen)] if options.filter is not None else []


def _order(seen: Seen, kind: Kind, row: Any, options: Options) -> list[Any]:
    by = [conditions.order(order.by, kind, row, seen) for order in options.order]
    return [*(sa.nulls_last(sa.desc(one) if order.falling else sa.asc(one)) for one, order in zip(by, options.order, strict=True)), row.id]


def written(seen: Seen, page: Found, options: Options) -> list[shown.Shown]:
    """Entities as they are answered, with what they are expanded by. Raises Fault."""
    return _written(seen, page, options, Left())


def _written(seen: Seen, page: Found, options: Options, left: Left) -> list[shown.Shown]:
    left.take(len(page))
    plain = dataclasses.replace(options, select=(*options.select, *options.expand)) if options.select else options
    if page.columns is not None and page.about is not None:
        said = observations.entities(page.columns, page.about, plain)
        for way, inner in options.expand.items():
            _expand_observations(seen, page.columns, page.about, way, inner, said, left)
        left.look(said)
        return said
    said = shown.rows(page.kind, page.rows, plain)
    for way, inner in options.expand.items():
        target, several = lead(page.kind, way)
        if target.set == OBSERVATIONS:
            _expand_by_observations(seen, page, way, inner, said, left)
        else:
            _expand(seen, page, (way, target, several), inner, said, left)
    left.look(said)
    return said


def _expand(seen: Seen, page: Found, lead_: tuple[str, Kind, bool], options: Options, said: list[shown.Shown], left: Left) -> None:
    way, target, several = lead_
    here, there = world.LINKS[page.kind.set, way]
    values = sorted({value for row in page.rows if (value := getattr(row, here)) is not None})
    row = world.table(target)
    where = [seen.of(target, row), getattr(row, there).in_(values), *_filtered(seen, target, row, options)]
    counts = dict(model.Session.query(getattr(row, there), sa.func.count()).filter(*where).group_by(getattr(row, there)).tuples()) if options.count and several else {}
    # each entity has a page of its own
    place = sa.func.row_number().over(partition_by=getattr(row, there), order_by=_order(seen, target, row, options)).label("place")
    numbered = model.Session.query(row.id.label("id"), place).filter(*where).subquery()
    top = top_of(options, target)
    asked = model.Session.query(row).join(numbered, numbered.c.id == row.id).filter(numbered.c.place > options.skip, numbered.c.place <= options.skip + top + 1)
    rows = asked.order_by(numbered.c.place).limit(left.entities + 1).all() if values else []
    by_value: dict[Any, list[Any]] = {}
    for one in rows:
        by_value.setdefault(getattr(one, there), []).append(one)
    kept = list({one.id: one for group in by_value.values() for one in group[:top]}.values())
    shown_ = dict(zip([one.id for one in kept], _written(seen, Found(target, kept), options, left), strict=True))
    for parent, whole in zip(page.rows, said, strict=True):
        group = by_value.get(getattr(parent, here), [])
        children = [shown_[one.id] for one in group[:top]]
        count = counts.get(getattr(parent, here), 0) if options.count else None
        left.hold(whole, children)
        _attach(whole, (way, several), children, count, _more(page.kind, parent.id, way, options, options.skip + top) if len(group) > top else "")


def _attach(whole: shown.Shown, way: tuple[str, bool], children: list[shown.Shown], count: int | None, more: str) -> None:
    name, several = way
    whole.pop(f"{name}@iot.navigationLink", None)
    if not several:
        whole[name] = children[0] if children else None
        return
    if count is not None:
        whole[f"{name}@iot.count"] = count
    whole[name] = children
    if more:
        whole[f"{name}@iot.nextLink"] = more


def _more(kind: Kind, id_: object, way: str, options: Options, skip: int, token: str = "") -> str:
    """Where the rest of an expansion is."""
    page = {"$top": str(top_of(options, KINDS[kind.leads[way][0]])), **({"$skiptoken": token} if token else {"$skip": str(skip)})}
    return f"{world.base()}/{kind.set}({id_})/{way}?{question({**options.written, **page})}"


def question(options: Mapping[str, str]) -> str:
    """Options as they stand in an address."""
    return "&".join(f"{name}={quote(value, safe=SAFE)}" for name, value in options.items())


def _expand_by_observations(seen: Seen, page: Found, way: str, options: Options, said: list[shown.Shown], left: Left) -> None:
    """Each entity's observations."""
    if page.kind.set == "Datastreams":
        each = {number: _of(part) for number, part in observed.pages(seen, options, page.rows).items()}
    else:
        streams = _streams_at(seen, [row.id for row in page.rows])
        each = {row.id: found(seen, KINDS[OBSERVATIONS], options, streams=streams.get(row.id, [])) for row in page.rows}
    for row, whole in zip(page.rows, said, strict=True):
        one = each[row.id]
        more = _more(page.kind, row.id, way, options, int(one.next.get("$skip", 0)), one.next.get("$skiptoken", "")) if one.next else ""
        children = _written(seen, one, options, left)
        left.hold(whole, children)
        _attach(whole, (way, True), children, one.count, more)


def _streams_at(seen: Seen, places: Sequence[int]) -> dict[int, list[int]]:
    """Streams of the things that are at some places."""
    asked = sa.select(store.Thing.location, store.Stream.id).join(store.Stream, store.Stream.thing == store.Thing.id).where(seen.condition, store.Thing.location.in_(places))
    known: dict[int, list[int]] = {}
    for place, stream in model.Session.execute(asked):
        known.setdefault(place, []).append(stream)
    return known


def streams_at(seen: Seen, place: int) -> list[int]:
    """Streams of the things that are at a place."""
    return _streams_at(seen, [place]).get(place, [])


def place_of(seen: Seen, stream: int) -> int | None:
    """Where the thing of a stream is."""
    found_: int | None = model.Session.execute(
        sa.select(store.Thing.location).join(store.Stream, store.Stream.thing == store.Thing.id).where(store.Stream.id == stream, seen.condition)
    ).scalar()
    return found_


def _expand_observations(seen: Seen, rows: Readings, about: About, way: str, options: Options, said: list[shown.Shown], left: Left) -> None:
    target = KINDS["Datastreams" if way == "Datastream" else "FeaturesOfInterest"]
    streams = np.unique(rows.streams).tolist()
    if way == "Datastream":
        wanted: dict[int, int | None] = {number: number for number in streams}
    else:
        places = dict(model.Session.query(store.Thing.id, store.Thing.location).filter(store.Thing.id.in_({about.rows[number].thing for number in streams})).tuples())
        wanted = {number: places.get(about.rows[number].thing) for number in streams}
    row = world.table(target)
    entities = model.Session.query(row).filter(row.id.in_([id_ for id_ in wanted.values() if id_ is not None]), seen.of(target, row)).all()
    shown_ = dict(zip([one.id for one in entities], _written(seen, Found(target, entities), options, left), strict=True))
    for number, whole in zip(rows.streams.tolist(), said, strict=True):
        one = shown_.get(wanted[number] or -1)
        left.hold(whole, [one] if one else [])
        _attach(whole, (way, False), [one] if one else [], None, "")
