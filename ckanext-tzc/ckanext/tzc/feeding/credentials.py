"""Partners' credentials: sealed when they are given, opened for their own host only, never shown. Nothing here commits."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.exceptions import CkanConfigurationException
from ckanext.tzc.common import sealed as others
from ckanext.tzc.common.credentials import CredentialError

from tzc.feeding import definition, sealing
from tzc.feeding.faults import FeedError

from . import store

OTHERS = "another room"
"""Stands with what is sealed for others, so that none of it passes for a partner's credential."""

SHORTEST = 32
"""Characters of a secret that is one."""


def _secret() -> str:
    secret: str = tk.config["tzc.feeding.secret"]
    if len(secret) < SHORTEST:
        raise CkanConfigurationException(f"tzc.feeding.secret is too short: give {SHORTEST} random characters or more, and keep them with every backup.")
    return secret


def _number() -> int:
    return int(model.Session.query(sa.func.max(store.Credential.number)).scalar() or 1)


def put(partner: str, name: str, kind: str, host: str, values: dict[str, str], by: str) -> store.Credential:
    """Keep a credential; one of this name is replaced."""
    number = _number()
    sealed = sealing.seal(_secret(), number, values, partner, name, host)
    made = store.Credential(partner=partner, name=name, kind=kind, host=host, sealed=sealed, number=number, by=by, made=store.now())
    return model.Session.merge(made)  # type: ignore[no-any-return] -- CKAN has no types here


def find(partner: str, name: str) -> Any:
    """A partner's credential, or None."""
    return model.Session.get(store.Credential, (partner, name))


def opened(feed: store.Feed) -> tuple[str, dict[str, str]]:
    """The kind and the values of the credential that a feed shows; nothing where it shows none. Raises FeedError, also where it is of another host."""
    wanted = feed.wanted
    if not wanted.credential:
        return "", {}
    row = find(feed.partner, wanted.credential)
    if row is None or row.host != wanted.host or row.kind not in definition.CREDENTIALS[wanted.kind]:
        raise FeedError("credential", name=wanted.credential, host=wanted.host)
    try:
        return row.kind, sealing.unseal(_secret(), row.number, bytes(row.sealed), row.partner, row.name, row.host)
    except sealing.SealError as error:
        raise FeedError("sealed", name=wanted.credential) from error


def known_to_others(partner: str, name: str) -> tuple[str, str] | None:
    """See `common.credentials.known`."""
    row = find(partner, name) if "\0" not in name else None
    return (row.kind, row.host) if row is not None else None


def opened_for_others(partner: str, name: str, host: str, kinds: Collection[str]) -> tuple[str, Mapping[str, str]]:
    """See `common.credentials.opened`."""
    row = find(partner, name)
    if row is None or row.kind not in kinds or (host and row.host != host):
        raise CredentialError("credential")
    try:
        return row.kind, sealing.unseal(_secret(), row.number, bytes(row.sealed), row.partner, row.name, row.host)
    except sealing.SealError as error:
        raise CredentialError("sealed") from error


def rotate(former: str = "") -> tuple[int, list[str]]:
    """Seal all with the next key; what only the `former` secret opens, too. How many, and the names of those that nothing opens."""
    number, lost, count = _number() + 1, [], 0
    for row in model.Session.query(store.Credential).with_for_update():
        values = _opened_by(row, [secret for secret in (_secret(), former) if secret])
        if values is None:
            lost.append(f"{row.partner} {row.name}")
            continue
        row.sealed, row.number = sealing.seal(_secret(), number, values, row.partner, row.name, row.host), number
        count += 1
    for keeper in others.keepers:
        more, gone = keeper(lambda content, owner: _anew(content, owner, former, number))
        count, lost = count + more, lost + gone
    return count, lost


NUMBER = 4
"""Bytes before what is sealed for another room: the number of its key."""


def seal_for(values: Mapping[str, str], owner: tuple[str, ...], number: int = 0) -> bytes:
    """Values of another room (`common.sealed`), with the key that is used now or the one of a number."""
    number = number or _number()
    return number.to_bytes(NUMBER, "big") + sealing.seal(_secret(), number, values, OTHERS, *owner)


def open_for(content: bytes, owner: tuple[str, ...], former: str = "") -> dict[str, str]:
    """The values. Raises SealedError."""
    for secret in (_secret(), former):
        if secret:
            with suppress(sealing.SealError):
                return sealing.unseal(secret, int.from_bytes(content[:NUMBER], "big"), content[NUMBER:], OTHERS, *owner)
    raise others.SealedError("sealed with another secret, or changed")


def _anew(content: bytes, owner: tuple[str, ...], former: str, number: int) -> bytes | None:
    try:
        return seal_for(open_for(content, owner, former), owner, number)
    except others.SealedError:
        return None


def _opened_by(row: Any, secrets: list[str]) -> dict[str, str] | None:
    for secret in secrets:
        try:
            return sealing.unseal(secret, row.number, bytes(row.sealed), row.partner, row.name, row.host)
        except sealing.SealError:
            continue
    return None
