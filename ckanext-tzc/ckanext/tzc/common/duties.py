"""Who has which duty at a partner. The workflow room knows roles and pools; without it CKAN's own capacities count."""
from __future__ import annotations

from collections.abc import Callable, Collection

import ckan.model as model
import ckan.plugins.toolkit as tk

CONTRIBUTOR, STEWARD, LEGAL, OFFICER, DECIDER = DUTIES = ("contributor", "steward", "legal", "officer", "decider")
"""Writes; publishes; reviews licences; is the data protection officer; decides on requests."""

_CAPACITIES = {CONTRIBUTOR: ("editor", "admin")}
"""CKAN's capacities that count for a duty while no role was given to anybody; an administrator of the partner has all others."""

Holders = Callable[[str, str], frozenset[str]]
HoldersOfMany = Callable[[Collection[str], str], dict[str, frozenset[str]]]


def by_capacity(partner: str, duty: str) -> frozenset[str]:
    """Ids of the accounts that have a duty at a partner (its id), by their capacity in CKAN. The portal's own account, which makes partners, is nobody."""
    return by_capacities([partner], duty)[partner]


def by_capacities(partners: Collection[str], duty: str) -> dict[str, frozenset[str]]:
    """The same for many partners, in one question."""
    rows = (
        model.Session.query(model.Member.group_id, model.Member.table_id)
        .join(model.User, model.User.id == model.Member.table_id)
        .filter(model.Member.group_id.in_(partners), model.Member.table_name == "user", model.Member.state == "active", model.User.state == "active")
        .filter(model.User.name != tk.config["ckan.site_id"], model.Member.capacity.in_(_CAPACITIES.get(duty, ("admin",))))
    )
    found: dict[str, set[str]] = {partner: set() for partner in partners}
    for partner, user in rows:
        found[partner].add(user)
    return {partner: frozenset(users) for partner, users in found.items()}


def administrator_accounts() -> list[model.User]:
    """The portal's active administrators; its own account, in whose name jobs run, is nobody."""
    found: list[model.User] = model.Session.query(model.User).filter_by(sysadmin=True, state="active").filter(model.User.name != tk.config["ckan.site_id"]).all()
    return found


def administrators() -> frozenset[str]:
    """Their ids."""
    return frozenset(user.id for user in administrator_accounts())


_answer: list[Holders] = [by_capacity]
_many: list[HoldersOfMany] = [by_capacities]


def holders(partner: str, duty: str) -> frozenset[str]:
    """Ids of the active accounts that have a duty at a partner (its id)."""
    return _answer[-1](partner, duty)


def holders_of(partners: Collection[str], duty: str) -> dict[str, frozenset[str]]:
    """The same for many partners; who answers can do so in a few questions to the database, however many there are."""
    return _many[-1](partners, duty) if _many else {partner: holders(partner, duty) for partner in partners}


def has(user: str, partner: str, duty: str) -> bool:
    """Whether an account (its id) has a duty at a partner."""
    return user in holders(partner, duty)


def answered_by(function: Holders, many: HoldersOfMany | None = None) -> None:
    """Let a room answer instead, about many partners at once too where it can; safe to call again."""
    _answer[:] = [by_capacity, function]
    _many[:] = [many] if many else []
