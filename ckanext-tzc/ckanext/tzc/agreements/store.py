"""The room's tables, in CKAN's own database (migrations `tzc_agreements_…`). Moments are UTC. Nothing here commits."""
from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import grants
from sqlalchemy.dialects.postgresql import JSONB

from tzc.rights import policy

LIVE, SUSPENDED, REVOKED, EXPIRED, RENEWED = "live", "suspended", "revoked", "expired", "renewed"
THERE = (LIVE, SUSPENDED)
"""States of a right that has not come to its end."""


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def _text(required: bool = True) -> Any:
    return sa.Column(sa.UnicodeText, nullable=not required)


def _moment(required: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=not required)


class Agreement(tk.BaseModel):
    """What was agreed when a right (`grant`) was given; given anew after an appeal, it is another version. `files`: ids, none for all; `columns`: by a file's id, where not all;
    `state`: of the right, as its room told; `document`: the bytes that were signed, as text; `signature`: a detached JWS; `attested…`: that the copies were destroyed, as said by
    whom in which words; `told`: which reminders went out.
    """

    __tablename__ = "tzc_agreements_agreement"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    grant = _text()
    version = sa.Column(sa.Integer, nullable=False)
    part = _text()
    request = _text()
    partner = _text()
    account = _text()
    requester = _text()
    dataset = _text()
    files = sa.Column(JSONB, nullable=False, default=list)
    columns = sa.Column(JSONB, nullable=False, default=dict)
    begins = _moment(required=True)
    ends = _moment(required=True)
    made = _moment(required=True)
    state = _text()
    ended = _moment()
    document = _text()
    signature = _text()
    kid = _text()
    sha256 = _text()
    attested = _moment()
    attested_by = _text(required=False)
    attested_words = _text(required=False)
    told = sa.Column(JSONB, nullable=False, default=list)

    def over(self, at: datetime) -> bool:
        """Whether the right has come to its end for good, so that the copies are to be destroyed: one that was renewed goes on."""
        return bool(self.state in (REVOKED, EXPIRED) or (self.state in THERE and self._until(at) <= at))

    def open(self, at: datetime) -> bool:
        """Whether the right is there at that moment, as far as this room was told."""
        return bool(self.state == LIVE and self.begins <= at < self._until(at))

    def _until(self, at: datetime) -> datetime:
        """When it ends; past the end that was agreed, a renewal may keep it."""
        return self.ends if at < self.ends else policy.until(self.ends, grants.kept(self.grant))


class Key(tk.BaseModel):
    """A public key that agreements were signed with since a moment; none is ever removed, or what it signed could not be checked."""

    __tablename__ = "tzc_agreements_key"

    kid = sa.Column(sa.UnicodeText, primary_key=True)
    number = sa.Column(sa.Integer, nullable=False)
    public = sa.Column(JSONB, nullable=False)
    since = _moment(required=True)


class Version(tk.BaseModel):
    """A file as it was when it was frozen, known by `id` to whoever cites it. `name`: of the download; `kind`: media type; `gone`: when its bytes were removed."""

    __tablename__ = "tzc_agreements_version"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    file = _text()
    dataset = _text()
    partner = _text()
    sha256 = _text()
    size = sa.Column(sa.BigInteger, nullable=False)
    name = _text()
    kind = _text(required=False)
    made = _moment(required=True)
    gone = _moment()


class Frozen(tk.BaseModel):
    """Which version of a file the holder of a right has: the same one until the right's end."""

    __tablename__ = "tzc_agreements_frozen"

    grant = sa.Column(sa.UnicodeText, primary_key=True)
    file = sa.Column(sa.UnicodeText, primary_key=True)
    version = _text()


class Token(tk.BaseModel):
    """The token of a right, by its hash; a new one takes its place."""

    __tablename__ = "tzc_agreements_token"

    grant = sa.Column(sa.UnicodeText, primary_key=True)
    hash = _text()
    made = _moment(required=True)
    used = _moment()


def latest(grant: str) -> Agreement | None:
    """The agreement in force of a right."""
    found: Agreement | None = model.Session.query(Agreement).filter_by(grant=grant).order_by(Agreement.version.desc()).first()
    return found


def version(grant: str, number: int) -> Agreement | None:
    """An earlier one."""
    found: Agreement | None = model.Session.query(Agreement).filter_by(grant=grant, version=number).one_or_none()
    return found


def attested_before(grant: str, number: int) -> list[Agreement]:
    """Earlier versions after whose end it was attested that the copies were destroyed: the right was given anew since."""
    query = model.Session.query(Agreement).filter(Agreement.grant == grant, Agreement.version < number, Agreement.attested.isnot(None))
    found: list[Agreement] = query.order_by(Agreement.version).all()
    return found


def frozen(grant: str) -> list[Version]:
    """The versions that the holder of a right has."""
    query = model.Session.query(Version).join(Frozen, Frozen.version == Version.id).filter(Frozen.grant == grant)
    found: list[Version] = query.order_by(Version.name, Version.id).all()
    return found


def frozen_file(grant: str, file: str) -> Version | None:
    """The version of one file."""
    found: Version | None = model.Session.query(Version).join(Frozen, Frozen.version == Version.id).filter(Frozen.grant == grant, Frozen.file == file).one_or_none()
    return found


def of_request(request: str) -> list[Agreement]:
    """The agreements in force of a request's rights."""
    query = model.Session.query(Agreement).filter_by(request=request).order_by(Agreement.grant, Agreement.version.desc()).distinct(Agreement.grant)
    return sorted(query, key=lambda one: one.id)


def of_part(part: str, states: Collection[str]) -> list[Agreement]:
    """Those of one partner's part of a request whose right is in one of these states, held until the transaction ends."""
    found: list[Agreement] = (
        model.Session.query(Agreement).filter(Agreement.part == part, Agreement.state.in_(states)).order_by(Agreement.id).with_for_update().populate_existing().all()
    )
    return found
