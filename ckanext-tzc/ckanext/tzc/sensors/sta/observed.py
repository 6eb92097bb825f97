"""Pages of observations: out of the columns, by ranges of streams and time as far as the question allows, the rest in arrays; a page begins after a key, not at a number."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import ckan.model as model
import numpy as np

from tzc.sensors.model import CATEGORY
from tzc.sensors.readings import Readings, readings
from tzc.sensors.sta.entities import ID, KINDS
from tzc.sensors.sta.expressions import DAY, INTERVAL, MOMENT, TEXT, Binary, Call, Literal, Node, Path, conjuncts
from tzc.sensors.sta.faults import Fault
from tzc.sensors.sta.options import MOST_OBSERVATIONS, USUAL, Options

from .. import counting, reading, store
from . import arrays, conditions, world
from .arrays import About, as_of_stream, is_of_streams, key_of, true_of
from .world import Seen

MOST_SORTED = 500_000
"""Observations that are put into an order that is not theirs by the store, or counted by looking at each."""

MOST_LOOKED_AT = 5_000_000
CHUNK = 200_000


@dataclasses.dataclass(frozen=True)
class Page:
    """Observations in their order; `after`: the key that the next page begins after, empty where this is the last; `count`: how many there are in all, where it was asked."""

    rows: Readings
    about: About
    after: str = ""
    count: int | None = None


@dataclasses.dataclass(frozen=True)
class _Question:
    """What is looked for. `rest`: what ranges do not say; `by`: `key` (stream, then time), `time` or `result`; `skip`: how many are left out; `need`: how many are wanted."""

    streams: tuple[int, ...]
    first: int
    next: int
    rest: tuple[Node, ...]
    by: str
    falling: bool
    skip: int
    need: int


def about(seen: Seen, rows: Sequence[store.Stream]) -> About:
    """What is known of streams."""
    words: dict[int, dict[int, str]] = {}
    spoken = [row.id for row in rows if row.kind == CATEGORY]
    for word in model.Session.query(store.Word).filter(store.Word.stream.in_(spoken)) if spoken else ():
        words.setdefault(word.stream, {})[word.number] = word.word
    # by the node itself: a chunk after the other asks about the same ones
    cache: dict[int, tuple[Node, frozenset[int]]] = {}

    def where(node: Node) -> frozenset[int]:
        if id(node) not in cache:
            cache[id(node)] = (node, frozenset(_streams_where(seen, [node])))
        return cache[id(node)][1]

    return About({row.id: row for row in rows}, words, where)


def _streams_where(seen: Seen, nodes: Sequence[Node]) -> list[int]:
    kind = KINDS["Datastreams"]
    row = world.table(kind)
    asked = model.Session.query(row.id).filter(seen.of(kind, row), *(conditions.condition(node, kind, row, seen) for node in nodes))
    return [found.id for found in asked.order_by(row.id)]


def page(seen: Seen, options: Options, streams: Sequence[int] | None = None) -> Page:
    """Observations of some streams, all that may be shown where none are named. Raises Fault."""
    parts = conjuncts(options.filter)
    of_streams = [as_of_stream(part) for part in parts if is_of_streams(part)]
    rest = tuple(part for part in parts if not is_of_streams(part))
    numbers = _streams_where(seen, of_streams) if of_streams or streams is None else sorted(streams)
    if streams is not None and of_streams:
        numbers = sorted(set(numbers) & set(streams))
    first, next_, named = ranges(rest)
    if named is not None:
        numbers = [number for number in numbers if number == named]
    known = reading.last(numbers)
    there = (known.times >= first) & (known.first < next_)
    numbers = known.streams[there].tolist()
    rows = model.Session.query(store.Stream).filter(store.Stream.id.in_(numbers)).all() if numbers else []
    by, falling = _order(options)
    top = min(USUAL if options.top is None else options.top, MOST_OBSERVATIONS)
    question = _Question(tuple(numbers), first, next_, rest, by, falling, options.skip, top)
    told = about(seen, rows)
    _checked(question, told)
    count = _count(question, told) if options.count else None
    if by == "result":
        return _sorted(question, told, options, count)
    found = _taken(_after(question, options.after), told, options)
    return dataclasses.replace(found, count=count)


def pages(seen: Seen, options: Options, rows: Sequence[store.Stream]) -> dict[int, Page]:
    """A page of each of some streams, which may be shown, by their numbers: all at once where nothing but the order and the length is asked. Raises Fault."""
    by, falling = _order(options)
    top = min(USUAL if options.top is None else options.top, MOST_OBSERVATIONS)
    want = options.skip + top + 1
    if options.filter is not None or options.count or options.after or by == "result" or want * len(rows) > CHUNK:
        return {row.id: page(seen, options, [row.id]) for row in rows}
    told = about(seen, rows)
    found = reading.raw([row.id for row in rows], reading.EARLIEST, reading.LATEST, want, falling)
    made = {}
    for row in rows:
        mine = found.chosen(found.streams == row.id)
        mine = mine.chosen(slice(None, None, -1)) if falling else mine
        part = mine.chosen(slice(options.skip, options.skip + top))
        made[row.id] = Page(part, told, f"{row.id}-{part.times[-1]}" if len(mine) == want and top else "")
    return made


def _checked(question: _Question, told: About) -> None:
    """What cannot be asked is refused, also where there is nothing to look at."""
    for node in question.rest:
        true_of(node, readings([], [], []), told)


def _order(options: Options) -> tuple[str, bool]:
    if not options.order:
        return "key", False
    by = options.order[0].by
    name = "/".join(by.names) if isinstance(by, Path) else "…"
    found = {"phenomenonTime": "time", "resultTime": "time", "result": "result", ID: "key", "id": "key"}.get(name)
    if found is None:
        raise Fault("order", name=name[:60], set="Observations", names=", ".join(("phenomenonTime", "result", ID)))
    return found, options.order[0].falling


def ranges(parts: Sequence[Node]) -> tuple[int, int, int | None]:
    """From which moment up to which the observations of a question lie at most, and of which stream alone, where it says so."""
    first, next_, stream = reading.EARLIEST, reading.LATEST, None
    for part in parts:
        if isinstance(part, Binary) and part.operator == "eq" and (key := _key_in(part)):
            stream, (first, next_) = key[0], (max(first, key[1]), min(next_, key[1] + 1))
        begins, ends = _range(part)
        first, next_ = max(first, begins), min(next_, ends)
    return first, next_, stream


def _key_in(part: Binary) -> tuple[int, int] | None:
    for own, other in ((part.left, part.right), (part.right, part.left)):
        if isinstance(own, Path) and own.names in ((ID,), ("id",)) and isinstance(other, Literal) and other.kind == TEXT:
            return key_of(other.value)
    return None


_TURNED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq"}


def _range(part: Node) -> tuple[int, int]:
    """The range of beginnings that one comparison of `phenomenonTime` leaves."""
    if isinstance(part, Binary) and part.operator in _TURNED:
        if _is_time(part.left) and (value := _moments(part.right)):
            return _bounds(part.operator, *value)
        if _is_time(part.right) and (value := _moments(part.left)):
            return _bounds(_TURNED[part.operator], *value)
    if isinstance(part, Call) and part.name in ("during", "before", "after") and _is_time(part.arguments[0]) and (value := _moments(part.arguments[1])):
        begin, end = value
        return {"during": (begin, end + 1), "before": (reading.EARLIEST, begin), "after": (end + 1, reading.LATEST)}[part.name]
    return reading.EARLIEST, reading.LATEST


def _is_time(node: Node) -> bool:
    return isinstance(node, Path) and node.names == ("phenomenonTime",)


def _moments(node: Node) -> tuple[int, int] | None:
    if not isinstance(node, Literal) or node.kind not in (MOMENT, INTERVAL, DAY):
        return None
    first, last = arrays._interval(arrays.Value(node.kind, *node.value) if node.kind == INTERVAL else arrays.Value(node.kind, node.value), node)
    return first, last


def _bounds(operator: str, begin: int, end: int) -> tuple[int, int]:
    return {
        "gt": (end + 1, reading.LATEST), "ge": (end, reading.LATEST), "lt": (reading.EARLIEST, begin), "le": (reading.EARLIEST, begin + 1), "eq": (begin, begin + 1),
    }[operator]  # fmt: skip


def _after(question: _Question, token: str) -> _Question:
    """The question without what pages before had."""
    if not token:
        return question
    key = key_of(token)
    if key is None:
        raise Fault("token")
    if question.by == "key":
        streams = tuple(number for number in question.streams if (number <= key[0] if question.falling else number >= key[0]))
        return dataclasses.replace(question, streams=streams, skip=0)
    # of one moment the streams go on by their numbers
    first, next_ = (question.first, min(question.next, key[1] + 1)) if question.falling else (max(question.first, key[1]), question.next)
    return dataclasses.replace(question, first=first, next=next_, skip=0)


def _taken(question: _Question, told: About, options: Options) -> Page:
    """As many as are wanted, chunk by chunk, and whether there are more."""
    after = key_of(options.after) if options.after else None
    want = question.skip + question.need + 1
    kept: list[Readings] = []
    count = looked_at = 0
    chunks = _by_key(question, after, want) if question.by == "key" else _by_time(question, want)
    for chunk in chunks:
        looked_at += len(chunk)
        found = chunk if after is None else chunk.chosen(_behind(chunk, after, question))
        for node in question.rest:
            found = found.chosen(true_of(node, found, told))
        kept.append(found)
        count += len(found)
        if count >= want:
            break
        if looked_at > MOST_LOOKED_AT:
            raise Fault("many", most=MOST_LOOKED_AT)
    rows = _joined(kept).chosen(slice(question.skip, question.skip + question.need))
    more = count >= want and question.need > 0
    return Page(rows, told, f"{rows.streams[-1]}-{rows.times[-1]}" if more else "")


def _joined(parts: Sequence[Readings]) -> Readings:
    if not parts:
        return readings([], [], [])
    return Readings(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in dataclasses.fields(Readings)))


def _behind(chunk: Readings, after: tuple[int, int], question: _Question) -> Any:
    """Which come after a key in the question's order."""
    stream, time = after
    if question.by == "key":
        if question.falling:
            return (chunk.streams < stream) | ((chunk.streams == stream) & (chunk.times < time))
        return (chunk.streams > stream) | ((chunk.streams == stream) & (chunk.times > time))
    if question.falling:
        return (chunk.times < time) | ((chunk.times == time) & (chunk.streams > stream))
    return (chunk.times > time) | ((chunk.times == time) & (chunk.streams > stream))


def _by_key(question: _Question, after: tuple[int, int] | None, want: int) -> Iterator[Readings]:
    """Stream by stream, each by time."""
    size = _size(question, want)
    for stream in reversed(question.streams) if question.falling else question.streams:
        first, next_ = question.first, question.next
        if after is not None and stream == after[0]:
            first, next_ = (first, min(next_, after[1])) if question.falling else (max(first, after[1] + 1), next_)
        while first < next_:
            found = reading.raw([stream], first, next_, size, question.falling)
            yield found.chosen(slice(None, None, -1)) if question.falling else found
            if len(found) < size:
                break
            first, next_ = (first, int(found.times[0])) if question.falling else (int(found.times[-1]) + 1, next_)
            size = min(2 * size, CHUNK)


def _size(question: _Question, want: int) -> int:
    return min(want if not question.rest else max(2 * want, 1000), CHUNK)


def _by_time(question: _Question, want: int) -> Iterator[Readings]:
    """All streams together, by time, and of one moment by the streams' numbers. Of each so many are read that what is given is whole up to a moment."""
    first, next_, falling = question.first, question.next, question.falling
    size = _size(question, want) if len(question.streams) == 1 else max(50, 2 * want // max(len(question.streams), 1))
    while first < next_ and question.streams:
        found = reading.raw(question.streams, first, next_, size, falling)
        numbers, begins, counts = np.unique(found.streams, return_index=True, return_counts=True)
        full = counts == size
        if full.any():
            edges = found.times[begins[full]] if falling else found.times[begins[full] + counts[full] - 1]
            edge = int(edges.max() if falling else edges.min())
            found = found.chosen(found.times >= edge if falling else found.times <= edge)
        order = np.lexsort((found.streams, -found.times if falling else found.times))
        yield found.chosen(order)
        if not full.any():
            return
        first, next_ = (first, edge) if falling else (edge + 1, next_)
        size = min(2 * size, max(CHUNK // len(numbers), 50))


def _all(question: _Question, told: About, most: int) -> Readings:
    """Every observation that is asked for. Raises Fault where they are more than may be looked at."""
    try:
        found = reading.raw_within(question.streams, question.first, question.next, most)
    except reading.TooManyError:
        raise Fault("many", most=most) from None
    for node in question.rest:
        found = found.chosen(true_of(node, found, told))
    return found


def _sorted(question: _Question, told: About, options: Options, count: int | None) -> Page:
    """By result: all are looked at, so there may not be too many; pages go by number then."""
    found = _all(question, told, MOST_SORTED)
    found = found.chosen(np.lexsort((found.streams, found.times, -found.results if question.falling else found.results)))
    end = question.skip + question.need
    return Page(found.chosen(slice(question.skip, end)), told, f"skip-{end}" if question.need and len(found) > end else "", count)


def _count(question: _Question, told: About) -> int:
    if any(not _only_a_range(node) for node in question.rest):
        return len(_all(question, told, MOST_LOOKED_AT))
    return counting.count(question.streams, question.first, question.next)


def _only_a_range(node: Node) -> bool:
    """Whether the range says all: of beginnings alone, as what ends later would."""
    if isinstance(node, Binary) and node.operator in ("gt", "ge"):
        return _is_time(node.left) and _moments(node.right) is not None
    return False


def one(seen: Seen, stream: int, time: int) -> tuple[Readings, About]:
    """One observation; none where it is not there or not for who asks."""
    numbers = [stream] if 0 <= stream < 2**31 else []
    kind = KINDS["Datastreams"]
    row = world.table(kind)
    rows = model.Session.query(row).filter(row.id.in_(numbers), seen.of(kind, row)).all() if numbers else []
    return (reading.raw([stream], time, time + 1) if rows else readings([], [], [])), about(seen, rows)
