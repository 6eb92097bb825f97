"""One part alone, in the foreground, on given servers: for a container, or for a service manager on one of several machines.

`run` becomes the part: nothing is supervised, nothing is remembered that another start needs. `health` asks the part that `run` became.
"""
from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import NoReturn

from . import configuration, lifecycle, ready
from .console import StackError, say
from .parts import Part, all_parts, environment
from .paths import Paths
from .settings import Settings, exists, keep, load, prepare, write_private

PREPARE = "prepare"
"""No part: runs the migrations, makes the first administrator and the axes, and ends."""

SERVERS = ("TZC_DATABASE_URL", "TZC_DATASTORE_URL", "TZC_DATASTORE_READ_URL", "TZC_REDIS_URL", "TZC_SOLR_URL")


def run(paths: Paths, name: str, patience: float) -> int:
    """Become one part, once every server answers; give up after `patience` seconds."""
    settings = _settings(paths, name)
    part = _part(paths, settings, name)
    ready.await_given_servers(settings, patience)
    keep(paths, settings)
    configuration.write(paths, settings)
    if part is None:
        return _prepare(paths)
    write_private(_record(paths), json.dumps({"part": name, "pid": os.getpid()}))
    return _become(paths, settings, part)


def _settings(paths: Paths, name: str) -> Settings:
    settings = prepare(paths, ours=None)
    missing = [server for server in SERVERS if not settings.given.get(server)]
    if missing:
        raise StackError(
            f"./portal run starts no server, and {', '.join(missing)} is not given.",
            f"give it, or a file that holds it as {missing[0]}_FILE; ./portal up brings servers of its own.",
        )
    if not exists(paths) and "TZC_SECRETS" not in settings.given:
        raise StackError(
            f"TZC_SECRETS is not given: {name} would have secrets of its own, and no session or job of the other parts would be its.",
            "give each part of one portal the same TZC_SECRETS_FILE; docker/make-secrets writes one.",
        )
    return settings


def _part(paths: Paths, settings: Settings, name: str) -> Part | None:
    if name == PREPARE:
        return None
    parts = {part.name: part for part in all_parts(paths, settings)}
    if name not in parts:
        raise StackError(f"There is no part {name} here.", f"give one of: {PREPARE}, {', '.join(parts)}")
    return parts[name]


def _prepare(paths: Paths) -> int:
    """The first administrator gets a password nobody knows: a log is no place for one."""
    report = lifecycle.prepare_database(paths)
    lifecycle.first_password(paths).unlink(missing_ok=True)
    say("The databases are ready for this release.")
    if report["administrator"]:
        say(f"An administrator was made: {report['administrator']}. Give it a password: portal ckan user setpass {report['administrator']}")
    return 0


def _become(paths: Paths, settings: Settings, part: Part) -> NoReturn:
    os.chdir(paths.run)
    os.execve(part.command[0], part.command, {**lifecycle.ckan_environment(paths), **environment(paths, settings)})  # noqa: S606 -- no shell is wanted


def health(paths: Paths) -> int:
    """Ask the part that `run` became here; StackError with the reason when it is not well."""
    if not _record(paths).exists():
        raise StackError("No part was started here by ./portal run.", "./portal status and ./portal doctor look at a portal that ./portal up started.")
    part, pid = json.loads(_record(paths).read_text(encoding="utf-8")).values()
    try:
        _probe(load(paths), part, pid)()
    except Exception as error:  # each client library has errors of its own; it is reported
        raise StackError(f"{part} is not well: {type(error).__name__}: {error}", "read its log; start it anew.") from error
    say(f"{part} is well.")
    return 0


def _probe(settings: Settings, part: str, pid: int) -> ready.Probe:
    """The web server answers; a worker has said within eight minutes that it is alive; the others have nothing to ask but their queue."""
    if part == "web":
        return ready.web(settings)
    return _worker_known(settings, pid) if part.startswith("worker-") else ready.redis(settings.redis_url)


def _worker_known(settings: Settings, pid: int) -> ready.Probe:
    def probe() -> None:
        from redis import Redis
        from rq import Worker

        connection = Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=5)
        if not any(worker.hostname == socket.gethostname() and worker.pid == pid for worker in Worker.all(connection=connection)):
            raise LookupError("its queue's server has not heard of it")

    return probe


def _record(paths: Paths) -> Path:
    """Says which part runs here."""
    return paths.run / "part.json"
