"""People whom only an address of e-mail names: who was given a link or invited, and guests, whose account has it."""
from __future__ import annotations

import re
from typing import Any

import ckan.model as model
import sqlalchemy as sa

from . import store

VALUES = sa.text("EXISTS (SELECT FROM jsonb_path_query(tzc_audit_content.content::jsonb, '$.**') AS value WHERE jsonb_typeof(value) = 'string' AND value #>> '{}' ~* :tzc_address)")


def is_one(value: str) -> bool:
    """Whether a person is named by an address: no account's name has an @."""
    return "@" in value


def holding(address: str) -> Any:
    """The condition of entries that hold an address, whole and whatever its capitals, or concern an account that has or had it."""
    address = address.strip()
    # not the end of a longer address, nor the beginning of one
    found = rf"(^|[^\w.+%-]){re.escape(address)}($|[^\w.-]|\.($|\s))"
    accounts = [account for (account,) in model.Session.query(model.User.id).filter(sa.func.lower(model.User.email) == address.lower())]
    return sa.or_(VALUES.bindparams(tzc_address=found), *([store.Entry.persons.overlap(accounts)] if accounts else []))
