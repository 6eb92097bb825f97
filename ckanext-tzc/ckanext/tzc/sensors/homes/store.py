"""Tables of meters, consents and groups. Nothing here commits."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tzc.sensors import consent

from ..store import now

MOMENT = sa.DateTime(timezone=True)


def _text(required: bool = True, **more: Any) -> Any:
    return sa.Column(sa.UnicodeText, nullable=not required, **more)


class Meter(tk.BaseModel):
    """A delivery point of a person (or, with `partner`, of a site that a person of the partner speaks for). `hash`, `last`: of its number (`tzc.sensors.meters`);
    `sealed`: what data are asked for with, where it is connected; `pulled`: the first day that was not asked for yet; `trouble`: a code.
    """

    __tablename__ = "tzc_sensors_meter"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    person = _text()
    partner = _text(False)
    energy = _text()
    hash = _text()
    last = _text()
    label = _text()
    source = _text()
    sealed = sa.Column(sa.LargeBinary)
    connected = sa.Column(MOMENT)
    pulled = sa.Column(sa.Date)
    trouble = _text(False)
    made = sa.Column(MOMENT, nullable=False)

    @property
    def holder(self) -> str:
        """Who counts as having it: the partner, else the person."""
        return str(self.partner or self.person)


class Consent(tk.BaseModel):
    """What was consented to; it stays as the proof of it, without the meter once that is erased. `digest`: of the words that were read, in `language`."""

    __tablename__ = "tzc_sensors_consent"

    id = _text(primary_key=True)
    person = _text()
    meter = sa.Column(sa.Integer)
    purpose = _text()
    group = _text(False)
    given = sa.Column(MOMENT, nullable=False)
    until = sa.Column(sa.Date, nullable=False)
    version = _text()
    language = _text()
    digest = _text()
    state = _text()
    moved = sa.Column(MOMENT)

    @property
    def pure(self) -> consent.Consent:
        """As the machine knows it."""
        return consent.Consent(self.person, self.meter or 0, self.purpose, self.given, self.until, self.version, self.group, self.state, self.moved)


class Group(tk.BaseModel):
    """A group whose members' sums are released in a dataset. `rule`: what becomes of released sums when a member withdraws; `dirty`: since when they may be different now;
    `hidden`: how many sums stayed hidden at the last time, by reason.
    """

    __tablename__ = "tzc_sensors_group"

    id = _text(primary_key=True)
    dataset = _text()
    partner = _text()
    title = _text()
    about = _text()
    energy = _text()
    policy = _text()
    rule = _text()
    until = sa.Column(sa.Date, nullable=False)
    open = sa.Column(sa.Boolean, nullable=False)
    source = _text(False)
    stream = sa.Column(sa.Integer)
    dirty = sa.Column(MOMENT)
    computed = sa.Column(MOMENT)
    hidden = sa.Column(JSONB)
    by = _text()
    made = sa.Column(MOMENT, nullable=False)


class Set(tk.BaseModel):
    """Members of a sum, by their meters' numbers."""

    __tablename__ = "tzc_sensors_set"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    members = sa.Column(ARRAY(sa.Integer), nullable=False)
    hash = _text()


class Release(tk.BaseModel):
    """That the sum of a set was released for a time; `current`: it is the one that stands."""

    __tablename__ = "tzc_sensors_release"

    group = _text(primary_key=True)
    time = sa.Column(MOMENT, primary_key=True)
    set = sa.Column(sa.BigInteger, primary_key=True)
    current = sa.Column(sa.Boolean, nullable=False)


class Pending(tk.BaseModel):
    """Somebody is at the grid operator's, to authorise. `hash`: of what they come back with; `content`: what they filled in here."""

    __tablename__ = "tzc_sensors_pending"

    hash = _text(primary_key=True)
    person = _text()
    content = sa.Column(JSONB, nullable=False)
    made = sa.Column(MOMENT, nullable=False)


def meter(id_: object, *, lock: bool = False) -> Meter | None:
    """A meter by its number; `lock`: no other transaction changes it meanwhile."""
    from ckanext.tzc.common.numbers import whole_number

    number = whole_number(id_, digits=9) if isinstance(id_, (int, str)) and not isinstance(id_, bool) else None
    if number is None:
        return None
    asked = model.Session.query(Meter).filter_by(id=number)
    found: Meter | None = (asked.with_for_update().populate_existing() if lock else asked).one_or_none()
    return found


def meters_of(person: str) -> list[Meter]:
    """A person's meters."""
    found: list[Meter] = model.Session.query(Meter).filter_by(person=person).order_by(Meter.id).all()
    return found


def consents_of(meter: int) -> list[Consent]:
    """All consents of a meter, the newest first."""
    found: list[Consent] = model.Session.query(Consent).filter_by(meter=meter).order_by(Consent.given.desc(), Consent.id).all()
    return found


def holding(meter: int, at: dt.datetime | None = None) -> list[Consent]:
    """Those that hold."""
    moment = at or local_now()
    return [row for row in consents_of(meter) if row.pure.holds(moment)]


def local_now() -> dt.datetime:
    """This moment by the territory's clock: a consent's last day is a day of people."""
    from zoneinfo import ZoneInfo

    from ckanext.tzc.common.territory import territory

    return now().astimezone(ZoneInfo(territory().timezone))


def group(id_: object) -> Group | None:
    """A group by its id."""
    found: Group | None = model.Session.get(Group, id_) if isinstance(id_, str) and "\0" not in id_ else None
    return found
