"""Agreements in the reader's words."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

from . import store


def state(code: str) -> str:
    """Where the right stands."""
    words = {
        store.LIVE: tk._("In force"),
        store.SUSPENDED: tk._("Suspended"),
        store.REVOKED: tk._("Revoked"),
        store.EXPIRED: tk._("At its end"),
        store.RENEWED: tk._("Renewed"),
    }
    return str(words.get(code, code))
