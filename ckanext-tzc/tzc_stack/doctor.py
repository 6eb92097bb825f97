"""`./portal doctor`: each check says what it looked at, what is wrong, and how to mend it. It changes nothing."""
from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import psutil

from . import configuration, ready
from .bootstrap import FREE_SPACE_NEEDED, installed
from .console import StackError, say
from .lifecycle import recall
from .paths import Paths
from .scheduler import PERIODIC, RETRIED
from .settings import Settings, exists, load
from .status import report
from .supervise import Supervisor

if TYPE_CHECKING:
    from rq.job import Job

NEVER = datetime.min.replace(tzinfo=timezone.utc)

Finding = tuple[str, str]
"""What is wrong, and what to do."""


def examine(paths: Paths) -> int:
    """Run every check; exit code 1 when one found something."""
    wrong = 0
    for title, check in _checks(paths):
        try:
            found = list(check())
        except StackError as error:
            found = [(error.reason, error.mend)]
        except Exception as error:  # noqa: BLE001 -- whatever the look itself meets is a finding
            found = [(f"This could not be looked at: {type(error).__name__}: {' '.join(str(error).split())[:200]}", "read what the other lines say, and ./portal status.")]
        say(f"{'ok  ' if not found else 'LOOK'}  {title}")
        for reason, mend in found:
            say(f"        {reason}\n        What to do: {mend}")
        wrong += len(found)
    say("\nNothing is wrong." if not wrong else f"\n{wrong} to look at.")
    return 1 if wrong else 0


def _checks(paths: Paths) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    cut = _start_cut_off(paths)
    if cut:
        # what `up` mends is not listed piece by piece
        yield "the last start and the last restore came to their end", lambda: _ends(paths)
    else:
        yield "software matches the lock files", lambda: _software(paths)
    yield "disk space", lambda: _disk(paths)
    yield "memory", _memory
    yield "no other command holds the folder", lambda: _lock(paths)
    if not exists(paths):
        yield "the portal is set up", lambda: iter([("It is not set up in this folder yet.", "run ./portal up")])
        return
    settings = load(paths)
    yield "secrets are readable by their owner only", lambda: _secrets(paths)
    yield "the territory file", lambda: _territory(paths, settings)
    if not cut:
        yield "the last start and the last restore came to their end", lambda: _ends(paths)
        yield "all parts run", lambda: _parts(paths, settings)
    yield "given servers answer", lambda: _given(settings)
    if not cut and Supervisor(paths, settings).alive():
        yield "pages are served", lambda: _pages(settings)
        yield "the search index holds every dataset", lambda: _index(settings)
        yield "background jobs succeed", lambda: _jobs(settings)


def _start_cut_off(paths: Paths) -> bool:
    """Whether `up` alone mends what is found: a restore that was cut off is begun anew before."""
    if not exists(paths):
        return False
    state = recall(paths)
    return state.get("revision") == "" and state.get("restore") != "cut"


def _software(paths: Paths) -> Iterator[Finding]:
    if not installed(paths, with_tests=False):
        yield "It was made from other lock files, or never finished.", "run ./portal up, which brings it up to date."


def _disk(paths: Paths) -> Iterator[Finding]:
    free = shutil.disk_usage(paths.var if paths.var.exists() else paths.root).free
    if free < FREE_SPACE_NEEDED:
        yield f"Only {free // 1024**2} MiB are free.", "free some space: PostgreSQL stops when the disk is full."


def _memory() -> Iterator[Finding]:
    available = psutil.virtual_memory().available
    if available < 300 * 1024**2:
        yield f"Only {available // 1024**2} MiB of memory are available.", "end other programs, or lower TZC_WEB_WORKERS and TZC_SOLR_HEAP."


def _lock(paths: Paths) -> Iterator[Finding]:
    if not paths.lock.exists():
        return
    with paths.lock.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield f"A ./portal command is at work (process {handle.read().strip()}).", "wait until it has ended."


def _secrets(paths: Paths) -> Iterator[Finding]:
    for file in (paths.secrets, paths.ini, paths.run / "supervisord.conf", paths.run / "valkey.conf"):
        if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield f"{file} can be read by others.", f"chmod 600 '{file}'"
        if file.exists() and file.stat().st_uid != os.geteuid():
            yield f"{file} belongs to another user.", "run ./portal as the user who set it up."


def _territory(paths: Paths, settings: Settings) -> Iterator[Finding]:
    configuration.territory(paths, settings)
    return iter(())


def _ends(paths: Paths) -> Iterator[Finding]:
    state = recall(paths)
    if state.get("restore") == "cut":
        yield "A restore was cut off before its end.", "run ./portal restore FILE again."
    elif state.get("revision") == "":
        yield "The last start was cut off, or is under way.", "run ./portal up, which completes it."
    elif state.get("demo") == "cut":
        yield "The demonstration catalogue is not wholly loaded.", "run ./portal up, which completes it."
    if state.get("index") == "stale":
        yield "The search index is older than its schema or its database.", "run ./portal up, or ./portal ckan search-index rebuild"


def _parts(paths: Paths, settings: Settings) -> Iterator[Finding]:
    if not Supervisor(paths, settings).alive():
        yield "The portal does not run.", "run ./portal up"
        return
    for part in report(paths, settings)["parts"]:
        if part["up"] is False:
            last = _last_line(paths, part["name"])
            yield f"{part['title']} is {part['state']}{': ' + last if last else ''}.", f"read ./portal logs {part['name']}; then ./portal restart {part['name']}."


def _last_line(paths: Paths, part: str) -> str:
    with contextlib.suppress(OSError):
        lines = ready.logs(paths, part).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else ""
    return ""


def _given(settings: Settings) -> Iterator[Finding]:
    ready.check_given_servers(settings)
    return iter(())


def _pages(settings: Settings) -> Iterator[Finding]:
    for path in ("/", "/dataset/", "/catalog.ttl"):
        try:
            with urllib.request.urlopen(f"{settings.web_url}{path}", timeout=60) as answer:  # noqa: S310 -- the loopback
                answer.read()
        except (urllib.error.URLError, OSError) as error:
            yield f"{path} answers {error}.", "read ./portal logs web."


def _index(settings: Settings) -> Iterator[Finding]:
    from contextlib import closing

    import psycopg2

    query = urllib.parse.urlencode({"q": f'+entity_type:package +state:active +site_id:"{settings.site_id}"', "rows": 0, "wt": "json"})
    indexed = ready.ask_solr(settings, f"select?{query}")["response"]["numFound"]
    with closing(psycopg2.connect(settings.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM package WHERE state = 'active' AND extras ->> 'archived' IS NULL")
        row = cursor.fetchone()
    stored = row[0] if row else 0
    if indexed != stored:
        yield f"{stored} datasets are stored, {indexed} are in the index.", "./portal ckan search-index rebuild"


def _what(job: Job) -> str:
    """What a job is for: jobs for one thing each are told apart by that thing."""
    return f"{job.func_name} {job.args}" if job.func_name in RETRIED else str(job.func_name)


def _enqueued(job: Job) -> datetime:
    return job.enqueued_at or NEVER


def _jobs(settings: Settings) -> Iterator[Finding]:
    from redis import Redis
    from rq import Queue
    from rq.job import Job

    run_again = {job.function.replace(":", ".") for job in PERIODIC} | set(RETRIED)
    connection = Redis.from_url(settings.redis_url)
    for queue in Queue.all(connection=connection):
        if not queue.name.startswith(f"ckan:{settings.site_id}:"):
            continue
        failures, successes = (
            [job for job in Job.fetch_many(registry.get_job_ids(), connection=connection) if job]
            for registry in (queue.failed_job_registry, queue.finished_job_registry)
        )
        last_success: dict[str, datetime] = {}
        for job in sorted(successes, key=_enqueued):
            last_success[_what(job)] = _enqueued(job)
        once = [job.func_name for job in failures if job.func_name not in run_again]
        again = [_what(job) for job in failures if job.func_name in run_again and _enqueued(job) > last_success.get(_what(job), NEVER)]
        # one that failed once, say with a worker that was killed, is run again soon
        failed = once + [name for name in again if again.count(name) > 1]
        if failed:
            yield f"{len(failed)} {'job' if len(failed) == 1 else 'jobs'} of the queue {queue.name.rpartition(':')[2]} failed.", "read ./portal logs worker-… for the reason."
