"""Scripts and styles of other projects that no wheel brings: WebJars (Maven artifacts), fetched as Solr is and checked against `config/locks/webjars.txt`.

Of each only what browsers are given is unpacked, and its licence. `python -m tzc_stack.webjars --lock` writes the lock anew.
"""
from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from . import jars
from .bootstrap import explain_os_error
from .console import StackError
from .paths import Paths, here

COORDINATES = ["org.webjars.npm:uplot:1.6.30"]
FILES = {"uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")}
"""By artifact, as they lie in its package."""


def read_lock(paths: Paths) -> dict[str, str]:
    """Map each coordinate to its SHA-256."""
    lines = (paths.locks / "webjars.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def fetch_all(paths: Paths) -> None:
    """Bring what the lock names; what is there already is left alone, what it no longer names is removed."""
    paths.web.mkdir(parents=True, exist_ok=True)
    wanted = read_lock(paths)
    kept = {_unpacked(paths, coordinate, sha256) for coordinate, sha256 in wanted.items()}
    for stray in set(paths.web.iterdir()) - kept:
        shutil.rmtree(stray) if stray.is_dir() else stray.unlink()


def _unpacked(paths: Paths, coordinate: str, sha256: str) -> Path:
    _group, artifact, version = coordinate.split(":")
    folder = paths.web / f"{artifact}-{version}"
    names = FILES[artifact]
    mark = folder / "sha256"
    if mark.exists() and mark.read_text() == sha256 and all((folder / Path(name).name).exists() for name in names):
        return folder
    with tempfile.TemporaryDirectory(dir=paths.web) as made:
        part = Path(made) / folder.name
        part.mkdir()
        jar = jars._fetch(paths, coordinate, sha256, Path(made))
        with zipfile.ZipFile(jar) as packed:
            for name in names:
                (part / Path(name).name).write_bytes(packed.read(f"META-INF/resources/webjars/{artifact}/{version}/{name}"))
        (part / "sha256").write_text(sha256)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    return folder


def main() -> int:
    """Fetch, or with `--lock` write the lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="write config/locks/webjars.txt anew")
    paths = here()
    try:
        if parser.parse_args().lock:
            (paths.locks / "webjars.txt").write_text("# written by: python -m tzc_stack.webjars --lock\n" + "".join(f"{line}\n" for line in _locked()), encoding="utf-8")
        else:
            fetch_all(paths)
    except StackError as error:
        print(error.reason, file=sys.stderr)  # bootstrap says what to do
        return 1
    except OSError as error:
        print(explain_os_error(error).reason, file=sys.stderr)
        return 1
    return 0


def _locked() -> list[str]:
    from jgo.maven import MavenContext

    context = MavenContext(timeout=60)
    found = []
    for coordinate in COORDINATES:
        group, artifact, version = coordinate.split(":")
        found.append(f"{coordinate} {jars._digest(context.project(group, artifact).at_version(version).artifact('').resolve())}")
    return found


if __name__ == "__main__":
    sys.exit(main())
