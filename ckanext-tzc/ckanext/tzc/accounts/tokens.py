"""API tokens that end."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ckan.lib.api_token as api_token
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number
from sqlalchemy import event

from .store import now

USUAL_DAYS = 90
CHOICES = (7, 30, 90, 180, 365)
"""Days that the page offers, as far as the portal allows them."""

KEY = "tzc_accounts"


def most() -> int:
    """Days a token may live."""
    return int(tk.config["tzc.accounts.token_days"])


def choices() -> list[int]:
    """Days that may be chosen."""
    return [days for days in CHOICES if days <= most()] or [most()]


def days_validator(value: Any) -> int:
    """A whole number of days, from 1 to the most."""
    days = (None if isinstance(value, bool) else whole_number(value, digits=9)) or 0
    if not 1 <= days <= most():
        raise tk.Invalid(tk._("A token lives between 1 and %d days; give a whole number.") % most())
    return days


OTHER_NAMES = ("expires_in", "expires_at", "unit")
"""How other programs name the end of a token: left aside, it would live for the usual days, and nobody be told."""


def no_other_end(value: Any) -> Any:
    """Refuse an end that is given otherwise."""
    raise tk.Invalid(tk._("Say in “days” after how many days the token ends, from 1 to %d.") % most())


USED_AGAIN = timedelta(minutes=1)
"""After which it is written down once more that a token is used: a program asks many times a second, and each time would write, one after the other."""


def listen() -> None:
    """Look at what is written of tokens; safe to call again."""
    if not event.contains(model.ApiToken.last_access, "set", _used):
        event.listen(model.ApiToken.last_access, "set", _used, retval=True, active_history=True)


def _used(_token: Any, moment: Any, before: Any, _initiator: Any) -> Any:
    return before if isinstance(before, datetime) and timedelta(0) <= moment - before < USED_AGAIN else moment


class Tokens:
    """What CKAN asks when a token is made and when it is used."""

    def create_api_token_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """One field more: `days`; what others call it is refused."""
        usual = tk.get_validator("default")(min(USUAL_DAYS, most()))
        others = {name: [tk.get_validator("ignore_missing"), no_other_end] for name in OTHER_NAMES}
        return {**schema, **others, "days": [usual, days_validator]}

    def postprocess_api_token(self, data: dict[str, Any], jti: str, data_dict: dict[str, Any]) -> dict[str, Any]:
        """Write the end into the token, which CKAN refuses from then on, and beside it for the list."""
        end = now() + timedelta(days=data_dict["days"])
        model.ApiToken.get(jti).set_extra(KEY, {"end": end.isoformat()}, commit=True)
        return {**data, "exp": api_token.into_seconds(end)}

    def decode_api_token(self, encoded: str, **options: Any) -> None:
        """As CKAN does it."""

    def encode_api_token(self, data: dict[str, Any], **options: Any) -> None:
        """As CKAN does it."""

    def preprocess_api_token(self, data: Any) -> Any:
        """As CKAN does it."""
        return data

    def add_extra_fields(self, data_dict: dict[str, Any]) -> dict[str, Any]:
        """Nothing besides."""
        return data_dict


def end_of(token: Any) -> str | None:
    """When a token of the list ends (ISO 8601, UTC); None for one made before tokens ended."""
    entity = model.ApiToken.get(token["id"] if isinstance(token, dict) else token.id)
    end = ((entity.plugin_extras if entity else None) or {}).get(KEY, {}).get("end")
    return str(end) if end else None
