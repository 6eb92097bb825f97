"""The end of each way to sign in: a new session, and on to where the reader wanted to go."""
from __future__ import annotations

import re
from typing import Any

import ckan.plugins.toolkit as tk
from ckan.views.user import next_page_or_default, regenerate_session, rotate_token
from flask import Response, session

from . import oidc

OWN = re.compile(r"/(?![/\\])[^\s\\]*")
"""An address of this portal, without the host."""


def own(address: str) -> str:
    """The address, when it is one of this portal; else nothing."""
    return address if OWN.fullmatch(address) else ""


def signed_in(user: Any, wanted: str | None) -> Response:
    """Sign somebody in."""
    kept = session.get(oidc.ID_TOKEN)
    regenerate_session()
    tk.login_user(user)
    if kept:
        session[oidc.ID_TOKEN] = kept
    rotate_token()
    answer: Response = next_page_or_default(wanted)
    return answer
