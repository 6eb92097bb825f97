"""`./portal test` and `./portal bench`: each on a stack of its own, in a scratch folder that is gone afterwards."""
from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import importlib.util
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit, urlunsplit

from . import children, configuration, lifecycle, solr_home
from .console import StackError, say, step
from .paths import Paths
from .settings import NAMES, Settings, write_private

CHECKS = (
    ("ruff", ["-m", "ruff", "check", "."]),
    ("mypy, strict, on the pure floor, the stack and the harvesters", ["-m", "mypy", "ckanext-tzc/tzc", "ckanext-tzc/tzc_stack", "harvesters"]),
    ("import contracts", ["-m", "tzc_stack.contracts"]),
)

WITHOUT_SERVERS = ("tests/domain", "tests/house")
"""Folders whose tests need no running part."""

IN_THE_TEST_DATABASES = "tests/portal"
"""The folder whose tests empty the databases and the index of the tests."""

WITH_A_PORTAL_OF_THEIR_OWN = "tests/stack"
"""The folder whose tests meet neither the running portal nor the databases of the tests."""

LANES = 3
"""Processes that run tests at once, each with databases of its own: one more than there are processors, as tests of whole portals mostly wait."""

PLUGINS = ("pytest_timeout", "_hypothesis_pytestplugin", "faker.contrib.pytest.plugin")
CKAN_PLUGINS = ("pytest_factoryboy.plugin", "ckan.tests.pytest_ckan.ckan_setup", "ckan.tests.pytest_ckan.fixtures")
"""pytest's plugins by name: those that it finds by itself are rewritten for their assertions, and with CKAN's two all of CKAN, anew in each process: three seconds."""

HOMES = "courbes-des-habitants"
"""The dataset that meters belong to; there is none until a test in a browser makes it."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def run(paths: Paths, arguments: Sequence[str]) -> int:
    """Run all checks, then pytest with `arguments`; with arguments, only pytest. The exit code is 0 when all passed."""
    chosen = [word for word in arguments if not word.startswith("-") and (paths.root / word.partition("::")[0]).exists()]
    # a file given as an option's value is no choice, but then a path is given too
    if chosen and all(word.startswith(WITHOUT_SERVERS) for word in chosen):
        return _pytest(paths, ["-p", "no:ckan", "-p", "no:ckan_fixtures", *arguments], {})
    # the start of a portal and the checks need a processor each
    with concurrent.futures.ThreadPoolExecutor(1) as beside, contextlib.ExitStack() as until_the_end:
        checks = None if arguments else beside.submit(_checks, paths)
        browser, mail = find_browser(), _free_address()
        given = {"TZC_SMTP_URL": f"smtp://{mail}", "TZC_HARVEST_KINDS": "dcat_rdf", "TZC_HOMES_DATASET": HOMES}
        own, settings, accounts = until_the_end.enter_context(stack(paths, given=given))
        environment = {
            "TZC_TEST_STACK": str(own.var),
            "TZC_TEST_ACCOUNTS": json.dumps(accounts),
            "TZC_TEST_BROWSER": browser or "",
            "TZC_TEST_SMTP": mail,
        }
        inis = [test_configuration(own, settings, number) for number in range(1, 2 if arguments else LANES + 1)]
        failed = checks.result() if checks else []
        if failed:
            say(f"Checks that failed: {', '.join(failed)}. The tests run all the same.")
        code = _pytest(paths, *_with(inis[0], arguments, environment)) if arguments else _all(paths, inis, environment)
    return code or (1 if failed else 0)


def _checks(paths: Paths) -> list[str]:
    """All checks; the titles of those that failed."""
    failed = [title for title, command in CHECKS if not _check(paths, title, command)]
    _audit(paths)
    return failed


def _with(ini: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of tests in the databases of a configuration."""
    return ["--ckan-ini", str(ini), *arguments], {**environment, "CKAN_INI": str(ini)}


def _all(paths: Paths, inis: Sequence[Path], environment: Mapping[str, str]) -> int:
    """All tests, group by group, as many at once as there are configurations: whoever is done with one takes the next. Each group's report comes when it is done."""
    waiting = _groups(paths)
    codes: dict[str, int] = {}
    lanes = [threading.Thread(target=_lane, args=(paths, ini, environment, waiting, codes), daemon=True) for ini in inis]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    failed = sorted(name for name, code in codes.items() if code)
    say(f"{len(codes)} groups of tests; failed: {', '.join(failed) or 'none'}.")
    return next((codes[name] for name in failed), 0)


Group = tuple[str, list[str]]


def _groups(paths: Paths) -> queue.SimpleQueue[Group]:
    """What is run in one process, the longest first: what has a portal of its own; each folder that empties the databases, those with the most files first; among them the rest."""
    folder = paths.root / IN_THE_TEST_DATABASES
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("test_") or (entry.is_dir() and any(entry.glob("test_*.py"))))
    names.sort(key=lambda name: -len(list((folder / name).glob("test_*.py"))))
    apart = [WITH_A_PORTAL_OF_THEIR_OWN, *(f"{IN_THE_TEST_DATABASES}/{name}" for name in names)]
    groups = [(name, [name]) for name in apart]
    # behind the first of each lane: browsers and the parts of portals that start at once would wait for each other
    groups.insert(LANES, ("tests", [f"--ignore={IN_THE_TEST_DATABASES}", f"--ignore={WITH_A_PORTAL_OF_THEIR_OWN}"]))
    waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
    for group in groups:
        waiting.put(group)
    return waiting


def _lane(paths: Paths, ini: Path, environment: Mapping[str, str], waiting: queue.SimpleQueue[Group], codes: dict[str, int]) -> None:
    """Run groups until none is left."""
    while True:
        try:
            name, arguments = waiting.get_nowait()
        except queue.Empty:
            return
        began, codes[name] = time.monotonic(), 1  # until it is known to be otherwise
        chosen, own = _with(ini, arguments, environment)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as report:
            codes[name] = children.start(_command(paths, chosen), paths.root, _environment(own), report).wait()
            report.seek(0)
            say(f"{report.read()}\n{name}: {'failed' if codes[name] else 'passed'} in {time.monotonic() - began:.0f} s.")


def _free_address() -> str:
    """Of the loopback, where nobody listens: the portal sends its mails there, and the tests that read them take them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _check(paths: Paths, title: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run([str(paths.python), *command], cwd=paths.root, capture_output=True, text=True, check=False, env=_quiet_environment(paths))
    if done.returncode:
        say((done.stdout + done.stderr).strip()[-6000:])
    say(f"  {title}: {'FAILED' if done.returncode else 'passed'} in {time.monotonic() - began:.1f} s")
    return done.returncode == 0


def _audit(paths: Paths) -> None:
    """Say which of the locked packages have known holes, when an index that knows answers. It fails nothing: a hole found tonight is no fault of this change."""
    command = [str(paths.python), "-m", "pip_audit", "-r", str(paths.root / "config" / "locks" / "portal.txt"), "--require-hashes", "--disable-pip"]
    quiet = ["--progress-spinner", "off", "--timeout", "15", "--format", "json"]
    try:
        done = subprocess.run([*command, *quiet], cwd=paths.root, capture_output=True, text=True, check=False, timeout=120)
        told = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        told = []
    known = [entry for entry in told if "vulns" in entry]
    if not known:
        say("  No index answered that knows of holes; nothing is said about them.")
        return
    holes = [f"{entry['name']} {entry['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}" for entry in known for hole in entry["vulns"]]
    say(f"  {len(known)} of {len(told)} packages looked up, {len(holes)} known holes." + "".join(f"\n    {hole}" for hole in holes))


def _quiet_environment(paths: Paths) -> dict[str, str]:
    cache = tempfile.gettempdir()
    own = {"PYTHONDONTWRITEBYTECODE": "1", "RUFF_NO_CACHE": "true", "MYPY_CACHE_DIR": f"{cache}/tzc-mypy-{os.geteuid()}", "MYPYPATH": str(paths.root / "ckanext-tzc")}
    return {**os.environ, **own}


def _pytest(paths: Paths, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(_command(paths, arguments), cwd=paths.root, check=False, env=_environment(environment)).returncode


def _command(paths: Paths, arguments: Sequence[str]) -> list[str]:
    plugins = [word for name in (*PLUGINS, *(() if "no:ckan" in arguments else CKAN_PLUGINS)) for word in ("-p", name)]
    return [str(paths.python), "-m", "pytest", "--rootdir", str(paths.root), "--config-file", str(paths.root / "pyproject.toml"), *plugins, *arguments]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NAMES and not name.startswith("CKAN_")}
    return {**inherited, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}


@contextlib.contextmanager
def stack(paths: Paths, demo: bool = False, given: Mapping[str, str] | None = None) -> Iterator[tuple[Paths, Settings, list[lifecycle.Account]]]:
    """A portal in a scratch folder, stopped and deleted at the end whatever happens."""
    scratch = Path(tempfile.mkdtemp(prefix="tzc-test-"))
    scratch.chmod(0o755)  # PostgreSQL's own user passes through
    own = dataclasses.replace(paths, var=scratch / "var")
    before = {name: os.environ.pop(name, None) for name in NAMES}
    os.environ.update(given or {})
    try:
        settings, accounts = lifecycle.up(own, demo=demo)
        say(f"  The stack of the tests: {settings.site_url}")
        yield own, settings, accounts
    finally:
        for name in NAMES:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})
        with contextlib.suppress(StackError):
            lifecycle.reset(own)
        shutil.rmtree(scratch, ignore_errors=True)


def test_configuration(paths: Paths, settings: Settings, number: int = 1) -> Path:
    """Another configuration on the same servers, whose databases and index the tests may empty; all but the first have copies of the first one's databases.

    Valkey has 16 databases, of which the portal has the first.
    """
    suffix = "" if number == 1 else str(number)
    second = dataclasses.replace(paths, var=paths.var / f"ckan{suffix}")
    for folder in (second.uploads, second.run, second.log):
        folder.mkdir(parents=True, exist_ok=True)
    with step(f"databases and an index for the tests, {number}"):
        urls = add_databases(settings, f"test{suffix}", like="test" if suffix else None, lasting=False)
        add_core(paths, settings, f"ckan_test{suffix}")
        urls |= {"TZC_SOLR_URL": settings.solr_url.replace("/solr/ckan", f"/solr/ckan_test{suffix}"), "TZC_REDIS_URL": _database(settings.redis_url, str(number))}
        # tests of mail have a mail server of their own, all others have none; no other program harvests, and no meters are kept, unless a test says so
        given = {name: value for name, value in settings.given.items() if name not in {"TZC_SMTP_URL", "TZC_HARVEST_KINDS", "TZC_HOMES_DATASET"}}
        own = dataclasses.replace(settings, given={**given, **urls})
        text = configuration.render(second, own).replace("[app:main]\nuse = egg:ckan", "[app:main]\nuse = egg:ckan\ntesting = true\nconfig.mode = strict")
        # CKAN's fixtures copy the configuration, and a copy of a Redis connection cannot be made
        text = text.replace("SESSION_TYPE = redis", "SESSION_TYPE = cookie")
        (second.var / "licences.json").write_text(json.dumps(configuration.licences(paths, own)), encoding="utf-8")
        write_private(second.var / "portal.ini", text.replace(f"ckan.site_url = {settings.site_url}", "ckan.site_url = http://test.ckan.net"))
        if not suffix:
            lifecycle.ckan(second, ["tzc", "prepare"], {"TZC_ADMIN_PASSWORD": "an-unused-password"})
    return second.ini


def add_databases(settings: Settings, suffix: str, like: str | None = None, lasting: bool = True) -> dict[str, str]:
    """Two more databases on the embedded server, empty or as those of another suffix; returns their addresses as settings. What need not last waits for no disk."""
    import psycopg2
    from psycopg2 import sql

    names = {"TZC_DATABASE_URL": f"tzc_{suffix}", "TZC_DATASTORE_URL": f"tzc_datastore_{suffix}"}
    with closing(psycopg2.connect(settings.superuser_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name in names.values():
                template = name.removesuffix(suffix) + like if like else "template0"
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER tzc ENCODING 'UTF8' TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
                if not lasting:
                    cursor.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    urls = {"TZC_DATABASE_URL": _database(settings.database_url, names["TZC_DATABASE_URL"]), "TZC_DATASTORE_URL": _database(settings.datastore_url, names["TZC_DATASTORE_URL"])}
    return {**urls, "TZC_DATASTORE_READ_URL": _database(settings.datastore_read_url, names["TZC_DATASTORE_URL"])}


def add_core(paths: Paths, settings: Settings, core: str) -> None:
    """One more core on the embedded Solr, with the same schema."""
    solr_home.build(paths.root / "config" / "solr", paths.solr, ["ckan"])
    (paths.solr / core).mkdir(exist_ok=True)
    _change_cores(settings.solr_url.removesuffix("/ckan"), f"action=CREATE&name={core}&configSet={solr_home.CONFIG_SET}&instanceDir={core}")


@contextlib.contextmanager
def stock_core(paths: Paths, settings: Settings) -> Iterator[str]:
    """A core with CKAN's schema as installed, and our solrconfig.xml without what is ours; its address. It is gone afterwards."""
    from importlib.resources import files

    folder = paths.solr / "configsets" / "stock" / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = ET.parse(paths.root / "config" / "solr" / "conf" / "solrconfig.xml")  # noqa: S314 -- our own file
    for place, own in OWN_IN_SOLRCONFIG:
        for parent in wanted.getroot().iterfind(place):
            for element in parent.findall(own):
                parent.remove(element)
    wanted.write(folder / "solrconfig.xml", encoding="utf-8", xml_declaration=True)
    (folder / "schema.xml").write_text((files("ckan") / "config" / "solr" / "schema.xml").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("stopwords.txt", "synonyms.txt", "protwords.txt"):
        (folder / name).touch()  # empty ones are what Solr's own default set has
    server = settings.solr_url.removesuffix("/ckan")
    gone = "action=UNLOAD&core=ckan_stock&deleteInstanceDir=true"
    with contextlib.suppress(urllib.error.HTTPError):  # there is none, but after a run that was cut
        _change_cores(server, gone)
    (paths.solr / "ckan_stock").mkdir(exist_ok=True)
    _change_cores(server, "action=CREATE&name=ckan_stock&configSet=stock&instanceDir=ckan_stock")
    try:
        yield f"{server}/ckan_stock"
    finally:
        _change_cores(server, gone)


OWN_IN_SOLRCONFIG = (
    (".", "searchComponent[@name='spelling']"), (".", "requestHandler[@name='/spelling']"), ("requestHandler/lst", "str[@name='pf']"), ("indexConfig", "useCompoundFile"),
)  # fmt: skip
"""What our own questions use, and one setting that Solr's default lacks: where it stands, and what it is."""


def _change_cores(server: str, change: str) -> None:
    with urllib.request.urlopen(f"{server}/admin/cores?{change}", timeout=60) as answer:  # noqa: S310 -- the loopback
        answer.read()


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def find_browser() -> str | None:
    """The path of Chromium or Chrome. As root on Debian it is installed with what drives it; None where there is none."""
    found = _browser()
    if found and _driver_runs():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Chromium, for the browser tests"):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            # libatomic1: the program that drives the browser needs it, and a bare Debian lacks it
            for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium", "fonts-dejavu", "libatomic1"]):
                subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        found = _browser()
    if not found:
        say("  No Chromium or Chrome was found: browser tests are skipped. Install one to run them.")
        return None
    if not _driver_runs():
        say("  The program that drives the browser does not start: browser tests are skipped. Install libatomic1 to run them.")
        return None
    return found


def _browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _driver_runs() -> bool:
    """Whether Playwright's own Node starts on this system."""
    package = importlib.util.find_spec("playwright")
    if package is None or package.origin is None:
        return False
    done = subprocess.run([str(Path(package.origin).parent / "driver" / "node"), "--version"], capture_output=True, check=False)
    return done.returncode == 0


def run_benchmark(paths: Paths, arguments: Sequence[str]) -> int:
    """Run one benchmark of `tests/bench`, or all; each prints one JSON line a figure."""
    folder = paths.root / "tests" / "bench"
    known = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    names = list(arguments) or known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StackError(f"There is no benchmark {unknown[0]}.", f"give one of: {', '.join(known)}")
    for name in names:
        module = _load(folder / f"{name}.py")
        with stack(paths) as (own, settings, accounts):
            for figure in module.figures(own, settings, accounts):
                say(json.dumps(figure))
    return 0


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{file.stem}", file)
    assert spec is not None and spec.loader is not None, "a Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module
