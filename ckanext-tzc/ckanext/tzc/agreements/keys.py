"""The portal's keys: private ones are derived of its secret when they are needed and stored nowhere, public ones are kept for ever."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.exceptions import CkanConfigurationException
from joserfc.jwk import ECKey
from sqlalchemy.dialects.postgresql import insert

from tzc.agreements import signing

from . import store

SHORTEST = 32
"""Characters of a secret that is one."""


def _secret() -> str:
    secret: str = tk.config["tzc.agreements.signing_secret"]
    if len(secret) < SHORTEST:
        raise CkanConfigurationException(f"tzc.agreements.signing_secret is too short: give {SHORTEST} random characters or more, and keep them with every backup.")
    return secret


def _number() -> int:
    newest: Any = model.Session.query(store.Key.number).order_by(store.Key.number.desc()).first()
    return newest.number if newest else 1


def signing_key() -> ECKey:
    """The key that is signed with now; its public part is written down with the first signature. Does not commit."""
    return _kept(_number())


def rotate() -> str:
    """Sign with another key from now on; its `kid`. Does not commit."""
    return signing.kid(_kept(_number() + 1))


def _kept(number: int) -> ECKey:
    key = signing.key(_secret(), number)
    values = {"kid": signing.kid(key), "number": number, "public": signing.public(key), "since": store.now()}
    model.Session.execute(insert(store.Key.__table__).values(values).on_conflict_do_nothing())
    return key


def public() -> list[dict[str, Any]]:
    """All public keys, the one that is signed with now first. Writes nothing."""
    current = signing.public(signing.key(_secret(), _number()))
    rows = model.Session.query(store.Key).order_by(store.Key.number.desc(), store.Key.since.desc())
    return [current, *(row.public for row in rows if row.kid != current["kid"])]
