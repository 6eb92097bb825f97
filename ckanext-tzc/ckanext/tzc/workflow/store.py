"""Duties, agreements, where datasets stand, each move, and changes that wait, in CKAN's own database. Nothing here commits.

Where a dataset stands is kept beside CKAN's own state, which other programs change: a row counts only as far as that state allows (`course`).
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from tzc.workflow import publication
from tzc.workflow.duties import Term


class Given(tk.BaseModel):
    """A duty that somebody was given; once only as long as it is not taken back."""

    __tablename__ = "tzc_workflow_duty"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    partner_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    user_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    duty = sa.Column(sa.UnicodeText, nullable=False)
    begins = sa.Column(sa.DateTime(timezone=True))
    ends = sa.Column(sa.DateTime(timezone=True))
    given_by = sa.Column(sa.UnicodeText, nullable=False)
    given_at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    taken_by = sa.Column(sa.UnicodeText)
    taken_at = sa.Column(sa.DateTime(timezone=True))

    @property
    def term(self) -> Term:
        """Its days."""
        return Term(self.begins, self.ends)


class Pool(tk.BaseModel):
    """Two partners that share a duty, once both have agreed."""

    __tablename__ = "tzc_workflow_pool"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    duty = sa.Column(sa.UnicodeText, nullable=False)
    partner_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    with_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    asked_by = sa.Column(sa.UnicodeText, nullable=False)
    asked_at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    agreed_by = sa.Column(sa.UnicodeText)
    agreed_at = sa.Column(sa.DateTime(timezone=True))
    ended_by = sa.Column(sa.UnicodeText)
    ended_at = sa.Column(sa.DateTime(timezone=True))


class Course(tk.BaseModel):
    """Where a dataset stands on its way: only those on it have a row. `why`: what the last move said."""

    __tablename__ = "tzc_workflow_course"

    package_id = sa.Column(sa.UnicodeText, primary_key=True)
    state = sa.Column(sa.UnicodeText, nullable=False, index=True)
    keys = sa.Column(JSONB, nullable=False, server_default="{}")
    asked_by = sa.Column(sa.UnicodeText)
    asked_at = sa.Column(sa.DateTime(timezone=True))
    why = sa.Column(sa.UnicodeText)


class Made(tk.BaseModel):
    """A move that was made: by whom, in which role, when and why."""

    __tablename__ = "tzc_workflow_move"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    package_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    move = sa.Column(sa.UnicodeText, nullable=False)
    before = sa.Column(sa.UnicodeText, nullable=False)
    after = sa.Column(sa.UnicodeText, nullable=False)
    role = sa.Column(sa.UnicodeText, nullable=False)
    by = sa.Column(sa.UnicodeText, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    why = sa.Column(sa.UnicodeText, nullable=False)


class Proposal(tk.BaseModel):
    """A change of a published dataset that waits, or waited, for somebody with a duty. `fields`: the new values; `before`: those that they shall replace."""

    __tablename__ = "tzc_workflow_proposal"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    package_id = sa.Column(sa.UnicodeText, nullable=False, index=True)
    duty = sa.Column(sa.UnicodeText, nullable=False)
    state = sa.Column(sa.UnicodeText, nullable=False, index=True)
    fields = sa.Column(JSONB, nullable=False)
    before = sa.Column(JSONB, nullable=False)
    by = sa.Column(sa.UnicodeText, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
    decided_by = sa.Column(sa.UnicodeText)
    decided_at = sa.Column(sa.DateTime(timezone=True))
    why = sa.Column(sa.UnicodeText)


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


# duties


def given(partner: str, duty: str | None = None) -> list[Given]:
    """Duties at a partner that were not taken back, also those whose days are not now; the oldest first."""
    query = model.Session.query(Given).filter(Given.partner_id == partner, Given.taken_at.is_(None))
    found: list[Given] = (query.filter(Given.duty == duty) if duty else query).order_by(Given.id).all()
    return found


def holders(partner: str) -> dict[str, frozenset[str]]:
    """Who was given which duty at a partner and has it now, active accounts only."""
    return holders_of([partner]).get(partner, {})


def holders_of(partners: Collection[str]) -> dict[str, dict[str, frozenset[str]]]:
    """The same for many partners, in one question."""
    moment = now()
    rows = model.Session.query(Given.partner_id, Given.duty, Given.user_id, Given.begins, Given.ends).join(model.User, model.User.id == Given.user_id)
    found: dict[str, dict[str, set[str]]] = {}
    for partner, duty, user, begins, ends in rows.filter(Given.partner_id.in_(partners), Given.taken_at.is_(None), model.User.state == "active"):
        if Term(begins, ends).holds(moment):
            found.setdefault(partner, {}).setdefault(duty, set()).add(user)
    return {partner: {duty: frozenset(users) for duty, users in given.items()} for partner, given in found.items()}


def pools(partner: str, agreed: bool = True) -> list[Pool]:
    """Agreements of a partner that stand; without `agreed` also those that are only proposed."""
    return pools_of([partner], agreed)


def pools_of(partners: Collection[str], agreed: bool = True) -> list[Pool]:
    """The same for many partners, in one question."""
    query = model.Session.query(Pool).filter(sa.or_(Pool.partner_id.in_(partners), Pool.with_id.in_(partners)), Pool.ended_at.is_(None))
    found: list[Pool] = (query.filter(Pool.agreed_at.is_not(None)) if agreed else query).order_by(Pool.id).all()
    return found


# where datasets stand


def lock(package_id: str) -> None:
    """Two who decide at once do it one after the other."""
    model.Session.execute(sa.select(model.Package.id).where(model.Package.id == package_id).with_for_update())


def lock_partner(partner_id: str) -> None:
    """The same for what is set up at a partner."""
    model.Session.execute(sa.select(model.Group.id).where(model.Group.id == partner_id).with_for_update())


def row(package_id: str) -> Course | None:
    """The row of a dataset, as it is in the database now."""
    found: Course | None = model.Session.query(Course).filter_by(package_id=package_id).populate_existing().one_or_none()
    return found


def stands(state: str, archived: object, found: Course | None) -> str:
    """The state of a dataset that is `state` to CKAN; None of ours for a deleted one, which is told as CKAN's."""
    if state == "active":
        return publication.ARCHIVED if archived else publication.PUBLISHED
    if state.startswith("draft"):
        return found.state if found and found.state in {publication.IN_REVIEW, publication.CHANGES_REQUESTED} else publication.DRAFT
    return state


def write(package_id: str, course: publication.Course, by: str, why: str) -> None:
    """Write where a dataset stands now. What is only a draft, published or archived needs no row: CKAN's state and the dataset itself say it."""
    if course.state not in {publication.IN_REVIEW, publication.CHANGES_REQUESTED}:
        model.Session.execute(sa.delete(Course.__table__).where(Course.__table__.c.package_id == package_id))
        return
    values: dict[str, Any] = {"state": course.state, "keys": dict(course.keys), "why": why}
    asked = {"asked_by": by, "asked_at": now()}
    again = values if course.keys or course.state == publication.CHANGES_REQUESTED else {**values, **asked}
    model.Session.execute(insert(Course.__table__).values(package_id=package_id, **values, **asked).on_conflict_do_update(index_elements=["package_id"], set_=again))


def forget_keys(package_id: str) -> None:
    """Whoever approved an earlier wording did not approve this one."""
    model.Session.query(Course).filter(Course.package_id == package_id, Course.keys != {}).update({"keys": {}}, synchronize_session=False)


def note(package_id: str, move: str, states: tuple[str, str], act: publication.Act) -> None:
    """Write down a move."""
    model.Session.add(Made(package_id=package_id, move=move, before=states[0], after=states[1], role=act.role, by=act.by, why=act.why))


def moves(package_id: str, most: int = 100) -> list[Made]:
    """What was done, the newest first."""
    found: list[Made] = model.Session.query(Made).filter_by(package_id=package_id).order_by(Made.id.desc()).limit(most).all()
    return found


def in_review() -> list[tuple[Course, Any]]:
    """Datasets that wait for a review, longest first: their row and the package."""
    query = model.Session.query(Course, model.Package).join(model.Package, model.Package.id == Course.package_id)
    query = query.filter(Course.state == publication.IN_REVIEW, model.Package.state.startswith("draft"))
    found: list[tuple[Course, Any]] = query.order_by(Course.asked_at, Course.package_id).all()
    return found


# changes that wait


def waiting(package_id: str | None = None) -> list[tuple[Proposal, Any]]:
    """Changes that wait, of one dataset or of all, longest first: each with its package."""
    query = model.Session.query(Proposal, model.Package).join(model.Package, model.Package.id == Proposal.package_id)
    query = query.filter(Proposal.state == publication.WAITING, model.Package.state == "active")
    found: list[tuple[Proposal, Any]] = (query.filter(Proposal.package_id == package_id) if package_id else query).order_by(Proposal.id).all()
    return found


def propose(package_id: str, duty: str, by: str, fields: Mapping[str, Any], before: Mapping[str, Any]) -> Proposal:
    """Write a change that waits; a further one of the same author joins it."""
    mine = model.Session.query(Proposal).filter_by(package_id=package_id, duty=duty, by=by, state=publication.WAITING).with_for_update().one_or_none()
    if mine is None:
        mine = Proposal(package_id=package_id, duty=duty, state=publication.WAITING, fields=dict(fields), before=dict(before), by=by)
        model.Session.add(mine)
    else:
        mine.fields, mine.before, mine.at = {**mine.fields, **fields}, {**before, **mine.before}, now()
    model.Session.flush()
    return mine


def proposal(number: int) -> Proposal | None:
    """One change, held until the transaction ends."""
    found: Proposal | None = model.Session.query(Proposal).filter_by(id=number).populate_existing().with_for_update().one_or_none()
    return found
