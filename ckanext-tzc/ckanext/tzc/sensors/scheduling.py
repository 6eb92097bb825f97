"""When a source is asked: by its schedule, or when it says itself that it is worth it; less and less often while it fails. Nothing here commits."""
from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import redis
import sqlalchemy as sa
from ckan.lib.jobs import get_queue
from ckanext.tzc.common.territory import territory

from tzc import schedule
from tzc.sensors import definition, pulls

from . import jobs, store

log = logging.getLogger(__name__)

SOON = dt.timedelta(seconds=60)
LONGEST = dt.timedelta(days=1)
"""Between two tries of a source that fails."""


def put(row: store.Source, data: dict[str, Any]) -> None:
    """The schedule that a form or program gave (`cron`; empty: the kind's usual one), and when the source is due. Raises ValidationError."""
    if not is_asked(row):
        return
    given = data.get("cron", row.cron)
    if given:
        try:
            row.cron = schedule.checked(given if isinstance(given, str) else "", dt.timedelta(minutes=tk.config["tzc.sensors.least_minutes"]))
        except schedule.ScheduleError as error:
            most = tk._("This is due too often: leave {minutes} minutes between two times.").format(minutes=tk.config["tzc.sensors.least_minutes"])
            words = most if error.code == "often" else tk._("Give five words of cron, such as “15 6 * * *” for each day at a quarter past six.")
            raise tk.ValidationError({"cron": [words]}) from error
    else:
        row.cron = None
    # a new source, or one that was changed, is asked at once
    row.due = store.now()
    row.parameters = {name: value for name, value in (row.parameters or {}).items() if name != "failures"} or None


def is_asked(row: store.Source) -> bool:
    """Whether it is one that is asked, not one that sends."""
    kind = definition.KINDS.get(row.kind)
    return kind is not None and kind.scheduled


def after_success(row: store.Source, again: object) -> None:
    """When a source is due next that was read to its end; `again`: seconds after which it is worth asking, as it says itself."""
    if row.cron is None and isinstance(again, int) and not isinstance(again, bool):
        row.due = store.now() + dt.timedelta(seconds=min(max(again, 60), 86_400))
    else:
        row.due = _by_clock(row)


def after_failure(row: store.Source, failures: int) -> None:
    """When a source is due next that could not be read: twice as long after as the last time, and not before its schedule."""
    wait = min(dt.timedelta(minutes=tk.config["tzc.sensors.least_minutes"]) * 2 ** min(failures - 1, 12), LONGEST)
    row.due = max(_by_clock(row), store.now() + wait) if failures > 1 or row.cron else store.now() + wait


def _by_clock(row: store.Source) -> dt.datetime:
    return schedule.due(row.cron or pulls.USUAL[row.kind], store.now(), ZoneInfo(territory().timezone), row.id, tk.config["tzc.sensors.jitter"])


def due() -> list[str]:
    """Sources to ask now, the longest waiting first."""
    asked = model.Session.query(store.Source.id).filter(
        store.Source.due <= store.now(), sa.not_(store.Source.paused), store.Source.allowed, store.Source.kind.in_([kind.code for kind in pulls.PULLED])
    )  # fmt: skip
    return [id_ for (id_,) in asked.order_by(store.Source.due)]


def send_due() -> int:
    """Send a job for each source that is due and has none. How many. A job that is sent twice finds nothing to do the second time."""
    try:
        queued = {job.split("_")[1] for job in get_queue(jobs.QUEUE).get_job_ids() if job.startswith("sensors_")}
    except redis.exceptions.RedisError:
        return 0
    return sum(send(source) for source in due() if source not in queued)


def send(source: str, by: str = "") -> bool:
    """Put a job into its queue. Whether it could be; what is due is sent again."""
    function, more = (jobs.pull_now, [by]) if by else (jobs.pull, [])
    told = {"timeout": jobs.SECONDS, "job_id": f"sensors_{source}_{uuid.uuid4().hex}"}
    try:
        tk.enqueue_job(function, [source, *more], title=f"sensors {source}", queue=jobs.QUEUE, rq_kwargs=told)
    except redis.exceptions.RedisError as error:
        log.warning("No job for the source %s: %s", source, error)
        return False
    return True
