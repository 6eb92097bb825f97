"""Up and down: the order in which a portal comes to life, and what is done only the first time."""
from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from . import children, configuration, postgres, ready, solr_home
from .console import StackError, say, step
from .parts import all_parts, valkey_configuration
from .paths import Paths
from .settings import SECRETS, Settings, exists, keep, load, prepare, write_private
from .supervise import Supervisor

STORES = ("postgres", "valkey", "solr")
SECONDS = {"postgres": 60, "valkey": 20, "solr": 90, "web": 120}


Account = dict[str, str]
"""`{"role", "name", "password"}` of an account made just now."""


def up(paths: Paths, demo: bool) -> tuple[Settings, list[Account]]:
    """Start everything that is not running; the first time, make and fill it too. Returns accounts whose password is shown once."""
    if recall(paths).get("restore") == "cut":
        raise StackError(
            "A restore was cut off before its end: databases and files may be of different times.",
            "run ./portal restore FILE again, or ./portal reset to begin anew.",
        )
    running = running_supervisor(paths)
    settings = settle(paths, running)
    report: dict[str, Any] = {}
    if running and recall(paths).get("revision") != revision(paths, settings):
        with step("settings or software have changed, or the last start was cut off: stopping the portal"):
            running.stop()
        running = None
    if running is None:
        for left in paths.run.glob("tmp*"):
            shutil.rmtree(left, ignore_errors=True)  # of a backup that was killed
        _compile(paths)
        begin(paths, settings)
        now = revision(paths, settings)
        if recall(paths).get("prepared") != now or first_password(paths).exists():
            with step("tables, accounts and axes"):
                report = prepare_database(paths)
            remember(paths, prepared=now)
        start_services(paths, settings)
        remember(paths, revision=now)
    else:
        say("The portal runs already; looking whether everything is in place.")
        report = prepare_database(paths) if first_password(paths).exists() else {}
        for part in all_parts(paths, settings):
            running.start_part(part.name)
        _await(running, paths, "web", ready.web(settings))
    accounts = _first_account(paths, report)
    if demo and settings.given.get("TZC_DEMO") != "0":
        accounts += load_demo(paths, settings)
    return settings, accounts


def _compile(paths: Paths) -> None:
    """Python's own form of our modules, so that not each process makes it for itself. Where the checkout cannot be written they do."""
    children.run([str(paths.python), "-m", "compileall", "-q", "ckanext-tzc", "schemas", "harvesters"], paths.root)


def settle(paths: Paths, running: Supervisor | None) -> Settings:
    """The settings of this start, remembered once the servers that they name have answered."""
    before = load(paths) if exists(paths) else None
    if before and not running and Supervisor(paths, before).end_orphans():
        say("  Ended what an earlier portal, killed in mid-work, had left running.")
    settings = prepare(paths, ours=before.ports if before and running else {})
    ready.check_given_servers(settings)
    # what is wrong is refused before it is remembered
    configuration.territory(paths, settings)
    configuration.bucket(settings)
    if _servers_of(settings) != (_servers_of(before) if before else []):
        remember(paths, index="stale")
        if before:
            say("  Other servers are given than before. What the former ones hold is not moved: ./portal backup and ./portal restore do that.")
    keep(paths, settings)
    return settings


def _servers_of(settings: Settings) -> list[str]:
    return [settings.given[name] for name in ("TZC_DATABASE_URL", "TZC_DATASTORE_URL", "TZC_SOLR_URL") if settings.given.get(name)]


def begin(paths: Paths, settings: Settings) -> None:
    """Start the supervisor and the servers, with their folders, configuration and databases ready. Solr is still loading then."""
    remember(paths, revision="")
    configuration.write(paths, settings)
    if settings.embedded["postgres"]:
        with step("PostgreSQL's folder"):
            postgres.Postgres(paths).make_ready(settings)
    if settings.embedded["valkey"]:
        write_private(paths.run / "valkey.conf", valkey_configuration(paths, settings))
    if settings.embedded["solr"]:
        _make_solr_home(paths)
    supervisor = Supervisor(paths, settings)
    parts = all_parts(paths, settings)
    servers = [part for part in parts if part.name in STORES]
    with step("the servers: " + (", ".join(part.title for part in servers) or "all are given")):
        supervisor.start(parts)
        for part in servers:
            supervisor.start_part(part.name)
        if settings.embedded["postgres"]:
            _await(supervisor, paths, "postgres", ready.postgres(settings.superuser_url))
            postgres.make_databases(settings)
        if settings.embedded["valkey"]:
            _await(supervisor, paths, "valkey", ready.redis(settings.redis_url))


def _make_solr_home(paths: Paths) -> None:
    source = paths.root / "config" / "solr"
    if solr_home.words_change(source, paths.solr):
        remember(paths, index="stale" if "index" in recall(paths) else "fresh")  # in a new portal nothing is indexed yet
    solr_home.build(source, paths.solr, ["ckan"])


def revision(paths: Paths, settings: Settings) -> str:
    """Identify what a running portal was started from: settings, programs, code, the territory. When it differs, the portal starts anew."""
    supervisor = Supervisor(paths, settings)
    parts = all_parts(paths, settings)
    digest = hashlib.sha256(configuration.render(paths, settings).encode())
    digest.update(supervisor.render(parts).encode())
    digest.update("".join(part_command for part in parts for part_command in part.command).encode())
    digest.update(settings.given.get("TZC_SOLR_HEAP", "").encode())
    for file in _sources(paths, settings):
        digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()


def _sources(paths: Paths, settings: Settings) -> list[Path]:
    folders = [paths.root / name for name in ("ckanext-tzc", "schemas", "harvesters", "config/solr", "config/locks")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return [*sorted(files), *configuration.territory_sources(paths, settings)]


def start_services(paths: Paths, settings: Settings) -> None:
    """Start the web server, then the workers and the scheduler; return when the first page can be had."""
    supervisor = Supervisor(paths, settings)
    with step("the web server" + (" and Solr" if settings.embedded["solr"] else "")):
        supervisor.start_part("web")
        if settings.embedded["solr"]:
            _await(supervisor, paths, "solr", ready.solr(settings))
        _await(supervisor, paths, "web", ready.web(settings))
    with step("the workers and the scheduler"):
        others = [part.name for part in all_parts(paths, settings) if part.name not in {*STORES, "web"}]
        for name in others:
            supervisor.start_part(name)
        supervisor.await_running(others, SECONDS["web"])
    if recall(paths).get("index") == "stale":
        with step("the search index"):
            ckan(paths, ["search-index", "rebuild", "--force", "--quiet"])
        remember(paths, index="fresh")


def prepare_database(paths: Paths) -> dict[str, Any]:
    """Run every migration, make the first account and the territory's axes; return what was made.

    The first account's password is kept in `var` until it has been shown.
    """
    first = first_password(paths)
    if not first.exists():
        write_private(first, json.dumps({"password": secrets.token_urlsafe(12)}))
    output = ckan(paths, ["tzc", "prepare"], {"TZC_ADMIN_PASSWORD": json.loads(first.read_text())["password"]})
    report: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return report


def load_demo(paths: Paths, settings: Settings) -> list[Account]:
    """Load the demonstration catalogue once, where it is about this territory; what a cut load has loaded is not loaded again."""
    if recall(paths).get("demo") == "loaded":
        return []
    if not configuration.demonstration_fits(paths, settings):
        say("  The demonstration catalogue is about another territory: this one starts empty.")
        return []
    cut = recall(paths).get("demo") == "cut"
    remember(paths, demo="cut")
    with step("the demonstration catalogue, through the same actions a partner uses"):
        report = json.loads(ckan(paths, ["tzc", "demo", "load", "--json", "--once"]).strip().splitlines()[-1])
        ckan(paths, ["tzc", "sensors", "demo"])
    remember(paths, demo="loaded")
    accounts: list[Account] = report["accounts"]
    if cut and not accounts:
        say("  The first load was cut off before its partner's password could be shown. A new one: ./portal ckan user setpass NAME (./portal ckan user list)")
    return accounts


def first_password(paths: Paths) -> Path:
    """Holds the administrator's first password until `tell` has shown it."""
    return paths.var / "first-account.json"


def _first_account(paths: Paths, report: dict[str, Any]) -> list[Account]:
    """The administrator made at the first start, until it has been shown."""
    first = first_password(paths)
    if not report.get("administrator"):
        first.unlink(missing_ok=True)
        return []
    return [{"role": "Administrator", "name": report["administrator"], "password": json.loads(first.read_text())["password"]}]


def down(paths: Paths) -> None:
    """Stop everything that this portal started."""
    if not exists(paths):
        say("Nothing runs here: the portal was never set up in this folder.")
        return
    supervisor = Supervisor(paths, load(paths))
    alive = supervisor.alive()
    with step("stopping the portal" if alive else "looking for what a killed portal left running"):
        supervisor.stop()
    say(f"The portal is stopped; its data stay in {paths.var}." if alive else "The portal was not running.")


def stop_if_running(paths: Paths) -> None:
    """Stop the portal before its software changes."""
    supervisor = running_supervisor(paths)
    if supervisor:
        supervisor.stop()
        say("  The software changes: the portal that ran has been stopped.")


def restart(paths: Paths, name: str | None) -> int:
    """Stop and start one part, or without a name every part that is no server; return when pages answer again."""
    settings = load(paths)
    supervisor = Supervisor(paths, settings)
    if not supervisor.alive():
        raise StackError("The portal does not run.", "run ./portal up")
    parts = all_parts(paths, settings)
    # a release may need a secret that an earlier one did not make
    if recall(paths).get("revision") == "" or supervisor.written() != supervisor.render(parts) or not set(SECRETS) <= set(settings.secret):
        raise StackError("The last start was cut off, or the way parts are started has changed.", "run ./portal up, which mends that.")
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
    if exists(paths):
        try:
            Supervisor(paths, load(paths)).stop()
        except StackError as error:  # a damaged file must not keep the data from being deleted
            say(f"  {error.reason} Parts that run are not known; end them by hand.")
    postgres.Postgres(paths).remove()
    lock = paths.lock.name
    for entry in paths.var.iterdir() if paths.var.exists() else []:
        if entry.name == lock:
            continue
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def ckan(paths: Paths, arguments: list[str], extra: dict[str, str] | None = None) -> str:
    """Run one of CKAN's commands to its end; return what it printed."""
    command = [str(paths.python), "-m", "tzc_stack.ckan_command", *arguments]
    done = children.run(command, paths.run, ckan_environment(paths, extra))
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


def running_supervisor(paths: Paths) -> Supervisor | None:
    """The supervisor of this portal if it runs."""
    supervisor = Supervisor(paths, load(paths)) if exists(paths) else None
    return supervisor if supervisor and supervisor.alive() else None


PATIENCE = 10
"""Seconds that a part which ends right after each start is given to recover."""


def _await(supervisor: Supervisor, paths: Paths, name: str, probe: ready.Probe) -> None:
    part = next(part for part in all_parts(paths, supervisor.settings) if part.name == name)
    begun = time.monotonic()
    ready.wait(part.title, probe, SECONDS[name], ready.logs(paths, name), lambda: time.monotonic() - begun > PATIENCE and supervisor.failing(name))


def recall(paths: Paths) -> dict[str, str]:
    """What `remember` kept: `index`, `demo`, `restore`; the `revision` that runs, and the one the databases were `prepared` for."""
    file = paths.var / "state.json"
    try:
        content: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError:
        return {}  # damaged: everything is looked at again
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
    first_password(paths).unlink(missing_ok=True)
    if os.geteuid() == 0:
        say("Pages and jobs run as root here: good for a trial; a portal for the public is better set up by an ordinary user.\n")
    say("Next: open the address, sign in, and press “Ajouter des données”.")
    say("      ./portal status shows the parts; ./portal down stops them; ./portal --help lists the rest.")
