"""Requests and what became of them, in CKAN's own database (migration `tzc_rights_0002`). Moments are UTC. Nothing here commits."""
from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.model.types import make_uuid
from flask import g, has_request_context
from sqlalchemy.dialects.postgresql import JSONB

from tzc.rights import policy, requests

KEPT = "tzc_rights_grants"
"""On `flask.g`: the rights of accounts that this answer asked for already."""


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def _json(empty: Any) -> Any:
    return sa.Column(JSONB, nullable=False, default=empty)


def _moment(required: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=not required)


def _to(table: str, required: bool = True) -> Any:
    return sa.Column(sa.UnicodeText, sa.ForeignKey(f"tzc_rights_{table}.id", ondelete="CASCADE"), nullable=not required)


class Terms(tk.BaseModel):
    """A version of the terms of a partner, or of the portal (`partner` None). `texts`: by language; `hash`: of these texts."""

    __tablename__ = "tzc_rights_terms"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    partner = sa.Column(sa.UnicodeText)
    texts = _json(dict)
    hash = sa.Column(sa.UnicodeText, nullable=False)
    by = sa.Column(sa.UnicodeText)
    since = _moment(required=True)


class Request(tk.BaseModel):
    """What somebody asks for. `team`: ids of other accounts that would have the data; `key`: by which a form that is sent twice is known;
    `renews`: id of the request whose rights it takes the place of.
    """

    __tablename__ = "tzc_rights_request"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    requester = sa.Column(sa.UnicodeText, nullable=False)
    purpose = sa.Column(sa.UnicodeText, nullable=False)
    words = sa.Column(sa.UnicodeText, nullable=False)
    project = sa.Column(sa.UnicodeText, nullable=False)
    organisation = sa.Column(sa.UnicodeText, nullable=False)
    days = sa.Column(sa.Integer, nullable=False)
    team = _json(list)
    key = sa.Column(sa.UnicodeText, nullable=False)
    renews = sa.Column(sa.UnicodeText)
    created = _moment(required=True)
    changed = _moment(required=True)


class Part(tk.BaseModel):
    """One partner's part: the fields of `tzc.rights.requests.Part`, and `told`: which reminders went out."""

    __tablename__ = "tzc_rights_part"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    request = _to("request")
    partner = sa.Column(sa.UnicodeText, nullable=False)
    state = sa.Column(sa.UnicodeText, nullable=False)
    personal = sa.Column(sa.Boolean, nullable=False, default=False)
    keys = _json(dict)
    decided_by = _json(list)
    before = sa.Column(sa.UnicodeText)
    prolonged = sa.Column(sa.Boolean, nullable=False, default=False)
    final = sa.Column(sa.Boolean, nullable=False, default=False)
    due = _moment()
    begins = _moment()
    ends = _moment()
    changed = _moment(required=True)
    told = _json(list)

    def pure(self, requester: str) -> requests.Part:
        """What the table of moves knows of it."""
        kept = {name: getattr(self, name) for name in ("state", "personal", "before", "prolonged", "final", "due", "begins", "ends")}
        beyond = model.Session.query(kept_until()).filter(Part.id == self.id).scalar() if self.state in (requests.GRANTED, requests.SUSPENDED) else None
        return requests.Part(requester=requester, keys=dict(self.keys), decided_by=frozenset(self.decided_by), kept=beyond, **kept)

    def take(self, moved: requests.Part, at: datetime) -> None:
        """Become what a move made of it; reminders of another deadline or end are still to come."""
        if (moved.due, moved.ends) != (self.due, self.ends):
            self.told = []
        for field in dataclasses.fields(moved):
            if field.name not in ("requester", "keys", "decided_by", "kept"):
                setattr(self, field.name, getattr(moved, field.name))
        self.keys, self.decided_by, self.changed = dict(moved.keys), sorted(moved.decided_by), at


class Covered(tk.BaseModel):
    """A dataset that a part asks for; `resources`: ids of its files, none for all; `columns`: by file, where only some of its columns are asked for."""

    __tablename__ = "tzc_rights_covered"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    part = _to("part")
    dataset = sa.Column(sa.UnicodeText, nullable=False)
    resources = _json(list)
    columns = _json(dict)


class Decided(tk.BaseModel):
    """What a part was decided on, in the words of its request at that moment: completed for another partner, the request may say otherwise since."""

    __tablename__ = "tzc_rights_decided"

    part = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_rights_part.id", ondelete="CASCADE"), primary_key=True)
    purpose = sa.Column(sa.UnicodeText, nullable=False)
    words = sa.Column(sa.UnicodeText, nullable=False)
    project = sa.Column(sa.UnicodeText, nullable=False)
    organisation = sa.Column(sa.UnicodeText, nullable=False)
    days = sa.Column(sa.Integer, nullable=False)
    team = _json(list)


ASKED = ("purpose", "words", "project", "organisation", "days", "team")
"""What a request says, and what is kept of it with each part that is decided."""


class Message(tk.BaseModel):
    """An entry of the thread: words of somebody (`by`; None: the portal), or a move with its reason. `part` None: for all partners; `acting_for`: whose delegate moved;
    `days`: that a key was turned for.
    """

    __tablename__ = "tzc_rights_message"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    request = _to("request")
    part = _to("part", required=False)
    by = sa.Column(sa.UnicodeText)
    at = _moment(required=True)
    move = sa.Column(sa.UnicodeText)
    acting_for = _json(list)
    days = sa.Column(sa.Integer)
    text = sa.Column(sa.UnicodeText, nullable=False)


class Accepted(tk.BaseModel):
    """Terms that somebody accepted for a request, when."""

    __tablename__ = "tzc_rights_accepted"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    request = _to("request")
    terms = sa.Column(sa.UnicodeText, nullable=False)
    hash = sa.Column(sa.UnicodeText, nullable=False)
    by = sa.Column(sa.UnicodeText, nullable=False)
    at = _moment(required=True)


class Grant(tk.BaseModel):
    """A right of one account to one dataset; never deleted. `live`: neither suspended, revoked nor renewed; what has ended by its date is told by `ends`."""

    __tablename__ = "tzc_rights_grant"

    id = sa.Column(sa.UnicodeText, primary_key=True, default=make_uuid)
    part = _to("part")
    account = sa.Column(sa.UnicodeText, nullable=False)
    dataset = sa.Column(sa.UnicodeText, nullable=False)
    resources = _json(list)
    columns = _json(dict)
    begins = _moment(required=True)
    ends = _moment(required=True)
    live = sa.Column(sa.Boolean, nullable=False, default=True)
    terms_hash = sa.Column(sa.UnicodeText, nullable=False)
    purpose = sa.Column(sa.UnicodeText, nullable=False)
    words = sa.Column(sa.UnicodeText, nullable=False)
    created = _moment(required=True)


def kept_until(dataset: Any = None) -> Any:
    """SQL, of a part: until when at most a renewal keeps its right beyond its end, or the right to one `dataset`; None where there is none.

    It was sent before the end, and is neither decided nor given up; it keeps the right until it has to be decided, and while its requester completes it until it lapses.
    """
    later, again = sa.orm.aliased(Part), sa.orm.aliased(Request)
    lapses = later.changed + timedelta(days=int(tk.config["tzc.rights.lapse_days"]))
    sent = sa.select(Message.id).where(Message.part == later.id, Message.move == requests.Submit.name, Message.at < Part.ends).correlate(later, Part).exists()
    found = sa.select(sa.func.max(sa.case((later.state == requests.CHANGES_REQUESTED, lapses), else_=later.due))).join_from(later, again, again.id == later.request)
    found = found.where(again.renews == Part.request, later.partner == Part.partner, later.state.in_(requests.PENDING), sent)
    if dataset is not None:
        found = found.where(sa.select(Covered.id).where(Covered.part == later.id, Covered.dataset == dataset).correlate(later, Grant).exists())
    return found.correlate(Part, Grant).scalar_subquery()


def kept_of_grant(grant: str) -> datetime | None:
    """The answer of `common.grants.kept`: the same of one right."""
    query = model.Session.query(kept_until(Grant.dataset)).select_from(Grant).join(Part, Part.id == Grant.part)
    found: datetime | None = query.filter(Grant.id == grant).scalar()
    return found


def grants_of(account: str, datasets: Collection[str]) -> tuple[policy.Grant, ...]:
    """The answer of `common.grants`. All rights of an account are read at once and kept for this answer, however many datasets are asked about."""
    kept: dict[str, list[policy.Grant]] = g.setdefault(KEPT, {}) if has_request_context() else {}
    if account not in kept:
        kept[account] = [
            policy.Grant(row.dataset, row.begins, row.ends, row.live, frozenset(row.resources), {file: frozenset(names) for file, names in row.columns.items()}, row.kept)
            for row in model.Session.query(Grant.dataset, Grant.begins, Grant.ends, Grant.live, Grant.resources, Grant.columns, kept_until(Grant.dataset).label("kept"))
            .join(Part, Part.id == Grant.part)
            .filter(Grant.account == account)
        ]
    return tuple(grant for grant in kept[account] if grant.dataset in datasets)


def forget_grants() -> None:
    """After a change of rights: they are read anew in this answer too."""
    if has_request_context():
        g.pop(KEPT, None)


def decided(parts: Collection[str]) -> dict[str, Decided]:
    """What parts (ids) were decided on, by part; those that are not decided are not there."""
    return {row.part: row for row in model.Session.query(Decided).filter(Decided.part.in_(parts))} if parts else {}


def asked(part: Part, request: Request) -> Request | Decided:
    """What a part says: as it was decided on, else as the request says now."""
    kept: Decided | None = model.Session.get(Decided, part.id) if part.state not in requests.OPEN else None
    return kept or request


def keep_asked(part: Part, request: Request) -> None:
    """A part is decided, or given up: what it says is changed no more."""
    if model.Session.get(Decided, part.id) is None:
        model.Session.add(Decided(part=part.id, **{name: getattr(request, name) for name in ASKED}))
        model.Session.flush()


def give(part: Part, request: Request, covered: Iterable[Covered], hashes: str, at: datetime) -> list[Grant]:
    """The rights of a part that was granted, for who asked and those of the team who accepted the terms; those that are there already are given anew."""
    there = {(grant.account, grant.dataset): grant for grant in model.Session.query(Grant).filter_by(part=part.id)}
    found, said = [], asked(part, request)
    joined = accepted_by(request)
    for account in joined & set(said.team):
        _carry_over(request, account)
    for item in covered:
        for account in (request.requester, *(one for one in said.team if one in joined)):
            grant = there.get((account, item.dataset)) or Grant(id=make_uuid(), part=part.id, account=account, dataset=item.dataset, created=at)
            grant.resources, grant.columns = list(item.resources), dict(item.columns)
            grant.begins, grant.ends, grant.live = part.begins, part.ends, True
            grant.terms_hash, grant.purpose, grant.words = hashes, said.purpose, said.words
            model.Session.add(grant)
            found.append(grant)
    forget_grants()
    return found


def hashes(request: Request) -> list[str]:
    """Of the terms that who asked accepted for a request, the latest last."""
    rows = model.Session.query(Accepted.hash).filter_by(request=request.id, by=request.requester).order_by(Accepted.id)
    return list(dict.fromkeys(value for (value,) in rows))


def accepted_by(request: Request) -> set[str]:
    """Who accepted all terms that a request was made under, for it or for the one that it renews."""
    wanted, found = set(hashes(request)), {}
    for account, value in model.Session.query(Accepted.by, Accepted.hash).filter(Accepted.request.in_([one for one in (request.id, request.renews) if one])):
        found.setdefault(account, set()).add(value)
    return {account for account, values in found.items() if wanted <= values}


def _carry_over(request: Request, account: str) -> None:
    """What somebody accepted for the request that this one renews is kept with this one too, as of its moment."""
    wanted = set(hashes(request)) - {value for (value,) in model.Session.query(Accepted.hash).filter_by(request=request.id, by=account)}
    for row in model.Session.query(Accepted).filter(Accepted.request == request.renews, Accepted.by == account, Accepted.hash.in_(wanted)).all() if wanted else ():
        model.Session.add(Accepted(request=request.id, terms=row.terms, hash=row.hash, by=account, at=row.at))
    model.Session.flush()


def set_live(part: str, live: bool) -> None:
    """Let the rights of a part rest, or be there again."""
    model.Session.query(Grant).filter_by(part=part).update({"live": live}, synchronize_session="fetch")
    forget_grants()


def locked(request: str) -> list[Part]:
    """The parts of a request as they are now, held until the transaction ends: two who decide at once make one decision."""
    found: list[Part] = model.Session.query(Part).filter_by(request=request).order_by(Part.id).with_for_update().populate_existing().all()
    return found


def one_at_a_time(account: str) -> None:
    """Hold back other requests of this account until the transaction ends."""
    model.Session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"tzc_rights:{account}"})


def of_last_day(table: Any, account: str, at: datetime) -> int:
    """How many requests or messages an account wrote in the last 24 hours."""
    by, when = (table.requester, table.created) if table is Request else (table.by, table.at)
    found: int = model.Session.query(table).filter(by == account, when > at - timedelta(days=1)).count()
    return found


def covered(parts: Collection[str]) -> list[Covered]:
    """What parts (ids) ask for."""
    found: list[Covered] = model.Session.query(Covered).filter(Covered.part.in_(parts)).order_by(Covered.id).all() if parts else []
    return found


def open_requests(account: str) -> list[Request]:
    """Requests of an account that wait for a decision, or are written still."""
    waiting = sa.select(Part.request).where(Part.state.in_((requests.DRAFT, requests.SUBMITTED, requests.CHANGES_REQUESTED, requests.UNDER_REVIEW, requests.APPEALED)))
    found: list[Request] = model.Session.query(Request).filter(Request.requester == account, Request.id.in_(waiting)).order_by(Request.created).all()
    return found
