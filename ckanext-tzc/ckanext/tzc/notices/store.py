"""The room's tables, in CKAN's own database."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.timezone.utc)


class Notice(tk.BaseModel):
    """What one account, or one address without an account, is told. `due` is when it is mailed, empty once it was or is not to be."""

    __tablename__ = "tzc_notices_notice"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    user_id = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="CASCADE"))
    address = sa.Column(sa.UnicodeText)
    kind = sa.Column(sa.UnicodeText, nullable=False)
    about = sa.Column(JSONB, nullable=False)
    content = sa.Column(JSONB, nullable=False)
    path = sa.Column(sa.UnicodeText, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    read = sa.Column(sa.DateTime(timezone=True))
    due = sa.Column(sa.DateTime(timezone=True))


class Wish(tk.BaseModel):
    """How an account wants to be mailed; who said nothing has no row."""

    __tablename__ = "tzc_notices_wish"

    user_id = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    mail = sa.Column(sa.UnicodeText, nullable=False)
    language = sa.Column(sa.UnicodeText, nullable=False)


class Webhook(tk.BaseModel):
    """Where a partner's program is called."""

    __tablename__ = "tzc_notices_webhook"

    partner_id = sa.Column(sa.UnicodeText, sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True)
    url = sa.Column(sa.UnicodeText, nullable=False)
    secret = sa.Column(sa.UnicodeText, nullable=False)
    since = sa.Column(sa.DateTime(timezone=True), nullable=False)


class Call(tk.BaseModel):
    """A call to a partner's program: waiting while it has a `due`, taken once it is `done`, given up with neither."""

    __tablename__ = "tzc_notices_call"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    partner_id = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_notices_webhook.partner_id", ondelete="CASCADE"), nullable=False)
    key = sa.Column(sa.UnicodeText, nullable=False, unique=True)
    kind = sa.Column(sa.UnicodeText, nullable=False)
    body = sa.Column(sa.UnicodeText, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    due = sa.Column(sa.DateTime(timezone=True))
    attempts = sa.Column(sa.Integer, nullable=False, server_default="0")
    done = sa.Column(sa.DateTime(timezone=True))
    error = sa.Column(sa.UnicodeText)


def unread(user_id: str) -> int:
    """How many notices an account has not read."""
    return int(model.Session.query(sa.func.count()).select_from(Notice).filter(Notice.user_id == user_id, Notice.read.is_(None)).scalar())


def notices(user_id: str, limit: int, offset: int) -> list[Notice]:
    """An account's notices, the newest first."""
    found: list[Notice] = model.Session.query(Notice).filter_by(user_id=user_id).order_by(Notice.id.desc()).offset(offset).limit(limit).all()
    return found


def count(user_id: str) -> int:
    """How many notices an account has."""
    return int(model.Session.query(sa.func.count()).select_from(Notice).filter(Notice.user_id == user_id).scalar())


def mark_read(user_id: str, ids: list[int] | None) -> int:
    """An account's notices are read: these, or all. How many were not yet."""
    chosen = [Notice.user_id == user_id, Notice.read.is_(None), *([Notice.id.in_(ids)] if ids is not None else [])]
    done: Any = model.Session.execute(sa.update(Notice).where(*chosen).values(read=now()))
    return int(done.rowcount)


def calls(partner_id: str, limit: int) -> list[Call]:
    """The last calls to a partner's program."""
    found: list[Call] = model.Session.query(Call).filter_by(partner_id=partner_id).order_by(Call.id.desc()).limit(limit).all()
    return found


def forget(days: int) -> int:
    """Remove notices and calls that are older; how many. What still waits to be sent stays."""
    removed, before = 0, now() - dt.timedelta(days=days)
    for table in (Notice, Call):
        done: Any = model.Session.execute(sa.delete(table).where(table.at < before, table.due.is_(None)))
        removed += int(done.rowcount)
    return removed
