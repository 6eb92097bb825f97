"""Sending the jobs of feeds, and forgetting what is old."""
from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
from ckan.lib.jobs import get_queue

from . import filling, jobs, store

log = logging.getLogger(__name__)


def send_due() -> int:
    """See `jobs.send_due`. A job that is sent twice finds nothing to do the second time."""
    try:
        queued = {job.split("_")[1] for job in get_queue(jobs.QUEUE).get_job_ids() if job.startswith("feed_")}
    except redis.exceptions.RedisError:
        return 0
    broken_off = [feed for feed in store.unended() if _is_left(feed)]
    waiting = [feed for feed in dict.fromkeys([*store.due(store.now()), *broken_off]) if feed not in queued]
    return sum(send(jobs.fetch, feed) for feed in waiting)


def _is_left(feed: str) -> bool:
    """Whether nobody fills a feed now."""
    with store.held(feed) as free:
        return free


def send(function: Callable[..., Any], feed: str, *more: str) -> bool:
    """Put a job into its queue. Whether it could be; what is due is sent again."""
    try:
        tk.enqueue_job(function, [feed, *more], title=f"feed {feed}", queue=jobs.QUEUE, rq_kwargs={"timeout": jobs.SECONDS, "job_id": f"feed_{feed}_{uuid.uuid4().hex}"})
    except redis.exceptions.RedisError as error:
        log.warning("No job for the feed %s: %s", feed, error)
        return False
    return True


def forget() -> int:
    """See `jobs.forget`."""
    count = store.forget(tk.config["tzc.feeding.run_days"])
    feeds = {feed.id: feed for feed in model.Session.query(store.Feed)}
    orphans = [version for version in model.Session.query(store.Version).filter(store.Version.replaced.isnot(None)) if version.feed not in feeds]
    filling.drop(orphans)
    count += len(orphans) + sum(filling.tidy(feed) for feed in feeds.values())
    model.Session.commit()
    return count
