"""What the room's templates ask."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from . import guests, mail, oidc, sign_up, tokens


def tzc_sign_up_open() -> bool:
    """Whether strangers may make an account."""
    return sign_up.is_open()


def tzc_mail_works() -> bool:
    """Whether the portal can send mail."""
    return mail.works()


def tzc_oidc_name() -> str:
    """What the sign-in page calls the OpenID Connect provider; empty when there is none."""
    return str(tk.config["tzc.oidc.name"]) if oidc.is_set() else ""


def tzc_reset_hours() -> int:
    """Hours for which a link to a new password serves."""
    hours: int = tk.config["tzc.accounts.reset_hours"]
    return hours


def tzc_invitation_days() -> int:
    """Days for which the link of an invitation serves."""
    days: int = tk.config["tzc.accounts.invitation_days"]
    return days


def tzc_token_days() -> list[int]:
    """Days that an API token may live, to choose from."""
    return tokens.choices()


def tzc_token_end(token: Any) -> str | None:
    """When an API token ends."""
    return tokens.end_of(token)


def tzc_guests_open() -> bool:
    """Whether somebody may come in by a link to an address of e-mail."""
    return guests.is_open()


def tzc_guest_address(account: str) -> str:
    """The proven address of a guest (an account's id); empty for who has a password."""
    return guests.address(account)
