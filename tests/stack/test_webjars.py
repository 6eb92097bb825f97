"""What browsers are given of other projects: fetched, checked, unpacked, and gone when it is no longer named."""
from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from tzc_stack import bootstrap, jars, webjars
from tzc_stack.console import StackError
from tzc_stack.paths import ROOT, Paths

NAMES = ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")


def packed(content: bytes, names: tuple[str, ...] = NAMES) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in (*names, "dist/uPlot.cjs.js"):
            made.writestr(f"META-INF/resources/webjars/uplot/1.0/{name}", content)
    return out.getvalue()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    root = tmp_path / "root"
    (root / "config/locks").mkdir(parents=True)
    return Paths(root=root, venv=tmp_path / "venv", var=tmp_path / "var")


def served(paths: Paths, monkeypatch: pytest.MonkeyPatch, jar: bytes) -> list[str]:
    """Let the lock name a jar, and give it; how often it was asked for."""
    asked: list[str] = []
    (paths.locks / "webjars.txt").write_text(f"# a comment\norg.webjars.npm:uplot:1.0 {hashlib.sha256(jar).hexdigest()}\n")

    def fetch(_paths: Paths, coordinate: str, sha256: str, folder: Path) -> Path:
        asked.append(coordinate)
        file = folder / "a.jar"
        file.write_bytes(jar)
        assert jars._digest(file) == sha256
        return file

    monkeypatch.setattr(jars, "_fetch", fetch)
    return asked


def test_only_what_browsers_are_given_is_unpacked_and_once(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = served(paths, monkeypatch, packed(b"one"))
    webjars.fetch_all(paths)
    webjars.fetch_all(paths)
    assert asked == ["org.webjars.npm:uplot:1.0"]
    folder = paths.web / "uplot-1.0"
    assert sorted(file.name for file in folder.iterdir()) == ["LICENSE", "sha256", "uPlot.iife.min.js", "uPlot.min.css"]
    assert (folder / "uPlot.min.css").read_bytes() == b"one"
    assert folder.stat().st_mode & 0o755 == 0o755, "the portal's own account reads it"


def test_another_hash_and_a_lost_file_are_fetched_anew_and_strays_go(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    served(paths, monkeypatch, packed(b"one"))
    webjars.fetch_all(paths)
    (paths.web / "uplot-0.9").mkdir()
    served(paths, monkeypatch, packed(b"two"))
    webjars.fetch_all(paths)
    assert [folder.name for folder in paths.web.iterdir()] == ["uplot-1.0"]
    assert (paths.web / "uplot-1.0/LICENSE").read_bytes() == b"two"
    (paths.web / "uplot-1.0/LICENSE").unlink()
    webjars.fetch_all(paths)
    assert (paths.web / "uplot-1.0/LICENSE").exists()


def test_a_failure_leaves_what_was_there(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    served(paths, monkeypatch, packed(b"one"))
    webjars.fetch_all(paths)
    (paths.locks / "webjars.txt").write_text("org.webjars.npm:uplot:1.0 0000\n")

    def fetch(*_arguments: object) -> Path:
        raise StackError("it does not match its hash", "try again")

    monkeypatch.setattr(jars, "_fetch", fetch)
    with pytest.raises(StackError):
        webjars.fetch_all(paths)
    assert [entry.name for entry in paths.web.iterdir()] == ["uplot-1.0"]
    assert (paths.web / "uplot-1.0/LICENSE").read_bytes() == b"one"


def test_the_lock_holds_what_is_wanted_and_its_change_installs_anew(tmp_path: Path) -> None:
    own = Paths(root=ROOT, venv=tmp_path, var=tmp_path)
    assert list(webjars.read_lock(own)) == webjars.COORDINATES
    assert {coordinate.split(":")[1] for coordinate in webjars.COORDINATES} == set(webjars.FILES)
    other = Paths(root=tmp_path / "other", venv=tmp_path, var=tmp_path)
    other.locks.mkdir(parents=True)
    (other.root / "setup.py").write_text("")
    for name in ("build", "portal", "parts", "jars", "webjars"):
        (other.locks / f"{name}.txt").write_text("")
    before = bootstrap.fingerprint(other, with_tests=False)
    (other.locks / "webjars.txt").write_text("changed")
    assert bootstrap.fingerprint(other, with_tests=False) != before


def test_the_image_fetches_them_and_keeps_the_tool_out() -> None:
    build, final = (ROOT / "docker/Dockerfile").read_text().split("\nFROM ${BASE}\n")
    assert "-m tzc_stack.webjars" in build and "rm -rf /tmp/fetch" in build
    assert "webjars" not in final
    locked = (ROOT / "config/locks/jgo.txt").read_text()
    parts = (ROOT / "config/locks/parts.txt").read_text()
    version = next(line.split()[0] for line in locked.splitlines() if line.startswith("jgo=="))
    assert f"{version} " in parts, "the same one that fetches Solr"
