"""A run of a feed: one at a time, written down from its begin, with what became of it."""
from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import happening, outages
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters.download import UnchangedError

from tzc import schedule
from tzc.feeding import definition
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
    """Fetch a feed's content now; by its schedule only when it is due, or a fetch of it broke off. None where there was nothing to do, or nothing new once more."""
    with store.held(feed_id) as free:
        if not free:
            return None
        filling.put_back(feed_id)
        feed = store.feed(feed_id)
        if feed is None:
            return None
        again = _break_off(feed)
        if way == store.BY_SCHEDULE:
            if again is not None:
                way, by = again.way, again.by
            elif feed.paused or feed.due is None or feed.due > store.now():
                model.Session.commit()
                return None
        going = _begin(feed, way, by)
        run_id = going.id
        try:
            with tempfile.TemporaryDirectory(prefix="tzc-feed-") as folder:
                _fetch(feed, going, Path(folder))
        except Exception as error:
            # where a server is away the run is found unended, and begun again; of all else the page must not say "running" for ever. The worker logs it
            if not outages.is_outage(error):
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


def _begin(feed: store.Feed, way: str, by: str | None) -> store.Run:
    """Write down that a run begins, and when the next one is due. Commits."""
    schedule_on(feed)
    going = store.Run(feed=feed.id, at=store.now(), way=way, by=by, outcome=store.RUNNING, times=1)
    model.Session.add(going)
    model.Session.commit()
    return going


def schedule_on(feed: store.Feed) -> None:
    """Say when the feed is due next. Does not commit."""
    zone = ZoneInfo(territory().timezone)
    feed.due = schedule.due(feed.cron, store.now(), zone, feed.id, tk.config["tzc.feeding.jitter"]) if feed.cron else None


def _break_off(feed: store.Feed) -> store.Run | None:
    """Runs that nobody is at any more: whoever holds the feed finds their process gone. The last one, where it is to be begun again. Does not commit: a kill here loses no try."""
    broken = model.Session.query(store.Run).filter_by(feed=feed.id, outcome=store.RUNNING).order_by(store.Run.id).all()
    for one in broken:
        one.outcome, one.code, one.parameters, one.ended = store.FAILED, "broken_off", {}, store.now()
    # a program pushes again by itself
    if not broken or broken[-1].way == store.PUSHED or feed.paused or feed.wanted.kind == definition.PUSH:
        return None
    last: store.Run = broken[-1]
    if [one.code for one in store.runs(feed.id, TRIES)] == ["broken_off"] * TRIES:
        trouble(feed, "broken_off")
        return None
    return last


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
    if feed is None or going is None or going.outcome != store.RUNNING:
        # or what failed came after the save
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
        run_id = going.id
        try:
            filling.put_back(feed_id)
            filling.fill(feed, going, content, kind)
            if going.outcome == store.UNCHANGED:
                filling.recover(feed)
                going.ended = store.now()
                model.Session.commit()
        except Exception as error:
            told = error if isinstance(error, FeedError) else FeedError("internal")
            if told is not error:
                log.exception("What was pushed to the feed %s could not be taken", feed_id)
            model.Session.rollback()
            end(feed_id, run_id, told)
            going = model.Session.get(store.Run, run_id)
            # what fails after the save changes nothing of it
            return going, None if going.outcome == store.NEW else told
        return model.Session.get(store.Run, run_id), None
