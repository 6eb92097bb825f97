"""An account for an e-mail address that was proven: a signed link is mailed, and nothing is stored before it is followed."""
from __future__ import annotations

import re
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib.munge import munge_name
from ckanext.tzc.common import mailing
from ckanext.tzc.common.territory import language
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from . import mail

HOURS = 24
EMAIL = re.compile(r"[^@\s,;<>\"']{1,64}@[^@\s,;<>\"'/]{1,190}\.[^@\s,;<>\"'./]{2,63}")


class LinkError(ValueError):
    """A link that leads nowhere; the message says what to do. `wanted`: the page that it led on to, where the link is one of ours."""

    def __init__(self, words: str, wanted: str = "") -> None:
        self.wanted = wanted
        super().__init__(words)


def is_open() -> bool:
    """Whether strangers may make an account here."""
    return bool(tk.config["tzc.accounts.sign_up"]) and mail.works()


def is_email(value: str) -> bool:
    """Whether a text looks like an address that mail can be sent to."""
    return bool(EMAIL.fullmatch(value))


def invite(email: str, wanted: str = "") -> None:
    """Mail the link; to somebody who has an account, that there is one. The reader of the page sees no difference. `wanted`: a page of ours to go on to."""
    existing = account_of(email)
    link = tk.h.url_for("tzc_accounts.complete", token=_signer().dumps([email, wanted]), qualified=True)
    reset = tk.h.url_for("user.request_reset", qualified=True)
    body = tk.render("emails/sign_up.txt", {"link": link, "reset": reset, "existing": existing, "hours": HOURS})
    mail.put("", email, tk._("Your account"), body)


def read(token: str) -> tuple[str, str]:
    """The address that a link proves, and the page that was wanted. Raises LinkError."""
    try:
        email, wanted = _parts(_signer().loads(token, max_age=HOURS * 3600))
    except SignatureExpired as error:
        raise LinkError(tk._("This link is more than a day old. Ask for a new one below."), _parts(_signer().load_payload(error.payload))[1]) from error
    except BadSignature as error:
        raise LinkError(tk._("This link is not complete. Open it from the mail again, or ask for a new one below.")) from error
    if account_of(email):
        raise LinkError(tk._("This address has its account already. Sign in, or ask for a new password."), wanted)
    return email, wanted


def _parts(signed: Any) -> tuple[str, str]:
    """What a link holds; those that were mailed before hold the address alone."""
    email, wanted = (signed, "") if isinstance(signed, str) else signed
    return str(email), str(wanted)


def account_of(email: str) -> Any:
    """The active account with an address, whatever its capitals; None when there is none."""
    wanted = sa.func.lower(model.User.email) == email.strip().lower()
    return model.Session.query(model.User).filter(wanted, model.User.state == model.State.ACTIVE).order_by(model.User.created).first()


def create(email: str, name: str, fullname: str, password: str, speaks: str = "") -> Any:
    """Make the account. `speaks`: the language of its mails, where it is not that of the page. Raises toolkit.ValidationError."""
    site_user = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    made = tk.get_action("user_create")({"user": site_user, "ignore_auth": True}, {"name": name, "fullname": fullname, "email": email, "password": password})
    user = model.User.get(made["id"])
    user.plugin_extras = {**(user.plugin_extras or {}), mailing.LANGUAGE: speaks or language()}
    model.Session.commit()
    return user


def free_name(wish: str) -> str:
    """A user name like `wish` that nobody has."""
    stem = munge_name(re.sub(r"[^\w.-]+", "-", wish) or "compte")[:80].strip("-_") or "compte"
    stem = stem if len(stem) > 1 else f"{stem}-1"
    name, number = stem, 1
    while model.User.get(name) is not None or authz.is_sysadmin(name):
        number += 1
        name = f"{stem}-{number}"
    return name


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(tk.config["SECRET_KEY"], salt="tzc-sign-up")
