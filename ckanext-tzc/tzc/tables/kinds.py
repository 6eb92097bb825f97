"""Which kind of values a column holds: decided from counts over the whole column, never from a sample."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from enum import Enum


class Kind(Enum):
    """The kind of a column's values; the value is PostgreSQL's type."""

    INTEGER = "integer"
    BIGINT = "bigint"
    DECIMAL = "numeric"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "bool"
    TEXT = "text"


class Form(Enum):
    """How the values are written; each has a regular expression (RE2's dialect, matched against the whole value)."""

    INTEGER = r"[+-]?(0|[1-9][0-9]{0,17})"
    DECIMAL_POINT = r"[+-]?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?"
    DECIMAL_COMMA = r"[+-]?(0|[1-9][0-9]{0,30})(,[0-9]{1,30})?"
    DATE_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    DATE_DAY_FIRST = r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
    TIME_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
    TIME_ZONED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
    TIME_DAY_FIRST = r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"
    OUI_NON = r"(?i)(oui|non)"
    VRAI_FAUX = r"(?i)(vrai|faux)"
    TRUE_FALSE = r"(?i)(true|false)"


MOMENTS = frozenset({Form.DATE_ISO, Form.DATE_DAY_FIRST, Form.TIME_ISO, Form.TIME_ZONED, Form.TIME_DAY_FIRST})
"""Forms where a value may look right and be none (31/02/2026): the counts hold only those that are real dates."""

SMALL = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Counts over one whole column.

    `filled`: values that are not empty. `forms`: how many of these are written in each form (dates: and are real dates).
    `largest`: the largest absolute value among the integers, 0 without any.
    """

    filled: int
    forms: Mapping[Form, int] = dataclasses.field(default_factory=dict)
    largest: int = 0


@dataclasses.dataclass(frozen=True)
class Decision:
    """The kind of a column, and the form its values are read from (None for text)."""

    kind: Kind
    form: Form | None = None


_ORDER = (
    (Form.DECIMAL_POINT, Kind.DECIMAL),
    (Form.DECIMAL_COMMA, Kind.DECIMAL),
    (Form.DATE_ISO, Kind.DATE),
    (Form.DATE_DAY_FIRST, Kind.DATE),
    (Form.TIME_ISO, Kind.TIMESTAMP),
    (Form.TIME_ZONED, Kind.TIMESTAMP),
    (Form.TIME_DAY_FIRST, Kind.TIMESTAMP),
    (Form.OUI_NON, Kind.BOOLEAN),
    (Form.VRAI_FAUX, Kind.BOOLEAN),
    (Form.TRUE_FALSE, Kind.BOOLEAN),
)


_CODES = frozenset({"code", "codes", "insee", "siret", "siren", "cp", "postal", "tel", "telephone", "téléphone", "phone"})


def is_code(name: str) -> bool:
    """Whether a column's name says that its digits are a code and no number: 17300 in one file is 01001 in another."""
    return not _CODES.isdisjoint(re.split(r"[^a-zà-ÿ]+", name.casefold()))


def decide(statistics: Statistics, name: str = "") -> Decision:
    """The kind that every filled value of the column has; text when there is none, or when nothing is filled.

    `name` is the column's: whole numbers in a column of codes stay text.

    A value with a leading zero is in no number's form, so one such value keeps its whole column text (INSEE codes,
    telephone numbers); so does one value such as `<15`.
    """
    if not statistics.filled:
        return Decision(Kind.TEXT)
    if statistics.forms.get(Form.INTEGER, 0) == statistics.filled:
        if is_code(name):
            return Decision(Kind.TEXT)
        return Decision(Kind.INTEGER if statistics.largest <= SMALL else Kind.BIGINT, Form.INTEGER)
    if statistics.forms.get(Form.DATE_ISO, 0) < statistics.filled and statistics.forms.get(Form.DATE_ISO, 0) + statistics.forms.get(Form.TIME_ISO, 0) == statistics.filled:
        # workbooks mix days and moments in one column
        return Decision(Kind.TIMESTAMP, Form.TIME_ISO)
    for form, kind in _ORDER:
        if statistics.forms.get(form, 0) == statistics.filled:
            return Decision(kind, form)
    return Decision(Kind.TEXT)
