"""Solr and what it needs, from Maven artifacts: downloaded through jgo, checked against `config/locks/jars.txt`.

A line of the lock is `group:artifact:version[:classifier] sha256`. `python -m tzc_stack.jars --lock` writes it anew.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .bootstrap import explain_os_error
from .console import StackError
from .paths import Paths, here

COORDINATES = ["org.apache.solr:solr-test-framework:9.10.1", "org.locationtech.jts:jts-core:1.19.0"]
"""`JettySolrRunner`, which starts Solr without its distribution, lives in the test framework."""

NOT_NEEDED = ("lucene-analysis-kuromoji", "lucene-analysis-nori", "netty-tcnative-boringssl-static")
"""Other languages, other processors' libraries: 19 of 85 MB that Solr starts without."""

ATTEMPTS = 3
AT_ONCE = 5


def read_lock(paths: Paths) -> dict[str, str]:
    """Map each coordinate to its SHA-256."""
    lines = (paths.locks / "jars.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def fetch_all(paths: Paths) -> None:
    """Bring every jar of the lock into the environment; files already there and whole are left alone."""
    paths.jars.mkdir(parents=True, exist_ok=True)
    wanted = read_lock(paths)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        names = set(pool.map(lambda item: _fetch(paths, *item), wanted.items()))
    for stray in set(paths.jars.glob("*.jar")) - names:
        stray.unlink()


def _fetch(paths: Paths, coordinate: str, sha256: str, folder: Path | None = None) -> Path:
    from jgo.maven import MavenContext

    group, artifact, version, *classifier = coordinate.split(":")
    target = (folder or paths.jars) / f"{'-'.join([artifact, version, *classifier])}.jar"
    if target.exists() and _digest(target) == sha256:
        return target
    context = MavenContext(repo_cache=_cache(paths), timeout=60)
    wanted = context.project(group, artifact).at_version(version).artifact(classifier[0] if classifier else "")
    last: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            source = wanted.resolve()
        except Exception as error:  # noqa: BLE001 -- jgo has no error class of its own; what stays is reported below
            last = error
            _forget(wanted.cached_path)
            continue
        if _digest(source) == sha256:
            _copy(source, target)
            return target
        last = ValueError(f"{coordinate} does not match its hash")
        _forget(source)
    raise StackError(
        f"{coordinate} could not be fetched: {type(last).__name__}: {last}",
        "check the network connection (a private authority is set with REQUESTS_CA_BUNDLE), then run the same command again: it resumes.",
    )


def _cache(paths: Paths) -> Path:
    """Maven's own download cache where it can be written, as pip uses its own; else a folder of ours."""
    usual = Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository")
    try:
        usual.mkdir(parents=True, exist_ok=True)
        if os.access(usual, os.W_OK):
            return usual
    except OSError:
        pass  # no home folder: the next line serves
    return paths.var / "cache" / "maven"


def _forget(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as handle:
        part = Path(handle.name)
    shutil.copyfile(source, part)
    part.chmod(0o644)
    part.replace(target)


def _digest(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def resolve() -> Iterator[str]:
    """Yield the lines of a new lock."""
    from jgo.maven import MavenContext

    context = MavenContext(timeout=60)
    asked = [context.create_dependency(coordinate) for coordinate in COORDINATES]
    inputs, others = context.resolver.resolve(asked)
    for dependency in sorted([*inputs, *others], key=str):
        artifact = dependency.artifact
        if artifact.packaging != "jar" or artifact.artifactId.startswith(NOT_NEEDED):
            continue
        parts = [artifact.groupId, artifact.artifactId, artifact.version] + ([artifact.classifier] if artifact.classifier else [])
        yield f"{':'.join(parts)} {_digest(artifact.resolve())}"


def main() -> int:
    """Fetch the jars, or with `--lock` write the lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="resolve anew and write config/locks/jars.txt")
    paths = here()
    try:
        if parser.parse_args().lock:
            header = f"# {' '.join(COORDINATES)}\n# written by: python -m tzc_stack.jars --lock\n"
            (paths.locks / "jars.txt").write_text(header + "\n".join(resolve()) + "\n", encoding="utf-8")
        else:
            fetch_all(paths)
    except StackError as error:
        print(error.reason, file=sys.stderr)  # bootstrap says what to do
        return 1
    except OSError as error:
        print(explain_os_error(error).reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
