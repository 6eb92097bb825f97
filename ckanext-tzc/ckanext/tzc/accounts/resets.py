"""Links to a new password, which mails hold: they end. CKAN's never do."""
from __future__ import annotations

import time
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk


def date_keys() -> None:
    """Write into each key when it was made; CKAN keeps the key and compares it as a whole, so nobody can change the time. Safe to call again."""
    from ckan.lib import mailer

    plain = getattr(mailer.make_key, "plain", mailer.make_key)

    def make_key() -> str:
        return f"{plain()}-{int(time.time()):x}"

    make_key.plain = plain  # type: ignore[attr-defined]  # -- the mark that it is done
    mailer.make_key = make_key


def has_ended(user: Any) -> bool:
    """Whether the key that an account has is too old: made before keys had a time, or longer ago than the portal allows."""
    _, _, made = str(user.reset_key or "").partition("-")
    invited = user.state == model.State.PENDING
    seconds = tk.config["tzc.accounts.invitation_days"] * 86_400 if invited else tk.config["tzc.accounts.reset_hours"] * 3600
    return not made or int(made, 16) + seconds < time.time()
