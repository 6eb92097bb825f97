"""Expressions about entities, as SQL. A property by way of several entities is true where it is of any of them."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tzc.sensors.model import OBSERVATION_TYPES
from tzc.sensors.sta import places
from tzc.sensors.sta.entities import ID, OBSERVATIONS, Kind, lead
from tzc.sensors.sta.expressions import (
    ARITHMETIC,
    CLOCK,
    COMPARISONS,
    DAY,
    GEOMETRY,
    INTERVAL,
    MOMENT,
    NOTHING,
    NUMBER,
    PERIOD,
    TEXT,
    TRUTH,
    Binary,
    Call,
    Literal,
    Node,
    Path,
    Unary,
    paths,
)  # fmt: skip
from tzc.sensors.sta.faults import Fault

from .. import store
from ..reading import bounds
from . import world
from .world import Seen

JSON = "json"
MOMENTS = sa.DateTime(timezone=True)
UNITS = "http://www.opengis.net/def/uom/UCUM/0/"


@dataclasses.dataclass(frozen=True)
class Value:
    """A value in SQL. `end`: of an interval, of which `sql` is the beginning; `id`: it is an entity's own number; of a geometry, `sql` is the location's number or a `Geometry`."""

    kind: str
    sql: Any
    end: Any = None
    id: bool = False


class Scope:
    """One entity of a kind (`row`, a table's alias) that an expression is about, and the entities that it leads to by the paths in it."""

    def __init__(self, kind: Kind, row: Any, seen: Seen) -> None:
        self.kind, self.row, self.seen = kind, row, seen
        self.ways: dict[tuple[str, ...], tuple[Kind, Any]] = {}
        self.links: list[sa.ColumnElement[bool]] = []

    def at(self, names: tuple[str, ...]) -> tuple[Kind, Any]:
        """The entity that a way leads to."""
        if not names:
            return self.kind, self.row
        if names not in self.ways:
            kind, row = self.at(names[:-1])
            target, _several = lead(kind, names[-1])
            if OBSERVATIONS in (target.set, kind.set):
                raise Fault("observations", set=self.kind.set)
            here, there = world.LINKS[kind.set, names[-1]]
            other = world.table(target)
            self.links += [getattr(row, here) == getattr(other, there), self.seen.of(target, other)]
            self.ways[names] = (target, other)
        return self.ways[names]


def condition(node: Node, kind: Kind, row: Any, seen: Seen) -> sa.ColumnElement[bool]:
    """Where an expression is true of a row. Raises Fault."""
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        parts = [condition(part, kind, row, seen) for part in (node.left, node.right)]
        return sa.and_(*parts) if node.operator == "and" else sa.or_(*parts)
    if isinstance(node, Unary) and node.operator == "not":
        return sa.not_(sa.func.coalesce(condition(node.operand, kind, row, seen), sa.false()))
    scope = Scope(kind, row, seen)
    found = value(node, scope)
    if found.kind != TRUTH:
        raise Fault("kinds", name=_name(node))
    if not scope.ways:
        return found.sql  # type: ignore[no-any-return]  -- a condition, as its kind says
    return sa.exists(sa.select(sa.literal(1)).select_from(*(other for _kind, other in scope.ways.values())).where(*scope.links, found.sql).correlate(row))


def order(node: Node, kind: Kind, row: Any, seen: Seen) -> Any:
    """What rows are ordered by. Raises Fault."""
    scope = Scope(kind, row, seen)
    for path in [node] if isinstance(node, Path) else []:
        for place in range(1, len(path.names)):
            if path.names[place - 1] in kind.leads and kind.leads[path.names[place - 1]][1]:
                raise Fault("order", name="/".join(path.names), set=kind.set, names=", ".join(kind.properties))
    if not any(paths(node)):
        raise Fault("order", name=_name(node), set=kind.set, names=", ".join(kind.properties))
    found = value(node, scope)
    # no constant is an order, so what is the same for all is made a function of nothing
    sql = sa.cast(found.sql, sa.Text) if found.kind == JSON else sa.func.concat(sa.literal("")) if found.kind == NOTHING or isinstance(found.sql, sa.BindParameter) else found.sql
    if found.kind == GEOMETRY:
        raise Fault("kinds", name=_name(node))
    if not scope.ways:
        return sql
    return sa.select(sql).select_from(*(other for _kind, other in scope.ways.values())).where(*scope.links).correlate(row).limit(1).scalar_subquery()


def _name(node: Node) -> str:
    if isinstance(node, Path):
        return "/".join(node.names)
    return {Binary: getattr(node, "operator", ""), Unary: getattr(node, "operator", ""), Call: getattr(node, "name", "")}.get(type(node), str(getattr(node, "value", "")))[:60]


def value(node: Node, scope: Scope) -> Value:
    """An expression in SQL. Raises Fault."""
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Path):
        return _path(node, scope)
    if isinstance(node, Call):
        return _call(node, scope)
    if isinstance(node, Unary):
        found = value(node.operand, scope)
        if node.operator == "not":
            return Value(TRUTH, sa.not_(_as(found, TRUTH, node).sql))
        return Value(NUMBER, -_as(found, NUMBER, node).sql)
    left, right = value(node.left, scope), value(node.right, scope)
    if node.operator in COMPARISONS:
        return Value(TRUTH, _compared(node, left, right))
    if node.operator in ARITHMETIC:
        return _computed(node, left, right)
    parts = [_as(part, TRUTH, node).sql for part in (left, right)]
    return Value(TRUTH, sa.and_(*parts) if node.operator == "and" else sa.or_(*parts))


def _literal(node: Literal) -> Value:
    if node.kind == NUMBER:
        return Value(NUMBER, sa.literal(float(node.value), sa.Float))
    if node.kind == MOMENT:
        return Value(MOMENT, _moment(node.value))
    if node.kind == INTERVAL:
        return Value(INTERVAL, _moment(node.value[0]), _moment(node.value[1]))
    if node.kind == PERIOD:
        return Value(PERIOD, sa.func.make_interval(0, 0, 0, 0, 0, 0, node.value / 1e6))
    if node.kind == TRUTH:
        # SQL's own true and false are not to be compared
        return Value(TRUTH, sa.literal(node.value, sa.Boolean))
    if node.kind in (TEXT, DAY, CLOCK):
        if "\0" in node.value:
            raise Fault("syntax", near=node.value.replace("\0", "␀")[:30])
        return Value(node.kind, sa.literal(node.value, sa.Text))
    return Value(node.kind, node.value)


def _moment(time: int) -> Any:
    return sa.cast(sa.literal(bounds(time, time)[0], sa.Text), MOMENTS)


def _path(node: Path, scope: Scope) -> Value:
    names = node.names
    kind, steps = scope.kind, 0
    while steps < len(names) - 1 and names[steps] in kind.leads:
        kind, _several = lead(kind, names[steps])
        steps += 1
    kind, row = scope.at(names[:steps])
    name, rest = names[steps], names[steps + 1 :]
    if name in (ID, "id") and not rest:
        return Value(NUMBER, row.id, id=True)
    if name not in kind.properties:
        raise Fault("property", name="/".join(names)[:60], set=kind.set, names=", ".join((ID, *kind.properties, *kind.leads)))
    if name == "properties":
        found = _properties(kind, row)
        for part in rest:
            found = found[part]
        return Value(JSON, found)
    if name == "unitOfMeasurement":
        texts = {"name": row.unit, "symbol": row.unit, "definition": sa.literal(UNITS) + row.unit}
        if len(rest) != 1 or rest[0] not in texts:
            raise Fault("property", name="/".join(names)[:60], set=name, names=", ".join(texts))
        return Value(TEXT, texts[rest[0]])
    if rest:
        raise Fault("property", name="/".join(names)[:60], set=kind.set, names=", ".join((ID, *kind.properties, *kind.leads)))
    return _property(kind, row, name)


def _properties(kind: Kind, row: Any) -> Any:
    if kind.set == "Things":
        return row.properties
    if kind.set == "Datastreams":
        site = sa.literal(f"{tk.config['ckan.site_url'].rstrip('/')}/dataset/")
        # as they are shown (`shown`), the stream's own first
        return row.properties.op("||", return_type=store.JSONB)(sa.func.jsonb_build_object("dataset", site + row.dataset, "interval", row.interval, "period", row.period))
    return sa.func.jsonb_build_object("code", row.code, type_=store.JSONB) if kind.set == "ObservedProperties" else sa.cast(sa.literal("{}"), store.JSONB)


def _property(kind: Kind, row: Any, name: str) -> Value:
    if name in ("location", "feature"):
        return Value(GEOMETRY, row.id)
    if name == "time":
        return Value(MOMENT, row.time)
    if name == "phenomenonTime":
        first, last = (sa.select(column).where(store.State.stream == row.id).correlate(row).scalar_subquery() for column in (store.State.first, store.State.last))
        return Value(INTERVAL, first, last)
    if name == "observationType":
        return Value(TEXT, sa.case(*((row.kind == kind_, uri) for kind_, uri in OBSERVATION_TYPES.items()), else_=""))
    if name == "encodingType":
        return Value(TEXT, row.encoding if kind.set == "Sensors" else sa.literal("application/geo+json"))
    if name == "description" and kind.set in ("Locations", "FeaturesOfInterest"):
        return Value(TEXT, row.name)
    if name == "metadata":
        return Value(TEXT, row.about)
    if name in ("resultTime", "observedArea"):
        return Value(NOTHING, None)
    return Value(TEXT, getattr(row, name))


_TYPES: dict[str, Any] = {NUMBER: sa.Float, TEXT: sa.Text, TRUTH: sa.Boolean, MOMENT: MOMENTS, INTERVAL: MOMENTS}
"""What nothing is of, where a value of a kind is wanted."""


def _as(given: Value, kind: str, node: Node) -> Value:
    """A value as one of another kind, where it can be. Raises Fault."""
    if given.kind == kind:
        return given
    if given.kind == NOTHING and kind in _TYPES:
        none = sa.cast(sa.null(), _TYPES[kind])
        return Value(kind, none, none)
    if given.kind == JSON and kind in (NUMBER, TEXT, TRUTH):
        types = {NUMBER: ("number", sa.Float), TEXT: ("string", sa.Text), TRUTH: ("boolean", sa.Boolean)}
        type_, sql = types[kind]
        # the text of a value of JSON; only of one that is of this type
        return Value(kind, sa.cast(sa.case((sa.func.jsonb_typeof(given.sql) == type_, given.sql.op("#>>")(sa.cast(sa.literal("{}"), ARRAY(sa.Text))))), sql))
    if given.kind == DAY and kind == MOMENT:
        return Value(MOMENT, sa.cast(given.sql + sa.literal(" 00:00:00+00"), MOMENTS))
    if given.kind == MOMENT and kind == INTERVAL:
        return Value(INTERVAL, given.sql, given.sql)
    raise Fault("kinds", name=_name(node))


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
}  # fmt: skip


def _compared(node: Binary, left: Value, right: Value) -> Any:
    if NOTHING in (left.kind, right.kind):
        return _with_nothing(node, right if left.kind == NOTHING else left)
    left, right = _number_of(left, node.right, right), _number_of(right, node.left, left)
    kind = _common(left.kind, right.kind, node)
    left, right = _as(left, kind, node), _as(right, kind, node)
    if kind != INTERVAL:
        return _OPERATORS[node.operator](left.sql, right.sql)
    if node.operator in ("eq", "ne"):
        same = sa.and_(left.sql == right.sql, left.end == right.end)
        return same if node.operator == "eq" else sa.not_(same)
    return _OPERATORS[node.operator](left.sql, right.end) if node.operator in ("gt", "ge") else _OPERATORS[node.operator](left.end, right.sql)


def _with_nothing(node: Binary, other: Value) -> Any:
    if node.operator not in ("eq", "ne"):
        return sa.false()
    none = sa.true() if other.kind == NOTHING else sa.false() if other.kind == GEOMETRY else other.sql.is_(None)
    if other.kind == JSON:
        none = sa.or_(none, sa.func.jsonb_typeof(other.sql) == "null")
    return none if node.operator == "eq" else sa.not_(none)


def _number_of(given: Value, _node: Node, other: Value) -> Value:
    """An identifier is a number, also where a program writes it as a text."""
    if other.id and given.kind == TEXT and isinstance(given.sql, sa.BindParameter):
        text = str(given.sql.value)
        return Value(NUMBER, sa.literal(float(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1.0, sa.Float))
    return given


def _common(one: str, other: str, node: Node) -> str:
    if one == other and one != GEOMETRY:
        return one if one != JSON else TEXT
    kinds = {one, other}
    if JSON in kinds and len(kinds & {NUMBER, TEXT, TRUTH}) == 1:
        return (kinds - {JSON}).pop()
    if kinds <= {MOMENT, INTERVAL}:
        return INTERVAL
    if kinds == {MOMENT, DAY}:
        return MOMENT
    raise Fault("kinds", name=_name(node))


def _computed(node: Binary, left: Value, right: Value) -> Value:
    if left.kind == MOMENT and right.kind == PERIOD and node.operator in ("add", "sub"):
        return Value(MOMENT, left.sql + right.sql if node.operator == "add" else left.sql - right.sql)
    one, other = _as(left, NUMBER, node).sql, _as(right, NUMBER, node).sql
    if node.operator in ("div", "mod"):
        other = sa.func.nullif(other, sa.literal(0.0, sa.Float))
    if node.operator == "mod":
        # PostgreSQL's remainder knows no floating point
        return Value(NUMBER, one - other * sa.func.trunc(one / other, type_=sa.Float))
    return Value(NUMBER, {"add": lambda: one + other, "sub": lambda: one - other, "mul": lambda: one * other, "div": lambda: one / other}[node.operator]())


def _call(node: Call, scope: Scope) -> Value:
    given = [value(argument, scope) for argument in node.arguments]
    if node.name in places.RELATIONS or node.name in places.DISTANCES:
        return _geometric(node, given)
    if node.name in _IN_TIME:
        one, other = (_as(part, INTERVAL, node) for part in given)
        return Value(TRUTH, _IN_TIME[node.name](one, other))
    if node.name in _PARTS:
        return Value(NUMBER, sa.cast(sa.extract(_PARTS[node.name], sa.func.timezone("UTC", _as(given[0], MOMENT, node).sql)), sa.Float))
    if node.name in _OF_MOMENTS:
        kind, format_ = _OF_MOMENTS[node.name]
        return Value(kind, sa.func.to_char(sa.func.timezone("UTC", _as(given[0], MOMENT, node).sql), format_))
    if node.name in _PLAIN:
        kinds, kind, made = _PLAIN[node.name]
        return Value(kind, made(*(_as(part, wanted, node).sql for part, wanted in zip(given, kinds, strict=False))))
    return Value(MOMENT, {"now": sa.func.now(), "mindatetime": _moment(0), "maxdatetime": _moment(253_402_300_799_000_000)}[node.name])


_IN_TIME: dict[str, Callable[[Value, Value], Any]] = {
    "before": lambda a, b: a.end < b.sql,
    "after": lambda a, b: a.sql > b.end,
    "meets": lambda a, b: sa.or_(a.end == b.sql, b.end == a.sql),
    "during": lambda a, b: sa.and_(a.sql >= b.sql, a.end <= b.end),
    "overlaps": lambda a, b: sa.and_(a.sql <= b.end, a.end >= b.sql),
    "starts": lambda a, b: a.sql == b.sql,
    "finishes": lambda a, b: a.end == b.end,
}
_PARTS = {"year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute", "second": "second"}
_OF_MOMENTS = {"date": (DAY, "YYYY-MM-DD"), "time": (CLOCK, "HH24:MI:SS")}
_PLAIN: dict[str, tuple[tuple[str, ...], str, Callable[..., Any]]] = {
    "substringof": ((TEXT, TEXT), TRUTH, lambda part, whole: sa.func.strpos(whole, part) > 0),
    "contains": ((TEXT, TEXT), TRUTH, lambda whole, part: sa.func.strpos(whole, part) > 0),
    "startswith": ((TEXT, TEXT), TRUTH, sa.func.starts_with),
    "endswith": ((TEXT, TEXT), TRUTH, lambda whole, part: sa.func.right(whole, sa.func.length(part)) == part),
    "length": ((TEXT,), NUMBER, lambda text: sa.cast(sa.func.length(text), sa.Float)),
    "indexof": ((TEXT, TEXT), NUMBER, lambda whole, part: sa.cast(sa.func.strpos(whole, part) - 1, sa.Float)),
    "substring": ((TEXT, NUMBER, NUMBER), TEXT, lambda text, first, *count: sa.func.substr(text, _whole(first) + 1, *(_whole(one) for one in count))),
    "tolower": ((TEXT,), TEXT, sa.func.lower),
    "toupper": ((TEXT,), TEXT, sa.func.upper),
    "trim": ((TEXT,), TEXT, sa.func.btrim),
    "concat": ((TEXT, TEXT), TEXT, sa.func.concat),
    "round": ((NUMBER,), NUMBER, lambda number: sa.func.round(number, type_=sa.Float)),
    "floor": ((NUMBER,), NUMBER, lambda number: sa.func.floor(number, type_=sa.Float)),
    "ceiling": ((NUMBER,), NUMBER, lambda number: sa.func.ceil(number, type_=sa.Float)),
    "fractionalseconds": ((MOMENT,), NUMBER, lambda moment: _fraction(sa.cast(sa.extract("microseconds", moment), sa.Float) / 1e6)),
    "totaloffsetminutes": ((MOMENT,), NUMBER, lambda _moment: sa.literal(0.0, sa.Float)),
}


def _fraction(number: Any) -> Any:
    return number - sa.func.floor(number)


def _whole(number: Any) -> Any:
    """A place in a text: below nothing there is nothing, and no text is longer."""
    return sa.cast(sa.func.least(sa.func.greatest(number, 0.0), 1e6), sa.Integer)


def _geometric(node: Call, given: list[Value]) -> Value:
    one, other = given
    if one.kind != GEOMETRY or other.kind != GEOMETRY:
        raise Fault("kinds", name=node.name)
    known = [isinstance(part.sql, places.Geometry) for part in given]
    if known == [True, True]:
        function: Any = places.RELATIONS.get(node.name) or places.DISTANCES[node.name]
        found = function(one.sql, other.sql)
        return Value(TRUTH, sa.true() if found else sa.false()) if node.name in places.RELATIONS else Value(NUMBER, sa.literal(found, sa.Float))
    if not any(known):
        raise Fault("kinds", name=node.name)
    literal, column = (one.sql, other.sql) if known[0] else (other.sql, one.sql)
    rows = model.Session.query(store.Location.id, store.Location.geometry).all()
    values = places.related(node.name, [row.geometry for row in rows], literal, turned=known[0])
    told = [(row.id, found) for row, found in zip(rows, values, strict=True) if found is not None]
    if node.name in places.RELATIONS:
        return Value(TRUTH, column == sa.any_(sa.literal([id_ for id_, found in told if found], ARRAY(sa.Integer))))
    ids, ways = [id_ for id_, _found in told], [float(found) for _id, found in told]
    pairs = sa.func.unnest(sa.literal(ids, ARRAY(sa.Integer)), sa.literal(ways, ARRAY(sa.Float))).table_valued("id", "way").render_derived()
    return Value(NUMBER, sa.select(pairs.c.way).where(pairs.c.id == column).scalar_subquery())
