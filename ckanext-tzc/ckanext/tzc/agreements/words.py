"""Agreements in the reader's words."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary

from . import offers, store


def state(code: str) -> str:
    """Where the right stands."""
    words = {
        store.LIVE: tk._("In force"),
        store.SUSPENDED: tk._("Right suspended"),
        store.REVOKED: tk._("Right revoked"),
        store.EXPIRED: tk._("Right at its end"),
        store.RENEWED: tk._("Right renewed"),
    }
    return str(words.get(code, code))


def purpose(code: str) -> str:
    """A purpose's name."""
    return next((text(entry["label"]) for entry in vocabulary("purpose") if entry["code"] == code), code)


def purpose_of(operand: Any) -> str:
    """The name of the purpose that an agreement states by its address; empty where the portal knows it no more."""
    uri = operand.get("uid") if isinstance(operand, dict) else operand
    return next((text(entry["label"]) for entry in vocabulary("purpose") if entry["uri"] == uri), "")


def invitation(code: str, waits: bool) -> str:
    """Where an invitation stands."""
    words = {
        offers.OPEN: tk._("Waits for an answer") if waits else tk._("Not answered in time"),
        offers.ACCEPTED: tk._("Accepted"),
        offers.DECLINED: tk._("Declined"),
        offers.WITHDRAWN: tk._("Withdrawn"),
    }
    return str(words.get(code, code))
