"""Guests: an account without a password, which a link opens that goes to its address of e-mail. The link holds for an hour and serves once.

A guest is known by the account, as everybody is. Once the account has a password (by “I forgot my password”), another way to sign in, or a place at a partner, links open it no
more: whoever reads a mailbox must not thereby publish or decide.
"""
from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import mailing
from ckanext.tzc.common.territory import language
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.dialects.postgresql import insert

from . import mail, sign_up
from .sign_up import LinkError
from .store import Identity, Link, now

MINUTES = 60
MARK = "tzc_guest"
"""In `plugin_extras` of the account."""


def is_open() -> bool:
    """Whether somebody may be a guest here."""
    return bool(tk.config["tzc.accounts.guests"]) and mail.works()


def is_guest(user: Any) -> bool:
    """Whether a link may open this account."""
    if user is None or user.state != model.State.ACTIVE or user.sysadmin or user.password or not (user.plugin_extras or {}).get(MARK):
        return False
    belongs = model.Session.query(model.Member.id).filter_by(table_id=user.id, table_name="user", state="active").first()
    return belongs is None and model.Session.query(Identity).filter_by(user_id=user.id).first() is None


def invite(email: str, wanted: str) -> None:
    """Mail the link; to somebody who has another account, that there is one. The reader of the page sees no difference. `wanted`: a page of ours."""
    account = sign_up.account_of(email)
    existing = account is not None and not is_guest(account)
    link = tk.h.url_for("tzc_guests.enter", token=_signer().dumps([email, wanted, secrets.token_urlsafe(12)]), qualified=True)
    login = tk.h.url_for("user.login", came_from=wanted or None, qualified=True)
    body = tk.render("emails/guest.txt", {"link": link, "login": login, "reset": tk.h.url_for("user.request_reset", qualified=True), "existing": existing, "minutes": MINUTES})
    mail.put("", email, tk._("Your link to the portal"), body)


def read(token: str) -> tuple[str, str]:
    """The address that a link proves, and the page that was wanted. Raises LinkError."""
    try:
        email, wanted, _nonce = _signer().loads(token, max_age=MINUTES * 60)
    except SignatureExpired as error:
        raise LinkError(tk._("This link is more than an hour old. Ask for a new one below."), str(_signer().load_payload(error.payload)[1])) from error
    except (BadSignature, ValueError, TypeError) as error:
        raise LinkError(tk._("This link is not complete. Open it from the mail again, or ask for a new one below.")) from error
    if model.Session.get(Link, _hash(token)):
        raise LinkError(tk._("This link has served already. Ask for a new one below."), str(wanted))
    account = sign_up.account_of(email)
    if account is not None and not is_guest(account):
        raise LinkError(tk._("This address has its account already. Sign in, or ask for a new password."), str(wanted))
    return str(email), str(wanted)


def named(email: str) -> str:
    """The name of the guest that an address has already; empty where there is none."""
    account = sign_up.account_of(email)
    return str(account.fullname or "") if account else ""


def enter(token: str, fullname: str) -> tuple[Any, str]:
    """Use the link: the guest's account, made when there is none, and the page that was wanted. Commits. Raises LinkError."""
    email, _wanted = read(token)
    model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"tzc_guest:{email}"})
    # whoever waited for the lock reads what the other one did
    model.Session.expire_all()
    email, wanted = read(token)
    model.Session.execute(sa.delete(Link.__table__).where(Link.__table__.c.used < now() - timedelta(minutes=2 * MINUTES)))
    model.Session.execute(insert(Link.__table__).values(hash=_hash(token), used=now()))
    user = sign_up.account_of(email)
    if user is None:
        extras = {MARK: now().isoformat(), mailing.LANGUAGE: language()}
        user = model.User(name=sign_up.free_name(f"invite-{secrets.token_hex(4)}"), fullname=fullname, email=email, plugin_extras=extras)
        model.Session.add(user)
    model.Session.commit()
    return user, wanted


def address(account: str) -> str:
    """The proven address of a guest (an account's id); empty for who is none."""
    user = model.Session.get(model.User, account)
    return str(user.email) if is_guest(user) else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(tk.config["SECRET_KEY"], salt="tzc-guest")
