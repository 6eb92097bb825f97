"""What of a request was changed when it was completed, in words."""
from __future__ import annotations

from collections.abc import Callable, Iterable

DATA = "data"
"""Datasets, files or columns."""


def named(fields: Iterable[str], _: Callable[[str], str]) -> str:
    """Fields of a request by their names on its page."""
    names = {
        DATA: _("Data"), "purpose": _("Purpose"), "words": _("What you want to do"), "project": _("Project"), "organisation": _("Organisation"), "days": _("For how long"),
        "team": _("With whom"),
    }  # fmt: skip
    return ", ".join(names[field] for field in names if field in set(fields))
