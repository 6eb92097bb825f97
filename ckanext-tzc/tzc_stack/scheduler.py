"""The scheduler: at its time, each periodic job is put into its queue. It holds no CKAN, so it is small.

Run as `python -m tzc_stack.scheduler`; the portal's folder is in `TZC_VAR`.
"""
from __future__ import annotations

import dataclasses
import sys
import time
from pkgutil import resolve_name

import redis
from rq.cron import CronScheduler

from .paths import here
from .settings import load

PAUSE = 5.0
"""Seconds before another try when Redis does not answer."""


@dataclasses.dataclass(frozen=True)
class Periodic:
    """A function (`module:name`, importable without CKAN), run by the worker of `queue` at the times of `cron` (UTC)."""

    function: str
    queue: str
    cron: str
    seconds: int
    """After which the worker ends it."""


PERIODIC = (
    Periodic("ckanext.tzc.harvesting.jobs:run_due_harvests", "long", "*/2 * * * *", 110),
    Periodic("ckanext.tzc.harvesting.jobs:bring_to_index", "interactive", "1-59/2 * * * *", 110),
    Periodic("ckanext.tzc.harvesting.jobs:find_doubles", "long", "7 3 * * *", 3600),
    Periodic("ckanext.tzc.harvesting.jobs:look_into_files", "long", "8-59/10 * * * *", 180),
    Periodic("ckanext.tzc.accounts.jobs:send_mails", "interactive", "* * * * *", 240),
    Periodic("ckanext.tzc.notices.jobs:write_mails", "interactive", "* * * * *", 260),
    Periodic("ckanext.tzc.notices.jobs:call", "long", "* * * * *", 260),
    Periodic("ckanext.tzc.notices.jobs:forget", "long", "17 2 * * *", 240),
    Periodic("ckanext.tzc.feeding.jobs:send_due", "interactive", "* * * * *", 50),
    Periodic("ckanext.tzc.feeding.jobs:forget", "long", "7 3 * * *", 600),
    Periodic("ckanext.tzc.sensors.jobs:send_due", "interactive", "* * * * *", 50),
    Periodic("ckanext.tzc.sensors.jobs:forget", "long", "27 3 * * *", 600),
    Periodic("ckanext.tzc.sensors.jobs:offer", "publishing", "9-59/10 * * * *", 240),
    Periodic("ckanext.tzc.sensors.jobs:retain", "long", "47 3 * * *", 3600),
    Periodic("ckanext.tzc.sensors.jobs:move", "long", "57 3 * * *", 6 * 3600),
    Periodic("ckanext.tzc.sensors.jobs:follow_consents", "publishing", "*/5 * * * *", 290),
    Periodic("ckanext.tzc.sensors.jobs:pull_meters", "long", "13 * * * *", 3300),
    Periodic("ckanext.tzc.tables.jobs:load_waiting", "interactive", "* * * * *", 50),
    Periodic("ckanext.tzc.tables.jobs:find_unseen", "interactive", "*/5 * * * *", 290),
    Periodic("ckanext.tzc.quality.jobs:score_waiting", "publishing", "*/5 * * * *", 290),
    Periodic("ckanext.tzc.publishing.jobs:renew_outdated", "publishing", "1-59/5 * * * *", 290),
    Periodic("ckanext.tzc.publishing.jobs:validate", "publishing", "2-59/5 * * * *", 90),
    Periodic("ckanext.tzc.rights.jobs:follow_requests", "publishing", "4-59/5 * * * *", 290),
    Periodic("ckanext.tzc.agreements.jobs:remind", "publishing", "6-59/10 * * * *", 290),
    Periodic("ckanext.tzc.agreements.jobs:forget", "long", "57 2 * * *", 600),
    Periodic("ckanext.tzc.audit.jobs:erase_old", "long", "37 2 * * *", 600),
    Periodic("ckanext.tzc.quality.jobs:check_links", "long", "3-59/5 * * * *", 240),
)

RETRIED = ("ckanext.tzc.tables.jobs.load", "ckanext.tzc.tables.jobs.remove", "ckanext.tzc.quality.jobs.score", "ckanext.tzc.publishing.jobs.renew")
"""Jobs that a save sends, and that a periodic one makes up for when they broke off."""


def main() -> int:
    """Enqueue for ever."""
    settings = load(here())
    while True:
        try:
            cron = CronScheduler(connection=redis.Redis.from_url(settings.redis_url), logging_level="WARNING")
            for job in PERIODIC:
                # a job that waited longer than an hour is not worth running twice
                cron.register(resolve_name(job.function), f"ckan:{settings.site_id}:{job.queue}", cron=job.cron, job_timeout=job.seconds, ttl=3600, result_ttl=3600)
            cron.start()
            return 0
        except redis.exceptions.ConnectionError as error:
            print(f"Redis does not answer ({error}); trying again in {PAUSE:.0f} s", flush=True)
            time.sleep(PAUSE)


if __name__ == "__main__":
    sys.exit(main())
