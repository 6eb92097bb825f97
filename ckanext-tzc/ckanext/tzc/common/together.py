"""Datasets whose entries of the index are made together: what a room knows of one of them, it asks for all of them at once."""
from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class _Together:
    ids: frozenset[str]
    answers: dict[str, Mapping[str, Any]]


_OPEN: ContextVar[_Together | None] = ContextVar("tzc_together", default=None)


@contextlib.contextmanager
def together(ids: Sequence[str]) -> Iterator[None]:
    """These datasets, while their entries are made; nothing of them changes meanwhile."""
    token = _OPEN.set(_Together(frozenset(ids), {}))
    try:
        yield
    finally:
        _OPEN.reset(token)


def of_one(dataset: str, question: str, ask: Callable[[Sequence[str]], Mapping[str, Answer]]) -> Answer | None:
    """What `ask` says of a dataset; asked once for all of those that it belongs with. `question` tells what is asked from what else is."""
    open_ = _OPEN.get()
    if open_ is None or dataset not in open_.ids:
        return ask([dataset]).get(dataset)
    if question not in open_.answers:
        open_.answers[question] = ask(sorted(open_.ids))
    found: Answer | None = open_.answers[question].get(dataset)
    return found
