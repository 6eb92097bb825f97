"""The room's tables, in CKAN's own database."""
from __future__ import annotations

from datetime import datetime, timezone

import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


def now() -> datetime:
    """UTC without zone, as CKAN's times are."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Mail(tk.BaseModel):
    """A mail that waits to be sent. It is removed when the mail server has taken it; `due` is empty once it was given up."""

    __tablename__ = "tzc_accounts_mail"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    recipient_name = sa.Column(sa.UnicodeText, nullable=False)
    recipient = sa.Column(sa.UnicodeText, nullable=False)
    subject = sa.Column(sa.UnicodeText, nullable=False)
    body = sa.Column(sa.UnicodeText, nullable=False)
    headers = sa.Column(JSONB, nullable=False)
    created = sa.Column(sa.DateTime, nullable=False)
    due = sa.Column(sa.DateTime, index=True)
    attempts = sa.Column(sa.Integer, nullable=False, server_default="0")
    error = sa.Column(sa.UnicodeText)


class Identity(tk.BaseModel):
    """Whom an OpenID Connect provider (`issuer`) means by `subject`."""

    __tablename__ = "tzc_accounts_identity"

    issuer = sa.Column(sa.UnicodeText, primary_key=True)
    subject = sa.Column(sa.UnicodeText, primary_key=True)
    user_id = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True)
    created = sa.Column(sa.DateTime, nullable=False)


class Link(tk.BaseModel):
    """A guest's link that has served, by its hash; forgotten when it would have ended anyway."""

    __tablename__ = "tzc_accounts_link"

    hash = sa.Column(sa.UnicodeText, primary_key=True)
    used = sa.Column(sa.DateTime, nullable=False, index=True)
