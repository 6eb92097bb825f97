"""Tables of what partners offer by themselves: invitations and links. Nothing here commits."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.model.types import make_uuid
from ckanext.tzc.common import duties
from sqlalchemy.dialects.postgresql import JSONB

from . import store

A_DAY = 50
"""Invitations and links that an account writes in 24 hours at most: each is a mail to somebody."""

OPEN, ACCEPTED, DECLINED, WITHDRAWN = "open", "accepted", "declined", "withdrawn"


def _text(required: bool = True) -> Any:
    return sa.Column(sa.UnicodeText, nullable=not required)


def _moment(required: bool = True) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=not required)


class Invitation(tk.BaseModel):
    """A right that a decider (`by`) offers to an account, or to whoever has an account with an address; `until`: when it can be accepted no more; `request`: what it became."""

    __tablename__ = "tzc_agreements_invitation"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    account = _text(required=False)
    email = _text(required=False)
    partner = _text()
    dataset = _text()
    files = sa.Column(JSONB, nullable=False, default=list)
    purpose = _text()
    words = _text()
    days = sa.Column(sa.Integer, nullable=False)
    by = _text()
    made = _moment()
    until = _moment()
    state = _text()
    ended = _moment(required=False)
    request = _text(required=False)

    def waits(self) -> bool:
        """Whether it can be accepted still."""
        return bool(self.state == OPEN and store.now() < self.until)


class Link(tk.BaseModel):
    """A link by which one recipient downloads a frozen file (`version`) `most` times until a moment; `left`: how often still."""

    __tablename__ = "tzc_agreements_link"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    hash = _text()
    version = _text()
    partner = _text()
    dataset = _text()
    file = _text()
    email = _text()
    by = _text()
    made = _moment()
    until = _moment()
    most = sa.Column(sa.Integer, nullable=False)
    left = sa.Column(sa.Integer, nullable=False)
    revoked = _moment(required=False)

    def opens(self) -> bool:
        """Whether it gives the file still, as far as it depends on the link."""
        return bool(self.revoked is None and self.left > 0 and store.now() < self.until)


def decides(user: Any, partner: str) -> bool:
    """Whether somebody gives the data of a partner: its deciders; an administrator where there is none."""
    holders = duties.holders(partner, duties.DECIDER)
    return user.id in holders or (not holders and bool(user.sysadmin))


def member(user: Any, partner: str) -> bool:
    """Whether an account has a partner's data anyway."""
    return bool(authz.has_user_permission_for_group_or_org(partner, user.name, "read"))


def too_many(user: Any) -> bool:
    """Whether somebody has written to very many today."""
    since = store.now() - timedelta(days=1)
    return sum(int(model.Session.query(table).filter(table.by == user.id, table.made > since).count()) for table in (Invitation, Link)) >= A_DAY


def one_at_a_time(user: Any) -> None:
    """Hold back what else this account writes until the transaction ends."""
    model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"tzc_agreements:{user.id}"})


def forget(before: datetime) -> None:
    """Remove links and invitations that ended before; the record of what was had by them is the audit's. One that became a request stays with it."""
    model.Session.query(Link).filter(sa.or_(Link.until < before, Link.revoked < before)).delete(synchronize_session=False)
    model.Session.query(Invitation).filter(Invitation.until < before, Invitation.state != ACCEPTED).delete(synchronize_session=False)
