"""The room's tables, in CKAN's own database (migrations `tzc_sensors_…`), but for the observations, which `writing` and `reading` speak of in columns. Nothing here commits."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common.owning import partner_of
from sqlalchemy.dialects.postgresql import JSONB

WAITING, DONE, REFUSED = STATES = ("waiting", "done", "refused")
"""Of what arrived: kept and not yet decoded; decoded and stored; nothing of it could be taken."""

METER = "meter"
"""The kind of the sources of persons' meters, which nobody is shown."""


def now() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(dt.timezone.utc)


def _text(required: bool = False, **more: Any) -> Any:
    return sa.Column(sa.UnicodeText, nullable=not required, **more)


def _moment(required: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=not required)


def _flag() -> Any:
    return sa.Column(sa.Boolean, nullable=False, default=False)


def _number(kind: Any = sa.Integer, **more: Any) -> Any:
    return sa.Column(kind, nullable=False, default=0, **more)


class Source(tk.BaseModel):
    """Where observations of a dataset come from. `kind`: of `harvesters/sensors` or a way in; `definition`: address and mapping; `cursor`: how far it was read;
    `allowed`, `internal`: what an administrator said; `trouble`: a code, since when; `seen`: when something last came.
    """

    __tablename__ = "tzc_sensors_source"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    dataset = _text(required=True)
    partner = partner_of(dataset)
    kind = _text(required=True)
    name = _text(required=True)
    definition = sa.Column(JSONB, nullable=False)
    cron = _text()
    due = _moment()
    paused = _flag()
    allowed = _flag()
    internal = _flag()
    cursor = sa.Column(JSONB)
    trouble = _text()
    parameters = sa.Column(JSONB)
    since = _moment()
    seen = _moment()
    by = _text(required=True)
    made = _moment(required=True)


class Key(tk.BaseModel):
    """A key that programs and devices send with: its hash, and what is shown of it."""

    __tablename__ = "tzc_sensors_key"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    source = _text(required=True)
    hash = _text(required=True)
    prefix = _text(required=True)
    by = _text(required=True)
    made = _moment(required=True)
    ends = _moment(required=True)
    revoked = _moment()
    used = _moment()


class Location(tk.BaseModel):
    """A place, as a GeoJSON geometry; each geometry once."""

    __tablename__ = "tzc_sensors_location"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    name = _text(required=True)
    geometry = sa.Column(JSONB, nullable=False)
    hash = _text(required=True)


class Thing(tk.BaseModel):
    """A thing, and where it is since when."""

    __tablename__ = "tzc_sensors_thing"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    source = _text(required=True)
    external = _text(required=True)
    name = _text(required=True)
    description = _text(required=True)
    properties = sa.Column(JSONB, nullable=False)
    location = sa.Column(sa.Integer)
    moved = _moment()


class Place(tk.BaseModel):
    """Where a thing was from a moment on (a HistoricalLocation)."""

    __tablename__ = "tzc_sensors_place"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    thing = _number()
    location = _number()
    time = _moment(required=True)


class Sensor(tk.BaseModel):
    """A device or method."""

    __tablename__ = "tzc_sensors_sensor"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    name = _text(required=True)
    description = _text(required=True)
    about = sa.Column("metadata", sa.UnicodeText, nullable=False)
    encoding = _text(required=True)
    hash = _text(required=True)


class Property(tk.BaseModel):
    """An observed property."""

    __tablename__ = "tzc_sensors_property"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    code = _text(required=True)
    name = _text(required=True)
    definition = _text(required=True)
    description = _text(required=True)
    hash = _text(required=True)


class Stream(tk.BaseModel):
    """A datastream; see `tzc.sensors.model.Stream`. `person`: the account whose data it is."""

    __tablename__ = "tzc_sensors_stream"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
    source = _text(required=True)
    external = _text(required=True)
    dataset = _text(required=True)
    thing = _number()
    sensor = _number()
    property = _number()
    name = _text(required=True)
    description = _text(required=True)
    unit = _text(required=True)
    kind = _text(required=True)
    interval = _number()
    period = _number()
    visibility = _text(required=True)
    forecast = _flag()
    properties = sa.Column(JSONB, nullable=False)
    person = _text()
    made = _moment(required=True)


class Word(tk.BaseModel):
    """A word that a stream of words says, and the number it is kept as."""

    __tablename__ = "tzc_sensors_word"

    stream = sa.Column(sa.Integer, primary_key=True)
    number = sa.Column(sa.Integer, primary_key=True)
    word = _text(required=True)


class State(tk.BaseModel):
    """What is known of a stream's observations: the first and the last moment, what was last, how many there are, when one last came."""

    __tablename__ = "tzc_sensors_state"

    stream = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    first = _moment(required=True)
    last = _moment(required=True)
    result = sa.Column(sa.Float, nullable=False)
    flags = _number(sa.SmallInteger)
    observations = _number(sa.BigInteger)
    received = _moment(required=True)


class Offer(tk.BaseModel):
    """The file of a dataset that stands for its streams: its licence and level of access are theirs. `told`: what was written of it (`file`) and of the dataset (`period`)."""

    __tablename__ = "tzc_sensors_offer"

    dataset = sa.Column(sa.UnicodeText, primary_key=True)
    resource = _text(required=True)
    told = sa.Column(JSONB)


class Arrival(tk.BaseModel):
    """What came, as it came (compressed by Zstandard), and what became of it. `listed`: the first rejected rows; `code`: why nothing was taken."""

    __tablename__ = "tzc_sensors_arrival"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    source = _text(required=True)
    received = _moment(required=True)
    way = _text(required=True)
    kind = _text(required=True)
    body = sa.Column(sa.LargeBinary, nullable=False)
    digest = sa.Column(sa.LargeBinary, nullable=False)
    bytes = _number(sa.BigInteger)
    state = _text(required=True)
    attempts = _number()
    ended = _moment()
    observations = _number(sa.BigInteger)
    new = _number(sa.BigInteger)
    changed = _number(sa.BigInteger)
    rejected = _number(sa.BigInteger)
    listed = sa.Column(JSONB)
    code = _text()
    parameters = sa.Column(JSONB)


def source(id_: object, *, personal: bool = False) -> Source | None:
    """A source by its id; that of a person's meter only where `personal`: for pages and actions of sources there is none."""
    found: Source | None = model.Session.get(Source, id_) if isinstance(id_, str) and "\0" not in id_ else None
    return found if found is None or personal or found.kind != METER else None


def sources_of(dataset: str) -> list[Source]:
    """The sources of a dataset, without those of persons' meters."""
    found: list[Source] = model.Session.query(Source).filter(Source.dataset == dataset, Source.kind != METER).order_by(Source.made, Source.id).all()
    return found


def streams_of(source: str, externals: list[str] | None = None) -> dict[str, Stream]:
    """The streams of a source by what it calls them; all, or some."""
    asked = model.Session.query(Stream).filter_by(source=source)
    if externals is not None:
        asked = asked.filter(Stream.external.in_(externals))
    return {row.external: row for row in asked}
