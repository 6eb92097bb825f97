"""Expressions about observations, over whole columns of them. What is said of their Datastreams is asked of the database once, as which streams it is true of."""
from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tzc.sensors import partitions, quality
from tzc.sensors.model import CATEGORY
from tzc.sensors.model import TRUTH as TRUTHS
from tzc.sensors.readings import SECOND, Ints, Readings
from tzc.sensors.sta.entities import ID, KINDS, OBSERVATIONS
from tzc.sensors.sta.expressions import (
    CLOCK,
    COMPARISONS,
    DAY,
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

Mask = NDArray[np.bool_]
RESULT, QUALITY, KEY = "result", "quality", "key"
OF_STREAMS = ("Datastream", "FeatureOfInterest")
_FEATURE = {"feature": ("location",), "name": ("name",), "description": ("description",), "encodingType": ("encodingType",), "id": ("id",), ID: (ID,)}


@dataclasses.dataclass(frozen=True)
class About:
    """What is known of the streams. `rows`: by number; `words`: what values of streams of words stand for; `where`: the streams that an expression about Datastreams is true of."""

    rows: Mapping[int, store.Stream]
    words: Mapping[int, Mapping[int, str]]
    where: Callable[[Node], frozenset[int]]

    def of(self, given: Readings, kind: str) -> Mask:
        """Which observations are of streams of a kind."""
        return np.isin(given.streams, [number for number, row in self.rows.items() if row.kind == kind])

    def said(self, given: Readings) -> NDArray[Any]:
        """The words that are results of streams of words; None of others."""
        found = np.full(len(given), None, dtype=object)
        for place in np.flatnonzero(self.of(given, CATEGORY)).tolist():
            found[place] = self.words.get(int(given.streams[place]), {}).get(int(given.results[place]), "")
        return found


@dataclasses.dataclass(frozen=True)
class Value:
    """Of each observation, or one for all. `end`: of intervals, of which `data` are the beginnings."""

    kind: str
    data: Any
    end: Any = None


def is_of_streams(node: Node) -> bool:
    """Whether an expression is about Datastreams alone."""
    found = list(paths(node))
    return bool(found) and all(path.names[0] in OF_STREAMS and len(path.names) > 1 for path in found)


def as_of_stream(node: Node) -> Node:
    """The same, said of the Datastream itself."""
    if isinstance(node, Path):
        if node.names[0] == "Datastream":
            return Path(node.names[1:])
        if node.names[1] not in _FEATURE:
            raise Fault("property", name="/".join(node.names), set="FeaturesOfInterest", names=", ".join(_FEATURE))
        return Path(("Thing", "Locations", *_FEATURE[node.names[1]], *node.names[2:]))
    if isinstance(node, Call):
        return Call(node.name, tuple(as_of_stream(argument) for argument in node.arguments))
    if isinstance(node, Binary):
        return Binary(node.operator, as_of_stream(node.left), as_of_stream(node.right))
    return Unary(node.operator, as_of_stream(node.operand)) if isinstance(node, Unary) else node


def true_of(node: Node, given: Readings, about: About) -> Mask:
    """Which observations an expression is true of. Raises Fault."""
    if is_of_streams(node):
        return np.isin(given.streams, sorted(about.where(as_of_stream(node))))
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        left, right = true_of(node.left, given, about), true_of(node.right, given, about)
        return left & right if node.operator == "and" else left | right
    if isinstance(node, Unary) and node.operator == "not":
        return ~true_of(node.operand, given, about)
    found = _value(node, given, about)
    if found.kind != TRUTH:
        raise Fault("kinds", name=_name(node))
    return np.broadcast_to(np.asarray(found.data, dtype=bool), (len(given),))


def _name(node: Node) -> str:
    return "/".join(node.names) if isinstance(node, Path) else str(getattr(node, "operator", getattr(node, "name", getattr(node, "value", ""))))[:60]


def _value(node: Node, given: Readings, about: About) -> Value:
    if isinstance(node, Literal):
        return Value(node.kind, node.value[0], node.value[1]) if node.kind == INTERVAL else Value(node.kind, node.value)
    if isinstance(node, Path):
        return _path(node, given)
    if isinstance(node, Call):
        return _call(node, given, about)
    if isinstance(node, Unary):
        found = _number(_value(node.operand, given, about), given, about, node)
        return Value(NUMBER, -found) if node.operator == "-" else Value(TRUTH, ~true_of(node.operand, given, about))
    if node.operator in ("and", "or"):
        return Value(TRUTH, true_of(node, given, about))
    left, right = _value(node.left, given, about), _value(node.right, given, about)
    return Value(TRUTH, _compared(node, left, right, given, about)) if node.operator in COMPARISONS else _computed(node, left, right, given, about)


def _path(node: Path, given: Readings) -> Value:
    name = node.names[0]
    if len(node.names) == 1:
        if name == "phenomenonTime":
            return Value(INTERVAL, given.times, given.times + given.seconds.astype(np.int64) * SECOND)
        if name == "result":
            return Value(RESULT, given.results)
        if name == "resultQuality":
            return Value(QUALITY, given.flags)
        if name in (ID, "id"):
            return Value(KEY, None)
        if name in ("resultTime", "validTime", "parameters"):
            return Value(NOTHING, None)
    if name in OF_STREAMS:
        raise Fault("mixed")
    kind = KINDS[OBSERVATIONS]
    raise Fault("property", name="/".join(node.names)[:60], set=kind.set, names=", ".join((ID, *kind.properties, *kind.leads)))


def _number(value: Value, given: Readings, about: About, node: Node) -> Any:
    """As numbers; NaN where there is none."""
    if value.kind == RESULT:
        return np.where(about.of(given, CATEGORY), np.nan, value.data)
    if value.kind == NUMBER:
        return value.data
    if value.kind == NOTHING:
        return np.nan
    raise Fault("kinds", name=_name(node))


def _text(value: Value, given: Readings, about: About, node: Node) -> Any:
    """As texts; None where there is none."""
    if value.kind == RESULT:
        return about.said(given)
    if value.kind == TEXT:
        return value.data
    raise Fault("kinds", name=_name(node))


def _interval(value: Value, node: Node) -> tuple[Any, Any]:
    if value.kind == INTERVAL:
        return value.data, value.end
    if value.kind == MOMENT:
        return value.data, value.data
    if value.kind == DAY:
        try:
            begins = partitions.microseconds(dt.datetime.fromisoformat(value.data).replace(tzinfo=dt.timezone.utc))
        except ValueError:
            raise Fault("syntax", near=value.data) from None
        return begins, begins
    raise Fault("kinds", name=_name(node))


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
}  # fmt: skip


def _compared(node: Binary, left: Value, right: Value, given: Readings, about: About) -> Any:
    kinds, operator = {left.kind, right.kind}, node.operator
    if NOTHING in kinds:
        return _with_nothing(node, kinds, left if right.kind == NOTHING else right)
    if QUALITY in kinds or KEY in kinds:
        return _of_itself(node, left, right, given)
    if kinds & {INTERVAL, MOMENT} and kinds <= {INTERVAL, MOMENT, DAY}:
        (first, last), (begin, end) = _interval(left, node), _interval(right, node)
        if operator in ("eq", "ne"):
            same = (first == begin) & (last == end)
            return same if operator == "eq" else ~np.asarray(same)
        return _OPERATORS[operator](first, end) if operator in ("gt", "ge") else _OPERATORS[operator](last, begin)
    if kinds in ({DAY}, {CLOCK}):
        return _OPERATORS[operator](np.asarray(left.data), np.asarray(right.data))
    if TEXT in kinds:
        return _of_texts(operator, _text(left, given, about, node), _text(right, given, about, node))
    if TRUTH in kinds:
        known = [about.of(given, TRUTHS) if value.kind == RESULT else np.ones(len(given), dtype=bool) for value in (left, right)]
        numbers = [np.asarray(value.data, dtype=np.float64) if value.kind in (RESULT, TRUTH) else None for value in (left, right)]
        if numbers[0] is None or numbers[1] is None:
            raise Fault("kinds", name=operator)
        return _OPERATORS[operator](numbers[0], numbers[1]) & known[0] & known[1]
    one, other = (np.asarray(_number(value, given, about, node), dtype=np.float64) for value in (left, right))
    return _OPERATORS[operator](one, other) & ~np.isnan(one) & ~np.isnan(other)


def _with_nothing(node: Binary, kinds: set[str], other: Value) -> Any:
    none: Any = kinds == {NOTHING}
    if other.kind == QUALITY:
        none = other.data == 0
    if node.operator not in ("eq", "ne"):
        return np.False_
    return none if node.operator == "eq" else np.logical_not(none)


def _of_itself(node: Binary, left: Value, right: Value, given: Readings) -> Any:
    """By the marks of quality, of which any may be meant, or by the identifier."""
    own, text = (left, right) if left.kind in (QUALITY, KEY) else (right, left)
    if text.kind != TEXT or node.operator not in ("eq", "ne"):
        raise Fault("kinds", name=node.operator)
    if own.kind == QUALITY:
        bit = next((bit for bit, name in quality.NAMES.items() if name == text.data), 0)
        found = (given.flags & bit) != 0
    else:
        key = key_of(text.data)
        found = (given.streams == key[0]) & (given.times == key[1]) if key else np.zeros(len(given), dtype=bool)
    return found if node.operator == "eq" else ~found


def key_of(text: str) -> tuple[int, int] | None:
    """The stream and the moment of an observation's identifier; None of none."""
    stream, sign, time = text.partition("-")
    if not (sign and stream.isascii() and stream.isdigit() and len(stream) < 10 and time.isascii() and time.isdigit() and len(time) < 18):
        return None
    return int(stream), int(time)


def _of_texts(operator: str, left: Any, right: Any) -> Any:
    one, other = np.broadcast_arrays(np.asarray(left, dtype=object), np.asarray(right, dtype=object))
    compare = _OPERATORS[operator]
    return np.array([a is not None and b is not None and compare(a, b) for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)], dtype=bool).reshape(one.shape)


def _computed(node: Binary, left: Value, right: Value, given: Readings, about: About) -> Value:
    if left.kind in (MOMENT, INTERVAL) and right.kind == PERIOD and node.operator in ("add", "sub"):
        shift = right.data if node.operator == "add" else -right.data
        return Value(left.kind, left.data + shift, None if left.end is None else left.end + shift)
    one, other = (np.asarray(_number(value, given, about, node), dtype=np.float64) for value in (left, right))
    with np.errstate(all="ignore"):
        made = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "mod": np.fmod}[node.operator](one, other)
        return Value(NUMBER, np.where(np.isfinite(made), made, np.nan))


def _call(node: Call, given: Readings, about: About) -> Value:
    found = [_value(argument, given, about) for argument in node.arguments]
    if node.name in _IN_TIME:
        (first, last), (begin, end) = (_interval(value, node) for value in found)
        return Value(TRUTH, _IN_TIME[node.name](first, last, begin, end))
    if node.name in _OF_MOMENTS:
        moments = np.asarray(_interval(found[0], node)[0], dtype=np.int64).astype("datetime64[us]")
        kind, made = _OF_MOMENTS[node.name]
        return Value(kind, made(moments))
    if node.name in _OF_NUMBERS:
        return Value(NUMBER, _OF_NUMBERS[node.name](np.asarray(_number(found[0], given, about, node), dtype=np.float64)))
    if node.name in _OF_TEXTS:
        kind, text = _OF_TEXTS[node.name]
        columns = np.broadcast_arrays(*(np.asarray(_text(value, given, about, node), dtype=object) for value in found))
        said = [text(*row) if None not in row else None for row in zip(*(column.ravel().tolist() for column in columns), strict=True)]
        if kind == TRUTH:
            return Value(TRUTH, np.array([bool(one) for one in said], dtype=bool).reshape(columns[0].shape))
        made = np.array([np.nan if one is None else one for one in said], dtype=np.float64) if kind == NUMBER else np.array(said, dtype=object)
        return Value(kind, made.reshape(columns[0].shape))
    if node.name == "substring":
        places = [np.asarray(_number(value, given, about, node), dtype=np.float64) for value in found[1:]]
        rows = np.broadcast_arrays(np.asarray(_text(found[0], given, about, node), dtype=object), *places)
        made = np.array([_part(*row) for row in zip(*(column.ravel().tolist() for column in rows), strict=True)], dtype=object)
        return Value(TEXT, made.reshape(rows[0].shape))
    if node.name in ("now", "mindatetime", "maxdatetime"):
        return Value(MOMENT, {"now": partitions.microseconds(store.now()), "mindatetime": 0, "maxdatetime": 253_402_300_799_000_000}[node.name])
    raise Fault("kinds", name=node.name)


def _part(text: str | None, start: float, length: float = 1e9) -> str | None:
    """A part of a text; nothing where it begins or ends at no number."""
    if text is None or not (np.isfinite(start) and np.isfinite(length)):
        return None
    first = max(0, int(start))
    return text[first : first + max(0, int(length))]


_IN_TIME: dict[str, Callable[..., Any]] = {
    "before": lambda _first, last, begin, _end: last < begin,
    "after": lambda first, _last, _begin, end: first > end,
    "meets": lambda first, last, begin, end: (last == begin) | (end == first),
    "during": lambda first, last, begin, end: (first >= begin) & (last <= end),
    "overlaps": lambda first, last, begin, end: (first <= end) & (last >= begin),
    "starts": lambda first, _last, begin, _end: first == begin,
    "finishes": lambda _first, last, _begin, end: last == end,
}


def _clock(moments: Any, unit: str, within: str) -> Any:
    """How many of a unit have passed of a longer one."""
    return (moments.astype(f"datetime64[{unit}]") - moments.astype(f"datetime64[{within}]").astype(f"datetime64[{unit}]")).astype(np.int64).astype(np.float64)


_OF_MOMENTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "year": (NUMBER, lambda moments: moments.astype("datetime64[Y]").astype(np.int64).astype(np.float64) + 1970),
    "month": (NUMBER, lambda moments: _clock(moments, "M", "Y") + 1),
    "day": (NUMBER, lambda moments: _clock(moments, "D", "M") + 1),
    "hour": (NUMBER, lambda moments: _clock(moments, "h", "D")),
    "minute": (NUMBER, lambda moments: _clock(moments, "m", "h")),
    "second": (NUMBER, lambda moments: _clock(moments, "us", "m") / 1e6),
    "fractionalseconds": (NUMBER, lambda moments: _clock(moments, "us", "s") / 1e6),
    "totaloffsetminutes": (NUMBER, lambda moments: np.zeros(moments.shape)),
    "date": (DAY, lambda moments: moments.astype("datetime64[D]").astype(str)),
    "time": (CLOCK, lambda moments: np.strings.slice(moments.astype("datetime64[s]").astype(str), len("2026-05-06T"), None)),
}
_OF_NUMBERS: dict[str, Callable[[Ints], Any]] = {"round": np.round, "floor": np.floor, "ceiling": np.ceil}
_OF_TEXTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "substringof": (TRUTH, lambda part, whole: part in whole), "contains": (TRUTH, lambda whole, part: part in whole),
    "startswith": (TRUTH, str.startswith), "endswith": (TRUTH, str.endswith),
    "tolower": (TEXT, str.lower), "toupper": (TEXT, str.upper), "trim": (TEXT, str.strip), "concat": (TEXT, lambda one, other: one + other), "length": (NUMBER, len),
    "indexof": (NUMBER, str.find),
}  # fmt: skip
