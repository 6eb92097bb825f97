"""Who decides in whose place at a partner: the table, and who has a duty by it now. Nothing here commits."""
from __future__ import annotations

from collections.abc import Collection

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import duties

from tzc.workflow.duties import Term

from . import store

DELEGATED = (duties.DECIDER,)
"""Duties that are delegated; the others are given with days."""


class Delegation(tk.BaseModel):
    """`to_id` decides for `from_id`; `ended_at`: it was ended before its end."""

    __tablename__ = "tzc_workflow_delegation"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    partner_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    duty = sa.Column(sa.UnicodeText, nullable=False)
    from_id = sa.Column(sa.UnicodeText, nullable=False)
    to_id = sa.Column(sa.UnicodeText, nullable=False)
    begins = sa.Column(sa.DateTime(timezone=True), nullable=False)
    ends = sa.Column(sa.DateTime(timezone=True), nullable=False)
    made_by = sa.Column(sa.UnicodeText, nullable=False)
    made_at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    ended_by = sa.Column(sa.UnicodeText)
    ended_at = sa.Column(sa.DateTime(timezone=True))

    @property
    def term(self) -> Term:
        """From when to when."""
        return Term(self.begins, self.ends)


def standing(partner: str) -> list[Delegation]:
    """Those of a partner that are still to come or hold now, the first to begin first."""
    query = model.Session.query(Delegation).filter(Delegation.partner_id == partner, Delegation.ended_at.is_(None), Delegation.ends > store.now())
    found: list[Delegation] = query.order_by(Delegation.begins, Delegation.id).all()
    return found


def standing_of(partners: Collection[str]) -> dict[str, list[Delegation]]:
    """The same of many partners: one query."""
    query = model.Session.query(Delegation).filter(Delegation.partner_id.in_(partners), Delegation.ended_at.is_(None), Delegation.ends > store.now())
    found: dict[str, list[Delegation]] = {partner: [] for partner in partners}
    for row in query.order_by(Delegation.begins, Delegation.id):
        found[row.partner_id].append(row)
    return found


def now(partner: str, duty: str, own: Collection[str], rows: list[Delegation] | None = None) -> dict[str, frozenset[str]]:
    """Who has a duty by delegation alone, and of whom, where `own` have it themselves. Active accounts only. `rows`: the partner's, where they are known."""
    if duty not in DELEGATED:
        return {}
    moment, found = store.now(), {}
    for row in standing(partner) if rows is None else rows:
        if row.duty == duty and row.term.holds(moment) and row.from_id in own and row.to_id not in own:
            found.setdefault(row.to_id, set()).add(row.from_id)
    active = {user for (user,) in model.Session.query(model.User.id).filter(model.User.id.in_(found), model.User.state == "active")} if found else set()
    return {user: frozenset(of) for user, of in found.items() if user in active}
