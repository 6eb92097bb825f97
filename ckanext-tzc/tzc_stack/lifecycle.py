"""Up and down: the order in which a portal comes to life, and what is done only the first time."""
from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from typing import Any

from . import configuration, postgres, ready, solr_home
from .console import StackError, say, step
from .parts import Part, all_parts, valkey_configuration
from .paths import Paths
from .settings import Settings, load, prepare, write_private
from .supervise import Supervisor

STORES = ("postgres", "valkey", "solr")
SECONDS = {"postgres": 60, "valkey": 20, "solr": 90, "web": 120}


Account = dict[str, str]
"""`{"role", "name", "password"}` of an account made just now."""


def up(paths: Paths, demo: bool) -> tuple[Settings, list[Account]]:
    """Start everything that is not running; the first time, make and fill it too. Returns accounts whose password is shown once."""
    running = _running(paths)
    settings = prepare(paths, running=running is not None)
    report: dict[str, Any] = {}
    if running is None:
        begin(paths, settings)
    if running is None or recall(paths).get("services") != "started":
        with step("tables, accounts and axes"):
            report = prepare_database(paths)
        start_services(paths, settings)
        remember(paths, services="started")
    else:
        say("The portal runs already; looking whether everything is in place.")
        for part in all_parts(paths, settings):
            running.start_part(part.name)
        ready.wait("The web server", ready.web(settings), SECONDS["web"], ready.logs(paths, "web"))
    accounts = _first_account(paths, report)
    if demo and settings.given.get("TZC_DEMO") != "0":
        accounts += load_demo(paths)
    return settings, accounts


def begin(paths: Paths, settings: Settings) -> None:
    """Start the supervisor and the servers, with their folders, configuration and databases ready."""
    supervisor = Supervisor(paths, settings)
    remember(paths, services="starting")
    if supervisor.end_orphans():
        say("  Ended what an earlier portal, killed in mid-work, had left running.")
    configuration.write(paths, settings)
    ready.check_given_servers(settings)
    parts = all_parts(paths, settings)
    if settings.embedded["postgres"]:
        with step("PostgreSQL's folder"):
            postgres.Postgres(paths).make_ready(settings)
    if settings.embedded["valkey"]:
        write_private(paths.run / "valkey.conf", valkey_configuration(paths, settings))
    if settings.embedded["solr"] and solr_home.build(paths.root / "config" / "solr", paths.solr, ["ckan"]):
        remember(paths, index="stale")
    servers = [part for part in parts if part.name in STORES]
    with step("the servers: " + (", ".join(part.title for part in servers) or "all given")):
        supervisor.start(parts)
        for part in servers:
            supervisor.start_part(part.name)
        if settings.embedded["postgres"]:
            _await(supervisor, paths, "postgres", ready.postgres(settings.superuser_url))
            postgres.make_databases(settings)
        if settings.embedded["valkey"]:
            _await(supervisor, paths, "valkey", ready.redis(settings.redis_url))
        if settings.embedded["solr"]:
            _await(supervisor, paths, "solr", ready.solr(settings))


def start_services(paths: Paths, settings: Settings) -> None:
    """Start the web server, the workers and the scheduler; return when the first page can be had."""
    supervisor = Supervisor(paths, settings)
    with step("the web server, the workers and the scheduler"):
        for part in all_parts(paths, settings):
            if part.name not in STORES:
                supervisor.start_part(part.name)
        _await(supervisor, paths, "web", ready.web(settings))
    if recall(paths).get("index") == "stale":
        with step("the search index"):
            ckan(paths, ["search-index", "rebuild", "--force", "--quiet"])
        remember(paths, index="fresh")


def prepare_database(paths: Paths) -> dict[str, Any]:
    """Run every migration, make the first account and the territory's axes; return what was made.

    The first account's password is kept in `var` until it has been shown.
    """
    first = paths.var / "first-account.json"
    if not first.exists():
        write_private(first, json.dumps({"password": secrets.token_urlsafe(12)}))
    output = ckan(paths, ["tzc", "prepare"], {"TZC_ADMIN_PASSWORD": json.loads(first.read_text())["password"]})
    report: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return report


def load_demo(paths: Paths) -> list[Account]:
    """Load the demonstration catalogue once; what a cut load has loaded is not loaded again."""
    if recall(paths).get("demo") == "loaded":
        return []
    with step("the demonstration catalogue, through the same actions a partner uses"):
        report = json.loads(ckan(paths, ["tzc", "demo", "load", "--json", "--once"]).strip().splitlines()[-1])
    remember(paths, demo="loaded")
    accounts: list[Account] = report["accounts"]
    return accounts


def _first_account(paths: Paths, report: dict[str, Any]) -> list[Account]:
    """The administrator made at the first start, until it has been shown."""
    first = paths.var / "first-account.json"
    if not report.get("administrator"):
        first.unlink(missing_ok=True)
        return []
    return [{"role": "Administrator", "name": report["administrator"], "password": json.loads(first.read_text())["password"]}]


def down(paths: Paths) -> None:
    """Stop everything that this portal started."""
    if not paths.secrets.exists():
        say("Nothing runs here: the portal was never set up in this folder.")
        return
    supervisor = Supervisor(paths, load(paths))
    alive = supervisor.alive()
    with step("stopping the portal" if alive else "looking for what a killed portal left running"):
        supervisor.stop()
    say("The portal is stopped; its data stay in var." if alive else "The portal was not running.")


def restart(paths: Paths, name: str | None) -> int:
    """Stop and start one part, or without a name every part that is no server; return when pages answer again."""
    settings = load(paths)
    supervisor = Supervisor(paths, settings)
    if not supervisor.alive():
        raise StackError("The portal does not run.", "run ./portal up")
    parts = all_parts(paths, settings)
    chosen = [part for part in parts if part.name == name or (name is None and part.name not in STORES)]
    if not chosen:
        raise StackError(f"There is no part {name} here.", f"give one of: {', '.join(part.name for part in parts)}")
    configuration.write(paths, settings)
    with step("restarting " + ", ".join(part.title for part in chosen)):
        for part in chosen:
            supervisor.stop_part(part.name)
        for part in chosen:
            supervisor.start_part(part.name)
        _await(supervisor, paths, "web", ready.web(settings))
    return 0


def reset(paths: Paths) -> None:
    """Stop the portal and delete its data. The software stays."""
    if paths.secrets.exists():
        Supervisor(paths, load(paths)).stop()
    postgres.Postgres(paths).remove()
    lock = paths.lock.name
    for entry in paths.var.iterdir() if paths.var.exists() else []:
        if entry.name == lock:
            continue
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def ckan(paths: Paths, arguments: list[str], extra: dict[str, str] | None = None) -> str:
    """Run one of CKAN's commands to its end; return what it printed."""
    command = [str(paths.python), "-m", "tzc_stack.ckan_command", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ckan_environment(paths, extra), cwd=paths.run)
    if done.returncode:
        log = paths.log / "command.log"
        log.write_text(f"ckan {' '.join(arguments)}\n{done.stdout}\n{done.stderr}", encoding="utf-8")
        last = "\n".join(f"  | {line[:200]}" for line in (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:])
        raise StackError(f"`ckan {' '.join(arguments)}` failed:\n{last}", f"read {log}; then run the same command again.")
    return done.stdout


def ckan_environment(paths: Paths, extra: dict[str, str] | None = None) -> dict[str, str]:
    """What CKAN's processes inherit: the person's environment without TZC settings, which stand in the configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TZC_", "CKAN_"))}
    return {**kept, "CKAN_INI": str(paths.ini), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", **(extra or {})}


def _running(paths: Paths) -> Supervisor | None:
    if not (paths.secrets.exists() and paths.ports.exists()):
        return None
    supervisor = Supervisor(paths, load(paths))
    return supervisor if supervisor.alive() else None


def _await(supervisor: Supervisor, paths: Paths, name: str, probe: ready.Probe) -> None:
    part = next(part for part in all_parts(paths, supervisor.settings) if part.name == name)
    ready.wait(part.title, probe, SECONDS[name], ready.logs(paths, name))


def recall(paths: Paths) -> dict[str, str]:
    """What `remember` kept: `index`, `demo`, `services`."""
    file = paths.var / "state.json"
    content: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return content


def remember(paths: Paths, **facts: str) -> None:
    """Keep facts about this portal across starts."""
    write_private(paths.var / "state.json", json.dumps({**recall(paths), **facts}))


def tell(paths: Paths, settings: Settings, accounts: list[Account]) -> None:
    """The address, the accounts (each password once) and what to do next."""
    say(f"\nThe portal is up:  {settings.site_url}\n")
    for account in accounts:
        say(f"  {account['role']:<14} {account['name']:<26} password {account['password']}")
    if accounts:
        say("  Passwords are shown this once; sign-in is at /user/login. A new password: ./portal ckan user setpass NAME\n")
    (paths.var / "first-account.json").unlink(missing_ok=True)
    say("Next: open the address, sign in, and press “Ajouter un jeu de données”.")
    say("      ./portal status shows the parts; ./portal down stops them; ./portal --help lists the rest.")
