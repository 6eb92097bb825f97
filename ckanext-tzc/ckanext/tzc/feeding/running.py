"""A run of a feed: one at a time, written down from its begin, with what became of it."""
from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy.exc
from ckanext.tzc.common import happening
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters.download import UnchangedError

from tzc import schedule
from tzc.feeding.faults import FeedError

from . import fetching, filling, store

log = logging.getLogger(__name__)

FAILED = frozenset({"unreachable", "too_slow", "broken_off", "internal", "sealed", "credential", "login", "host_key", "inner", "not_allowed"})
"""Codes of what lies not in the content."""

TRIES = 3
"""Runs in a row that broke off, after which a feed waits for its next time."""


class BusyError(Exception):
    """The feed is being filled."""


def run(feed_id: str, way: str, by: str | None = None) -> store.Run | None:
    """Fetch a feed's content now; by its schedule only when it is due. None where there was nothing to do, or nothing new once more."""
    with store.held(feed_id) as free:
        feed = store.feed(feed_id) if free else None
        if feed is None or (way == store.BY_SCHEDULE and (feed.paused or feed.due is None or feed.due > store.now())):
            return None
        _break_off(feed)
        going = _begin(feed, way, by)
        if going is None:
            return None
        run_id = going.id
        try:
            with tempfile.TemporaryDirectory(prefix="tzc-feed-") as folder:
                _fetch(feed, going, Path(folder))
        except sqlalchemy.exc.OperationalError:
            # the server is away: the run is found unended, and begun again
            raise
        except Exception:
            # whatever it is, the page must not say "running" for ever; the worker logs it
            model.Session.rollback()
            end(feed_id, run_id, FeedError("internal"))
            raise
        found: store.Run | None = model.Session.get(store.Run, run_id)
        return found


def _fetch(feed: store.Feed, going: store.Run, folder: Path) -> None:
    feed_id, run_id = feed.id, going.id
    try:
        got = fetching.fetch(feed, folder)
        ending = feed.wanted.file.rpartition(".")[2].lower()
        filling.fill(feed, going, got.path, got.kind or ending, got.etag, got.modified)
    except UnchangedError:
        going.outcome = store.UNCHANGED
    except FeedError as error:
        model.Session.rollback()
        end(feed_id, run_id, error)
        return
    if going.outcome == store.UNCHANGED:
        _unchanged(feed, going)


def _begin(feed: store.Feed, way: str, by: str | None) -> store.Run | None:
    """Write down that a run begins, and when the next one is due. Commits."""
    broken = [one for one in store.runs(feed.id, TRIES) if one.code == "broken_off"]
    schedule_on(feed)
    if way == store.BY_SCHEDULE and len(broken) == TRIES and broken[0].ended and (store.now() - broken[0].ended).total_seconds() < 600:
        model.Session.commit()
        return None
    going = store.Run(feed=feed.id, at=store.now(), way=way, by=by, outcome=store.RUNNING, times=1)
    model.Session.add(going)
    model.Session.commit()
    return going


def schedule_on(feed: store.Feed) -> None:
    """Say when the feed is due next. Does not commit."""
    zone = ZoneInfo(territory().timezone)
    feed.due = schedule.due(feed.cron, store.now(), zone, feed.id, tk.config["tzc.feeding.jitter"]) if feed.cron else None


def _break_off(feed: store.Feed) -> None:
    """Runs that nobody is at any more: whoever holds the feed finds their process gone."""
    for one in model.Session.query(store.Run).filter_by(feed=feed.id, outcome=store.RUNNING):
        one.outcome, one.code, one.parameters, one.ended = store.FAILED, "broken_off", {}, store.now()


def _unchanged(feed: store.Feed, going: store.Run) -> None:
    """Nothing new: several such runs in a row are one line. Commits."""
    filling.recover(feed)
    at = store.now()
    before = next((one for one in store.runs(feed.id, 2) if one.id != going.id), None)
    if before is not None and before.outcome == store.UNCHANGED and before.way == going.way == store.BY_SCHEDULE:
        before.times, before.ended = before.times + 1, at
        model.Session.delete(going)
    else:
        going.ended = at
    model.Session.commit()


def end(feed_id: str, run_id: int, error: FeedError) -> None:
    """Write down why the old file stays, and tell it once. Commits."""
    feed, going = store.feed(feed_id), model.Session.get(store.Run, run_id)
    if feed is None or going is None:
        return
    going.outcome = store.FAILED if error.code in FAILED else store.REFUSED
    going.code, going.ended = error.code, store.now()
    going.parameters = {**error.parameters, **({"difference": error.difference.as_dict()} if isinstance(error, filling.ColumnsError) else {})}
    trouble(feed, error.code)
    model.Session.commit()


def trouble(feed: store.Feed, code: str) -> None:
    """A feed is in trouble; those concerned are told when it begins. Does not commit."""
    if feed.trouble is None:
        feed.since = store.now()
        happening.tell(happening.Happening("feed.trouble", None, feed.about, {"title": filling.title(feed), "code": code}, filling.concerned(feed), path=filling.path(feed)))
    feed.trouble = code


def push(feed: store.Feed, content: Path, kind: str, by: str) -> tuple[store.Run, FeedError | None]:
    """Take what a program pushed. Returns the run, and why nothing was taken. Raises BusyError."""
    feed_id = feed.id
    with store.held(feed_id) as free:
        if not free:
            raise BusyError
        model.Session.refresh(feed)
        _break_off(feed)
        going = store.Run(feed=feed_id, at=store.now(), way=store.PUSHED, by=by, outcome=store.RUNNING, times=1, bytes=content.stat().st_size)
        model.Session.add(going)
        model.Session.commit()
        run_id, size = going.id, going.bytes
        try:
            filling.fill(feed, going, content, kind)
        except FeedError as error:
            model.Session.rollback()
            end(feed_id, run_id, error)
            return _run(run_id, size), error
        if going.outcome == store.UNCHANGED:
            filling.recover(feed)
            going.ended = store.now()
            model.Session.commit()
        return _run(run_id, size), None


def _run(run_id: int, size: int) -> Any:
    found = model.Session.get(store.Run, run_id)
    if found is not None and found.bytes is None:
        found.bytes = size
    return found
