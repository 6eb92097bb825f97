"""Why a row or a whole batch is not taken: codes, which pages and answers put into words."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROWS = {
    "no_result": "there is no result",
    "not_a_number": "the result is no finite number",
    "too_big": "the result is larger than any measurement",
    "no_time": "there is no time",
    "time": "the time cannot be read",
    "zone": "the time has no zone and the source's is not known",
    "missing_hour": "this time does not exist: the clock was put forward",
    "doubled_hour": "this time exists twice: the clock was put back, and the row does not say which is meant",
    "clock": "the time is more than a day ahead, or before 1970",
    "period": "the period is no period",
    "quality": "what is said of its quality is not known",
    "forgotten": "values of that time are no longer kept",
    "stream": "there is no such stream",
    "unit": "the unit cannot become the stream's",
    "shape": "the row is not what was agreed",
    "words": "the stream has said so many different words that it says none",
    "quantity": "this quantity is not taken",
    "negative": "a consumption is not below nothing",
}
"""Codes of rejected rows."""

BATCHES = {
    "broken": "the content cannot be read",
    "too_many_bytes": "the content is too large",
    "too_many_rows": "there are too many rows",
    "columns": "columns are missing",
    "kind": "content of this kind is not taken",
    "empty": "there is nothing in it",
    "unexpected": "the source says something else than agreed",
    "several_meters": "it is of several meters",
    "other_meter": "it is of another meter",
}
"""Codes of batches of which nothing is taken."""


class BatchError(Exception):
    """Nothing of a batch can be taken. `code`: one of `BATCHES`; `parameters`: what the words need; `cut`: it ends too early."""

    def __init__(self, code: str, **parameters: Any) -> None:
        self.code, self.parameters = code, parameters
        super().__init__(f"{BATCHES[code]} {parameters or ''}".strip())


def shown(value: object, most: int = 120) -> str:
    """A row as it came, for who must find it."""
    text = value if isinstance(value, str) else repr(value)
    # the database takes neither of these
    text = text[: most + 1].replace("\0", "␀").encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"


Parameters = Mapping[str, Any]
