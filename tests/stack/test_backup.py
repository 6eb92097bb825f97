"""Backup and restore: a round trip, and files that are refused."""
from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import requests

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def archive(own: Any, dataset: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the portal with its dataset."""
    (own.paths.lake / "kept").mkdir()
    (own.paths.lake / "kept" / "2025-01.1.parquet").write_bytes(b"observations")
    file = tmp_path_factory.mktemp("backup") / "a backup.tar.gz"
    done = own.run("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    return file


def _changed(archive: Path, target: Path, **manifest: Any) -> Path:
    """The archive with other words in its manifest."""
    with tarfile.open(archive) as source, tarfile.open(target, "w:gz") as copy:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            text = content.read() if content else b""
            if member.name == "manifest.json":
                text = json.dumps({**json.loads(text), **manifest}).encode()
                member.size = len(text)
            copy.addfile(member, io.BytesIO(text) if content else None)
    return target


def _climbing(target: Path) -> Path:
    with tarfile.open(target, "w:gz") as tar:
        member = tarfile.TarInfo("../outside")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    return target


def test_what_is_no_whole_backup_is_refused(own: Any, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    cut, noise, foreign = tmp_path / "cut", tmp_path / "noise", tmp_path / "foreign"
    cut.write_bytes(whole[: len(whole) // 2])
    noise.write_bytes(whole[: len(whole) // 2] + b"\0" * (len(whole) - len(whole) // 2))
    foreign.write_bytes(gzip.compress(b"not a tar file"))
    files = [cut, noise, foreign, _climbing(tmp_path / "climbing"), _changed(archive, tmp_path / "newer", ckan="99.0.0"), _changed(archive, tmp_path / "other", sha256=[])]
    pids = own.pids()
    for file in files:
        done = own.run("restore", str(file), "--yes")
        assert done.returncode == 1, file
        assert "What to do:" in done.stderr, file
        assert "Traceback" not in done.stderr, file
    assert own.pids() == pids, "a portal that runs is not touched by a file that is refused"
    assert not (own.paths.run / "outside").exists()


def test_restore_asks(own: Any, archive: Path) -> None:
    done = own.run("restore", str(archive))
    assert done.returncode == 1
    assert "--yes" in done.stderr


def test_a_round_trip(own: Any, archive: Path) -> None:
    own.action("package_delete", id="kept")
    own.action("organization_create", name="later", title="Made after the backup")
    shutil.rmtree(own.paths.uploads / "resources")
    shutil.rmtree(own.paths.lake / "kept")
    (own.paths.lake / "later").mkdir()
    done = own.run("restore", str(archive), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    package = own.action("package_show", id="kept")
    upload = requests.get(package["resources"][0]["url"], timeout=60)
    assert upload.content == b"a,b\n1,2\n"
    assert [path.relative_to(own.paths.lake).as_posix() for path in sorted(own.paths.lake.rglob("*"))] == ["kept", "kept/2025-01.1.parquet"]
    assert (own.paths.lake / "kept" / "2025-01.1.parquet").read_bytes() == b"observations"
    assert own.action("package_search", q="survive")["count"] == 1
    assert "later" not in own.action("organization_list")
    assert own.run("doctor").returncode == 0


def test_no_file_is_overwritten(own: Any, archive: Path) -> None:
    done = own.run("backup", str(archive))
    assert done.returncode == 1
    assert "exists already" in done.stderr


def test_a_backup_and_commands_need_the_databases(own: Any, tmp_path: Path) -> None:
    assert own.run("down").returncode == 0
    done = own.run("backup", str(tmp_path / "x"))
    assert done.returncode == 1
    assert "./portal up" in done.stderr
    commands = own.run("ckan", "user", "list")
    assert (commands.returncode, commands.stdout) == (1, "")
    assert "not running" in commands.stderr and "./portal up" in commands.stderr and "sqlalchemy" not in commands.stderr.lower()
    assert own.run("up").returncode == 0
