"""What happened, told by the room that did it: audit and notices hear it in the same transaction, so that no fact is without its record and no record without its fact."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import ckan.plugins.toolkit as tk

_happened = tk.signals.ckanext.signal("tzc:happened")


@dataclasses.dataclass(frozen=True)
class Happening:
    """One fact. `kind`: room and verb (`request.granted`); `by`: the account's id, empty for a stranger and None for the portal itself; `about`: ids by what they are
    (`{"request": …, "dataset": …, "partner": …, "grant": …}`); `content`: what else is to be known, JSON; `tell`: ids of accounts whom it concerns;
    `path`: the page where they see it, `paths`: by account, where somebody sees it elsewhere; `mail`: addresses without an account, who are written to.
    """

    kind: str
    by: str | None
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tell: tuple[str, ...] = ()
    path: str = ""
    mail: tuple[str, ...] = ()
    paths: Mapping[str, str] = dataclasses.field(default_factory=dict)


Listener = Callable[[Happening], None]


def tell(happening: Happening) -> None:
    """In the transaction that did it, before its commit. A listener that fails makes the transaction fail: what cannot be recorded is not done."""
    _happened.send(happening)


def listen(listener: Listener) -> None:
    """Hear every happening; safe to call again."""
    _happened.connect(listener, weak=False)
