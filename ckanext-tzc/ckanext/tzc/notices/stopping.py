"""The link of a mail that ends such mails, without signing in (RFC 8058): it serves for nothing else, and has no end."""
from __future__ import annotations

import ckan.plugins.toolkit as tk
from itsdangerous import BadSignature, URLSafeSerializer


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(tk.config["SECRET_KEY"], salt="tzc-notices-stop")


def token(user_id: str) -> str:
    """The end of the link, for an account."""
    made = _signer().dumps(user_id)
    return made if isinstance(made, str) else made.decode()


def account(token: str) -> str | None:
    """The id of the account that a link is for; None when it is none of ours."""
    try:
        found = _signer().loads(token)
    except BadSignature:
        return None
    return found if isinstance(found, str) else None
