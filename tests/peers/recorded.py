"""Recordings that other people's published packages carry, read as they came. A package is fetched once, by its index's own client, and held to the hash of its lock; its archive
is not unpacked, and nothing in it is run. What is in which package: `tests/domain/harvesters/sensors/samples/README.md` and, of catalogues, `tests/domain/harvesters/recordings/README.md`.
"""
from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

LOCKS = Path(__file__).resolve().parents[2] / "config" / "locks"
PYPI, NPM, CRATES = LOCKS / "recorded.txt", LOCKS / "recorded-npm.txt", LOCKS / "recorded-crates.txt"
PATIENCE = 200
"""Seconds for packages to come."""

SOURCES = "ttn-client"
"""Packages of PyPI whose recordings are in their source alone, joined by commas."""


def read(folder: Path, name: str, path: str) -> bytes:
    """A file of a package in a folder of `npm`, `pypi` or `crates`."""
    [archive] = (found for found in folder.glob(f"{name}-*") if found.suffix in {".tgz", ".gz", ".crate"})
    top = "package" if archive.suffix == ".tgz" else archive.name.removesuffix(".tar.gz").removesuffix(".crate")
    with tarfile.open(archive) as packed:
        found = packed.extractfile(f"{top}/{path}")
        assert found is not None, path
        return found.read()


def npm() -> Path:
    """Where packages of npm are kept. Skips the test where they cannot be had."""
    client = _client("npm")

    def fetched(name: str, version: str, place: Path) -> Path:
        _fetched([client, "pack", f"{name}@{version}", "--ignore-scripts", "--loglevel", "error", "--pack-destination", str(place)])
        return place / f"{name}-{version}.tgz"

    return _kept(NPM, fetched)


def crates() -> Path:
    """Where packages of Rust are kept. Skips the test where they cannot be had."""
    client = _client("cargo")

    def fetched(name: str, version: str, place: Path) -> Path:
        _fetched([client, "info", "--quiet", f"{name}@{version}"], {"CARGO_HOME": str(place)})
        return next(place.rglob(f"{name}-{version}.crate"))

    return _kept(CRATES, fetched)


def _client(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not at hand: packages of its index cannot be fetched")
    return found


def _kept(lock: Path, fetch: Callable[[str, str, Path], Path]) -> Path:
    """The folder of a list of names, versions and hashes, with the archive of each."""
    folder = _folder(lock)
    for line in lock.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, version, digest = line.split()
        kept = next(folder.glob(f"{name}-{version}.*"), None)
        if kept is None:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                came = fetch(name, version, Path(place))
                kept = came.rename(folder / came.name)
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest, f"{name} is not what the lock names"
    return folder


def pypi() -> Path:
    """Where packages of PyPI are kept that are source. Skips the test where they cannot be had."""
    if sys.version_info < (3, 11):
        pytest.skip("the packages need Python 3.11")
    folder = _folder(PYPI)
    ready = folder / "ready"
    if not ready.exists():
        with tempfile.TemporaryDirectory() as place:
            venv.create(place, with_pip=True)
            pip = [str(Path(place) / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
            locked = ["--require-hashes", "--no-deps", "--requirement", str(PYPI)]
            # what would build a package is asked for its name, before pip keeps its source: that is locked, too
            _fetched([*pip, "install", "--only-binary", ":all:", *locked])
            _fetched([*pip, "download", "--no-build-isolation", "--no-binary", SOURCES, "--dest", str(folder), *locked])
        ready.touch()
    return folder


def _folder(lock: Path) -> Path:
    """Where packages of a lock stay: beside the portal's software, as long as that. Those of a lock before this one go."""
    parent, kind = Path(sys.prefix) / "peers", f"{lock.stem}-of-"
    folder = parent / f"{kind}{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    for other in parent.glob(f"{kind}*"):
        if other != folder:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fetched(command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env={**os.environ, **(more or {})})
    except subprocess.TimeoutExpired:
        pytest.skip(f"packages could not be fetched within {PATIENCE} s")
    if done.returncode:
        pytest.skip(f"packages could not be fetched: {done.stderr.strip()[:300]}")


_MESSAGE = re.compile(r"const topic ?= ?(['\"])(?P<topic>[^'\"]+)\1;\s*(?:// ?)?const message ?= ?(?P<message>\{.*?\});", re.DOTALL)


def messages(program: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Topics and messages that a program of JavaScript has as literals, in its remarks, too. What is no JSON, as its keys have no quotes, is YAML."""
    for found in _MESSAGE.finditer(program):
        try:
            yield found["topic"], json.loads(found["message"])
        except ValueError:
            yield found["topic"], yaml.safe_load(found["message"])
