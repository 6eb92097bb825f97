"""The room's tables, in CKAN's own database (migrations `tzc_feeding_…`). Moments are UTC. Nothing here commits, but `held`, on a connection of its own."""
from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import holding
from ckanext.tzc.common.owning import partner_of
from sqlalchemy.dialects.postgresql import JSONB

from tzc.feeding.columns import Column
from tzc.feeding.definition import Definition

RUNNING, NEW, UNCHANGED, REFUSED, FAILED = OUTCOMES = ("running", "new", "unchanged", "refused", "failed")
BY_SCHEDULE, BY_HAND, PUSHED = WAYS = ("schedule", "hand", "push")


def now() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(dt.timezone.utc)


def _text(required: bool = False, **more: Any) -> Any:
    return sa.Column(sa.UnicodeText, nullable=not required, **more)


def _moment(required: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=not required)


class Credential(tk.BaseModel):
    """What a partner shows one host (`host:port`), sealed with the key of this `number`."""

    __tablename__ = "tzc_feeding_credential"

    partner = sa.Column(sa.UnicodeText, primary_key=True)
    name = sa.Column(sa.UnicodeText, primary_key=True)
    kind = _text(required=True)
    host = _text(required=True)
    sealed = sa.Column(sa.LargeBinary, nullable=False)
    number = sa.Column(sa.Integer, nullable=False)
    by = _text(required=True)
    made = _moment(required=True)


class Feed(tk.BaseModel):
    """A file that is fed. `resource` is empty until the first content makes it; `columns` are expected; `digest`, `etag` and `modified` tell the content that was taken last;
    `allowed`, `internal`: what an administrator said; `trouble`: a code, since when.
    """

    __tablename__ = "tzc_feeding_feed"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    dataset = _text(required=True)
    partner = partner_of(dataset)
    resource = _text(unique=True)
    definition = sa.Column(JSONB, nullable=False)
    cron = _text()
    due = _moment()
    paused = sa.Column(sa.Boolean, nullable=False, default=False)
    allowed = sa.Column(sa.Boolean, nullable=False)
    internal = sa.Column(sa.Boolean, nullable=False, default=False)
    by = _text(required=True)
    made = _moment(required=True)
    columns = sa.Column(JSONB)
    digest = _text()
    etag = _text()
    modified = _text()
    filled = _moment()
    trouble = _text()
    since = _moment()

    @property
    def wanted(self) -> Definition:
        """How its partner wants it."""
        return Definition(**{**self.definition, "keys": tuple(self.definition["keys"])})

    @property
    def expected(self) -> list[Column] | None:
        """The columns that are expected; None before the first table."""
        return None if self.columns is None else [Column(**column) for column in self.columns]

    @property
    def about(self) -> dict[str, str]:
        """What happenings say of it."""
        return {"feed": self.id, "dataset": self.dataset, "partner": self.partner, **({"file": self.resource} if self.resource else {})}


class Run(tk.BaseModel):
    """One run, or several in a row (`times`) that found nothing new."""

    __tablename__ = "tzc_feeding_run"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    feed = _text(required=True)
    at = _moment(required=True)
    ended = _moment()
    times = sa.Column(sa.Integer, nullable=False, default=1)
    way = _text(required=True)
    by = _text()
    outcome = _text(required=True)
    code = _text()
    parameters = sa.Column(JSONB)
    bytes = sa.Column(sa.BigInteger)
    rows = sa.Column(sa.BigInteger)
    sha256 = _text()


class Version(tk.BaseModel):
    """A file (`resource`) as it was until it was `replaced`. Until that is committed it may have to be put back, unless it was `changed` by somebody since."""

    __tablename__ = "tzc_feeding_version"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    feed = _text(required=True)
    sha256 = _text(required=True)
    size = sa.Column(sa.BigInteger, nullable=False)
    name = _text(required=True)
    kind = _text()
    resource = _text()
    changed = sa.Column(sa.DateTime)
    replaced = _moment()


class Key(tk.BaseModel):
    """A key that programs push with: its hash, and what is shown of it."""

    __tablename__ = "tzc_feeding_key"

    id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=True)
    feed = _text(required=True)
    hash = _text(required=True)
    prefix = _text(required=True)
    by = _text(required=True)
    made = _moment(required=True)
    ends = _moment(required=True)
    revoked = _moment()
    used = _moment()


def feed(id_: object) -> Feed | None:
    """A feed by its id."""
    found: Feed | None = model.Session.get(Feed, id_) if isinstance(id_, str) and "\0" not in id_ else None
    return found


def feeds_of(dataset: str) -> list[Feed]:
    """The feeds of a dataset."""
    found: list[Feed] = model.Session.query(Feed).filter_by(dataset=dataset).order_by(Feed.made, Feed.id).all()
    return found


def feeds_showing(partner: str, credential: str) -> list[Feed]:
    """The feeds of a partner that show a credential of this name."""
    found: list[Feed] = model.Session.query(Feed).filter(Feed.partner == partner, Feed.definition["credential"].astext == credential).order_by(Feed.id).all()
    return found


def due(at: dt.datetime) -> list[str]:
    """Ids of the feeds that are due, the longest waiting first."""
    return [id_ for (id_,) in model.Session.query(Feed.id).filter(Feed.due <= at, Feed.paused.is_(False)).order_by(Feed.due)]


def unended() -> list[str]:
    """Ids of feeds with a run that has not ended, or a file that may have to be put back: somebody is at it, or it broke off."""
    running = sa.select(Run.feed).where(Run.outcome == RUNNING)
    return list(model.Session.scalars(running.union(sa.select(Version.feed).where(Version.replaced.is_(None)))))


def runs(feed: str, limit: int, offset: int = 0) -> list[Run]:
    """The runs of a feed, the newest first."""
    found: list[Run] = model.Session.query(Run).filter_by(feed=feed).order_by(Run.id.desc()).offset(offset).limit(limit).all()
    return found


def versions(feed: str) -> list[Version]:
    """The old files of a feed, the newest first."""
    found: list[Version] = model.Session.query(Version).filter(Version.feed == feed, Version.replaced.isnot(None)).order_by(Version.replaced.desc(), Version.id).all()
    return found


def unsettled(feed: str) -> list[Version]:
    """Files of a feed that were to be replaced, and nothing says that they were."""
    found: list[Version] = model.Session.query(Version).filter(Version.feed == feed, Version.replaced.is_(None)).order_by(Version.id).all()
    return found


def keys(feed: str) -> list[Key]:
    """The keys of a feed, the newest first."""
    found: list[Key] = model.Session.query(Key).filter_by(feed=feed).order_by(Key.id.desc()).all()
    return found


def pushed(feed: str, since: dt.datetime) -> tuple[int, int]:
    """How often a feed was pushed since a moment, and how many bytes."""
    count, size = model.Session.query(sa.func.count(), sa.func.coalesce(sa.func.sum(Run.bytes), 0)).filter(Run.feed == feed, Run.way == PUSHED, Run.at > since).one()
    return int(count), int(size)


def forget(days: int) -> int:
    """Remove runs that are older, but the last one of each feed. How many."""
    newest = sa.select(sa.func.max(Run.id)).group_by(Run.feed)
    old = sa.delete(Run).where(Run.at < now() - dt.timedelta(days=days), Run.outcome != RUNNING, Run.id.not_in(newest))
    done: Any = model.Session.execute(old.execution_options(synchronize_session=False))
    return int(done.rowcount)


def held(feed: str) -> AbstractContextManager[bool]:
    """Show while the block runs, by a lock that goes with this process, that somebody fills the feed. False: another does already."""
    return holding.held("tzc_feeding", feed)
