"""From columns of texts, numbers and moments, as they were sent, to observations: by arrays, however many rows there are.

What Arrow can read as a whole is read as a whole. Where it cannot, the column is halved until what it cannot read is found: that alone is read row by row.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .. import faults, quality, times
from ..mapping import ISO, MICROSECONDS, MILLISECONDS, SECONDS
from ..mapping import Mapping as Written
from ..model import Stream
from ..readings import MOST_LISTED, Decoded, Floats, Ints, Rejected

FEW = 64
"""Rows that are read one by one rather than halved again."""

QUARTER = 900_000_000
"""Microseconds; clocks are put forward and back at quarters of an hour."""

HUGE = float(np.finfo(np.float64).max)
"""In place of a number that is larger than any."""

CODES = (*times.FAULTS, "stream", "no_result", "shape", "period", "quality")
FACTORS = {SECONDS: 1_000_000, MILLISECONDS: 1_000, MICROSECONDS: 1}
LATEST = 253_402_300_800_000_000
"""The year 10000, in microseconds."""

QUALITIES = {"": 0, "good": 0, "suspect": quality.SUSPECT, "bad": quality.SUSPECT, "estimated": quality.ESTIMATED}
"""What sources may say of a value."""

Shown = Callable[[int], str]


@dataclasses.dataclass(frozen=True)
class Given:
    """Columns as they were sent, one value a row. `rows`: their places in what came; `shown`: a row as it came, by its place in the columns."""

    streams: pa.Array
    times: pa.Array
    results: pa.Array
    seconds: pa.Array | None = None
    quality: pa.Array | None = None
    rows: NDArray[np.int32] | None = None
    shown: Shown | None = None


def decode(
    given: Given, written: Written, *, rejected: Sequence[Rejected] = (), left_out: int = 0, units: Mapping[str, str] | None = None,
    described: Mapping[str, Stream] | None = None, found: tuple[Ints, NDArray[np.int32], NDArray[np.int8]] | None = None,
) -> Decoded:  # fmt: skip
    """Observations of columns. `found`: times, seconds and codes, where they were read already."""
    names, index = _streams(given.streams)
    length = len(index)
    if found is None:
        moments, codes = read_times(given.times, written.zone, written.written, index)
        seconds = np.zeros(length, dtype=np.int32)
    else:
        moments, seconds, codes = found
    codes = codes.copy()
    codes[(codes == 0) & (index < 0)] = CODES.index("stream")
    results, words, said, missing = read_results(given.results, written.decimal)
    codes[(codes == 0) & missing] = CODES.index("no_result")
    if given.seconds is not None:
        seconds, wrong = _seconds(given.seconds)
        codes[(codes == 0) & wrong] = CODES.index("period")
    flags = np.zeros(length, dtype=np.int16)
    if given.quality is not None:
        flags, unknown = _flags(given.quality)
        codes[(codes == 0) & unknown] = CODES.index("quality")
    good = codes == 0
    rows = np.arange(length, dtype=np.int32) if given.rows is None else given.rows
    bad = np.flatnonzero(~good)
    shown = given.shown or _showing(given)
    more = [Rejected(int(rows[place]), CODES[codes[place]], {}, shown(place)) for place in bad[:MOST_LISTED].tolist()]
    return Decoded(
        names, index[good], moments[good], seconds[good], results[good], flags[good], rows[good],
        tuple(sorted((*rejected, *more), key=lambda row: row.row)[:MOST_LISTED]), left_out + max(0, len(rejected) + len(bad) - MOST_LISTED), units or {}, words,
        said[good] if len(words) else None, described or {},
    )  # fmt: skip


def _showing(given: Given) -> Shown:
    return lambda place: faults.shown(" ".join(str(column[place].as_py()) for column in (given.streams, given.times, given.results)))


def _streams(column: pa.Array) -> tuple[list[str], NDArray[np.int32]]:
    """The names, and each row's place in them; -1 where there is none."""
    text = column if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type) else _text(column)
    coded = text if pa.types.is_dictionary(text.type) else pc.dictionary_encode(text)
    index = pc.fill_null(pc.cast(coded.indices, pa.int64()), -1).to_numpy(zero_copy_only=False).astype(np.int32)  # some programs count without a sign
    names = [str(name).strip() if name is not None else "" for name in coded.dictionary.to_pylist()]
    empty = [place for place, name in enumerate(names) if not name]
    if empty:
        index[np.isin(index, empty)] = -1
    return names, index


def _text(column: pa.Array) -> pa.Array:
    """A column as texts; numbers as they are written whole."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        return pa.array([None if value is None else f"{value:.15g}" for value in column.to_pylist()], pa.string())
    try:
        return pc.cast(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise faults.BatchError("columns", columns=["stream"]) from error


# --- times ---------------------------------------------------------------------------------------------------------------------------------------------------


def read_times(column: pa.Array, zone: ZoneInfo | None, written: str = ISO, groups: NDArray[np.int32] | None = None) -> tuple[Ints, NDArray[np.int8]]:
    """Moments and for each why it is none (a place in `CODES`). `groups`: rows of one series, whose neighbours tell which of a repeated hour is meant."""
    kind = column.type
    groups = np.zeros(len(column), dtype=np.int32) if groups is None else groups
    if pa.types.is_dictionary(kind):
        return read_times(column.dictionary_decode(), zone, written, groups)
    if pa.types.is_timestamp(kind):
        column = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        return _placed(column, zone if kind.tz is None else None, kind.tz is not None, groups)
    if pa.types.is_date(kind):
        return _placed(pc.cast(column, pa.timestamp("us")), zone, False, groups)
    if pa.types.is_null(kind):
        return _nothing(len(column), "no_time")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _counted(pc.cast(column, pa.float64(), safe=False) if not pa.types.is_integer(kind) else column, written)
    if pa.types.is_large_string(kind):
        column = pc.cast(column, pa.string())
    if not pa.types.is_string(column.type):
        return _nothing(len(column), "time")
    if written in FACTORS:
        numbers, _words, _said, missing = read_results(column, "")
        found, codes = _counted(pa.array(numbers, from_pandas=True), written)
        codes[missing] = CODES.index("no_time")
        return found, codes
    if written != ISO:
        found, codes = _patterned(column, zone, written, groups)
        return found, codes
    return _iso(column, zone, groups)


def _nothing(length: int, code: str) -> tuple[Ints, NDArray[np.int8]]:
    return np.full(length, times.NO_TIME, dtype=np.int64), np.full(length, CODES.index(code), dtype=np.int8)


def _counted(column: pa.Array, written: str) -> tuple[Ints, NDArray[np.int8]]:
    """Moments that are numbers of seconds and the like since 1970."""
    if written not in FACTORS:
        return _nothing(len(column), "time")
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    factor = FACTORS[written]
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    within = np.isfinite(values) & (np.abs(values.astype(np.float64)) < LATEST / factor)
    kept = np.where(within, values, 0)
    found = kept.astype(np.int64) * factor if kept.dtype.kind in "iu" else np.rint(kept * factor).astype(np.int64)
    codes = np.where(missing, CODES.index("no_time"), np.where(within, 0, CODES.index("time"))).astype(np.int8)
    return np.where(codes == 0, found, times.NO_TIME), codes


def _placed(column: pa.Array, zone: ZoneInfo | None, utc: bool, groups: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int8]]:
    """Moments that Arrow has read; those without a zone are of the source's."""
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    values = pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = np.where(missing, CODES.index("no_time"), 0).astype(np.int8)
    if not utc:
        values, odd = local(values, zone, groups, ~missing)
        codes = np.where(codes == 0, odd, codes).astype(np.int8)
    return np.where(codes == 0, values, times.NO_TIME), codes


def _patterned(column: pa.Array, zone: ZoneInfo | None, pattern: str, groups: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int8]]:
    text = pc.utf8_trim_whitespace(column)
    empty = pc.fill_null(pc.equal(text, ""), True).to_numpy(zero_copy_only=False)
    found = pc.strptime(text, format=pattern, unit="us", error_is_null=True)
    values, codes = _placed(found, zone, "%z" in pattern, groups)
    return values, np.where(empty, CODES.index("no_time"), np.where(codes == CODES.index("no_time"), CODES.index("time"), codes)).astype(np.int8)


def _iso(column: pa.Array, zone: ZoneInfo | None, groups: NDArray[np.int32]) -> tuple[Ints, NDArray[np.int8]]:
    """Moments in ISO 8601. Those without a zone are placed at last, all together, as each may need the one before it."""
    length = len(column)
    found, codes = np.full(length, times.NO_TIME, dtype=np.int64), np.zeros(length, dtype=np.int8)
    naive = np.zeros(length, dtype=bool)

    def read(first: int, last: int) -> None:
        part = column.slice(first, last - first)
        for kind, is_naive in ((pa.timestamp("us", "UTC"), False), (pa.timestamp("us"), True)):
            try:
                values = pc.cast(part, kind)
            except pa.ArrowInvalid:
                continue
            missing = pc.is_null(values).to_numpy(zero_copy_only=False)
            found[first:last] = pc.fill_null(pc.cast(values, pa.int64()), 0).to_numpy(zero_copy_only=False)
            codes[first:last] = np.where(missing, CODES.index("no_time"), 0)
            naive[first:last] = is_naive & ~missing
            return
        if last - first > FEW:
            middle = (first + last) // 2
            read(first, middle)
            read(middle, last)
            return
        for place, text in enumerate(part.to_pylist(), first):
            found[place], naive[place], codes[place] = _one(text)

    if length:
        read(0, length)
    if naive.any():
        values, odd = local(found, zone, groups, naive)
        found, codes = np.where(naive, values, found), np.where(naive & (codes == 0), odd, codes).astype(np.int8)
    return np.where(codes == 0, found, times.NO_TIME), codes


_UTC = ZoneInfo("UTC")


def _one(text: str | None) -> tuple[int, bool, int]:
    """A moment, whether it has no zone, and why it is none."""
    time, code = times.moment(text)
    if code == "zone":
        return times.moment(text, _UTC)[0], True, 0
    return time, False, CODES.index(code)


def local(naive: Ints, zone: ZoneInfo | None, groups: NDArray[np.int32], which: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.int8]]:
    """Moments of what a zone's clock shows, as if it showed UTC; only `which`, the others may lend theirs to those of their group."""
    codes = np.zeros(len(naive), dtype=np.int8)
    if zone is None:
        codes[which] = CODES.index("zone")
        return naive, codes
    quarters, inverse = np.unique(naive[which] // QUARTER, return_inverse=True)
    shifts = np.array([_shift(int(quarter), zone) for quarter in quarters.tolist()], dtype=np.int64)
    found = naive.copy()
    shift = shifts[inverse]
    found[which] = naive[which] - np.where(np.abs(shift) < ODD, shift, 0)
    places = np.flatnonzero(which)[np.abs(shift) >= ODD]
    if len(places):
        _odd(naive, found, codes, zone, groups, places)
    return found, codes


ODD = np.int64(10**15)
"""In place of how far a clock is off where it shows an hour twice or never."""


def _shift(quarter: int, zone: ZoneInfo) -> int:
    try:
        clock = times.clock(quarter * QUARTER)
    except OverflowError:
        return 0
    first, code = times.local(clock, zone)
    return int(ODD) if code else quarter * QUARTER - first


def _odd(naive: Ints, found: Ints, codes: NDArray[np.int8], zone: ZoneInfo, groups: NDArray[np.int32], places: Ints) -> None:
    """The missing and the repeated hours, each by what came before it in its group."""
    order = np.argsort(groups, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    for place in places.tolist():
        before = rank[place] - 1
        while before >= 0 and codes[order[before]]:
            before -= 1
        known = before >= 0 and groups[order[before]] == groups[place]
        found[place], code = times.local(times.clock(int(naive[place])), zone, int(found[order[before]]) if known else times.NO_TIME)
        codes[place] = CODES.index(code)


# --- results -------------------------------------------------------------------------------------------------------------------------------------------------

Results = tuple[Floats, list[str], NDArray[np.int32], NDArray[np.bool_]]


def read_results(column: pa.Array, decimal: str = "") -> Results:
    """Numbers (not a number where there is a word or nothing), the words, each row's place in them (-1: a number), and where there is nothing."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return read_results(column.dictionary_decode(), decimal)
    length = len(column)
    numbers = np.full(length, -1, dtype=np.int32)
    if pa.types.is_null(kind):
        return np.full(length, np.nan), [], numbers, np.ones(length, dtype=bool)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(kind):
        return pc.fill_null(pc.cast(column, pa.uint8()), 0).to_numpy(zero_copy_only=False).astype(np.float64), [], numbers, missing
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
        return values, [], numbers, missing
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _written(column, decimal)
    raise faults.BatchError("columns", columns=["result"])


def _written(column: pa.Array, decimal: str) -> Results:
    text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    missing = pc.is_null(text).to_numpy(zero_copy_only=False)
    plain = text
    if decimal == ",":
        plain = pc.replace_substring(pc.replace_substring_regex(text, "[ \u00a0\u202f]", ""), ",", ".")
    values = np.full(len(column), np.nan)
    said = np.full(len(column), -1, dtype=np.int32)
    words: dict[str, int] = {}

    def read(first: int, last: int) -> None:
        part = plain.slice(first, last - first)
        try:
            values[first:last] = pc.fill_null(pc.cast(part, pa.float64()), np.nan).to_numpy(zero_copy_only=False)
            return
        except pa.ArrowInvalid:
            if last - first > FEW:
                middle = (first + last) // 2
                read(first, middle)
                read(middle, last)
                return
        for place, number in enumerate(part.to_pylist(), first):
            if number is not None:
                value = _number(number)
                if value is None:
                    said[place] = words.setdefault(text[place].as_py(), len(words))
                else:
                    values[place] = value

    if len(column):
        read(0, len(column))
    return values, list(words), said, missing


def _number(text: str) -> float | None:
    try:
        value = float(text) if "_" not in text else None
    except ValueError:
        return None
    if value is None:
        return None
    # what is larger than any number is told apart from what says that it is infinite
    return np.copysign(HUGE, value) if np.isinf(value) and any(sign.isdigit() for sign in text) else value


def of_objects(values: Sequence[Any]) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Results as JSON has them, as a column; and where they are lists or objects, which are none."""
    odd = np.zeros(len(values), dtype=bool)
    kinds = set(map(type, values))
    if kinds <= {float, int, bool, type(None)}:
        try:
            column = pa.array([None if value is None else float(value) for value in values], pa.float64())
        except OverflowError:
            column = pa.array([_plain(value) for value in values], pa.float64())
        return _bounded(column), odd
    if kinds <= {str, type(None)}:
        return _texts(values), odd
    odd = np.array([isinstance(value, (list, dict)) for value in values], dtype=bool)
    return _texts([None if value is None or isinstance(value, (list, dict)) else value if isinstance(value, str) else _as_written(value) for value in values]), odd


def _texts(values: Sequence[str | None]) -> pa.Array:
    """Texts; what is half of a pair of JSON's signs is no text, and is shown as one that could not be read."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return pa.array([None if value is None else value.encode("utf-8", "replace").decode() for value in values], pa.string())


def _bounded(column: pa.Array) -> pa.Array:
    values = column.to_numpy(zero_copy_only=False)
    return pa.array(np.clip(values, -HUGE, HUGE), mask=pc.is_null(column).to_numpy(zero_copy_only=False)) if np.isinf(values).any() else column


def _as_written(value: Any) -> str:
    """A number among words; what is too large for one is as large as can be."""
    number = _plain(value)
    return repr(number if number is None or not np.isinf(number) else np.copysign(HUGE, number).item())


def _plain(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(value)
    except OverflowError:
        return HUGE if value > 0 else -HUGE


def _seconds(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    values, _words, said, missing = read_results(column)
    wrong = (said >= 0) | (~missing & ~((values >= 0) & (values < 2**31) & (values == np.floor(values))))
    return np.where(wrong | missing, 0, values).astype(np.int32), wrong


def _flags(column: pa.Array) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """What a column says of the values' quality, and where it says what nobody knows: such a value is not taken for a good one."""
    coded = pc.dictionary_encode(_text(column))
    words = [str(word or "").strip().lower() for word in coded.dictionary.to_pylist()] + [""]
    bits = np.array([QUALITIES.get(word, 0) for word in words], dtype=np.int16)
    unknown = np.array([word not in QUALITIES for word in words], dtype=bool)
    index = pc.fill_null(coded.indices, len(words) - 1).to_numpy(zero_copy_only=False)
    return bits[index], unknown[index]
