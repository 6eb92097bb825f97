"""What templates ask."""
from __future__ import annotations

import ckan.plugins.toolkit as tk
from flask import g

from . import store


def tzc_unread() -> int:
    """How many notices the signed-in reader has not read; asked once a page."""
    if "tzc_unread" not in g:
        g.tzc_unread = store.unread(tk.current_user.id) if tk.current_user.is_authenticated else 0
    found: int = g.tzc_unread
    return found
