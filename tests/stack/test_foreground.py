"""`./portal run`: one part alone, on given servers, as containers start them. The servers are those of these tests' own portal."""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tzc_stack.paths import ROOT
from tzc_stack.settings import CARRIED

pytestmark = pytest.mark.stack


@pytest.fixture
def given(own: Any, tmp_path: Path) -> dict[str, str]:
    """Settings by file, as docker/compose.yaml gives them."""
    settings = own.settings
    values = {
        "TZC_DATABASE_URL": settings.database_url, "TZC_DATASTORE_URL": settings.datastore_url, "TZC_DATASTORE_READ_URL": settings.datastore_read_url,
        "TZC_REDIS_URL": settings.redis_url, "TZC_SOLR_URL": settings.solr_url, "TZC_SECRETS": json.dumps({name: settings.secret[name] for name in CARRIED}),
    }  # fmt: skip
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    return {"TZC_VAR": str(tmp_path / "part"), "TZC_PORT_WEB": port, "TZC_SITE_URL": "https://portal.example.org", **{f"{name}_FILE": str(tmp_path / name) for name in values}}


@pytest.fixture
def start(own: Any, given: dict[str, str]) -> Iterator[Any]:
    """Start a part; it is ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(part: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, str(ROOT / "portal"), "run", part], env=own.environment(**given), stderr=subprocess.DEVNULL))
        return started[-1]

    yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_a_part_runs_on_given_servers_and_says_how_it_is(own: Any, given: dict[str, str], start: Any) -> None:
    prepared = own.run("run", "prepare", **given)
    assert prepared.returncode == 0, prepared.stderr
    assert "password" not in prepared.stdout, "there is an administrator already"
    assert own.run("health", **given).returncode == 1, "nothing runs yet"
    process = start("web")
    own.eventually(lambda: own.run("health", **given).returncode == 0)
    answer = requests.get(f"http://127.0.0.1:{given['TZC_PORT_WEB']}/api/3/action/status_show", timeout=30)
    assert answer.json()["result"]["site_url"] == "https://portal.example.org"
    assert own.run("ckan", "user", "list", **given).returncode == 0, "commands work beside it"
    process.send_signal(signal.SIGSTOP)  # its children answer still, so they are stopped as well
    for child in _children(process.pid):
        os.kill(child, signal.SIGSTOP)
    try:
        assert "web is not well" in own.run("health", **given).stderr
    finally:
        for stopped in (process.pid, *_children(process.pid)):
            os.kill(stopped, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_a_worker_is_known_to_its_queue(own: Any, given: dict[str, str], start: Any) -> None:
    process = start("worker-long")
    own.eventually(lambda: own.run("health", **given).returncode == 0)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert "worker-long is not well" in own.run("health", **given).stderr


@pytest.mark.parametrize(
    ("without", "words"),
    [("TZC_REDIS_URL_FILE", "TZC_REDIS_URL is not given"), ("TZC_SECRETS_FILE", "TZC_SECRETS is not given"), ("", "There is no part nonsense")],
)
def test_what_it_lacks_is_said(own: Any, given: dict[str, str], without: str, words: str) -> None:
    done = own.run("run", "nonsense" if not without else "web", **{name: value for name, value in given.items() if name != without})
    assert done.returncode == 1
    assert words in done.stderr
    assert not Path(given["TZC_VAR"]).exists(), "nothing is written"


def test_servers_are_waited_for_and_then_named(own: Any, given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "TZC_SOLR_URL").write_text("http://127.0.0.1:9/solr/ckan")
    done = own.run("run", "--patience", "1", "web", **given)
    assert done.returncode == 1
    assert "TZC_SOLR_URL" in done.stderr


def test_the_home_of_another_solr(own: Any, tmp_path: Path) -> None:
    done = own.run("solr-home", str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    ours = own.paths.solr
    for file in ("solr.xml", "ckan/core.properties", "configsets/tzc/conf/schema.xml", "configsets/tzc/conf/synonyms.txt"):
        assert (tmp_path / "home" / file).read_bytes() == (ours / file).read_bytes()
