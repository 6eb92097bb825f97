"""What can go wrong is said in words, with exit code 1, and leaves a running portal as it was."""
from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import requests

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _untouched(own: Any) -> Iterator[None]:
    """Nothing that is refused here may change what is remembered, or stop a part."""
    before, pids = own.settings, own.pids()
    yield
    assert own.settings == before
    assert own.pids() == pids


def refused(own: Any, *words: str, **given: str) -> str:
    done = own.run(*words, **given)
    text = done.stdout + done.stderr
    assert done.returncode == 1, text
    assert "Traceback" not in text
    assert "What to do:" in text
    return text


def test_a_lock_held_by_another_command(own: Any) -> None:
    with own.paths.lock.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write("4711\n")
        lock.flush()
        assert "process 4711" in refused(own, "up")
        assert "process 4711" in refused(own, "down")
        assert "4711" in own.run("doctor").stdout
    assert own.run("up").returncode == 0, "what is left in the file is no obstacle"


def test_a_taken_port(own: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        text = refused(own, "up", TZC_PORT_WEB=port)
        assert port in text
        assert "TZC_PORT_WEB" in text


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("TZC_REDIS_URL", "redis://:hushhush@127.0.0.1:9/0"),
        ("TZC_SOLR_URL", "http://somebody:hushhush@127.0.0.1:9/solr/ckan"),
    ],
)
def test_a_server_that_does_not_answer(own: Any, name: str, address: str) -> None:
    text = refused(own, "up", **{name: address})
    assert name in text
    assert "127.0.0.1:9" in text
    assert "hushhush" not in text


def test_a_wrong_password(own: Any) -> None:
    url = own.settings.database_url
    secret = own.settings.secret["postgres_tzc"]
    wrong = {name: url.replace(secret, "hush%40%25hush") for name in ("TZC_DATABASE_URL", "TZC_DATASTORE_URL", "TZC_DATASTORE_READ_URL")}
    text = refused(own, "up", **wrong)
    assert "TZC_DATABASE_URL" in text
    assert "hush" not in text
    assert secret not in text


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("up", "--nonsense"), ("logs", "nonsense"), ("restart", "nonsense"), ("reset",), ("backup", "/nonexistent/file"), ("restore", "/nonexistent")],
)
def test_a_wrong_command(own: Any, words: tuple[str, ...]) -> None:
    refused(own, *words)


def may_look_into(pid: int) -> bool:
    """False in a container, where root may not see the memory and the environment of another user's process (PostgreSQL's)."""
    try:
        psutil.Process(pid).environ()
    except psutil.AccessDenied:
        return False
    return True


def test_status_for_programs(own: Any) -> None:
    now = json.loads(own.run("status", "--json").stdout)
    assert now["up"] is True
    assert now["address"] == own.settings.site_url
    assert 0 < now["memory"] < 1.5 * 1024**3
    for part in now["parts"]:
        assert part["up"] and part["version"]
        assert part["memory"] or (part["memory"] is None and not may_look_into(part["pid"]))
    assert {part["name"] for part in now["parts"] if part["port"]} == {"postgres", "valkey", "solr", "web"}


def test_secrets_are_for_their_owner_only(own: Any) -> None:
    for folder, _, names in os.walk(own.paths.var):
        for name in names:
            file = os.path.join(folder, name)  # noqa: PTH118 -- many files, and no need of objects
            mode = stat.S_IMODE(os.stat(file, follow_symlinks=False).st_mode)  # noqa: PTH116 -- as above
            private = os.stat(folder).st_mode & 0o077 == 0  # noqa: PTH116 -- as above
            if not private and mode & 0o077:
                with open(file, "rb") as handle:  # noqa: PTH123 -- as above
                    content = handle.read()
                assert not [key for key, secret in own.settings.secret.items() if secret.encode() in content], file


def test_no_secret_is_shown_in_logs_or_to_other_users(own: Any) -> None:
    secrets = own.settings.secret
    assert requests.get(f"{own.settings.web_url}/dataset/", timeout=60).status_code == 200
    for log in own.paths.log.glob("*.log*"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not [name for name, secret in secrets.items() if secret in text], log
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        assert not [name for name, secret in secrets.items() if secret in words], words
    passwords = [secret for name, secret in secrets.items() if name != "identity"]
    for pid in filter(may_look_into, own.pids().values()):
        environment = psutil.Process(pid).environ()
        assert not [name for name, value in environment.items() if value in passwords]


def test_doctor_finds_a_readable_secret(own: Any) -> None:
    own.paths.secrets.chmod(0o644)
    try:
        assert "chmod 600" in own.run("doctor").stdout
    finally:
        own.paths.secrets.chmod(0o600)


@pytest.mark.parametrize("words", [("harvester", "job", "nulle-part"), ("harvester", "source", "remove", "nulle-part"), ("tzc", "tables", "load", "nulle-part"), ("dataset", "show", "nulle-part")])
def test_a_command_of_ckan_with_an_unknown_name(own: Any, words: tuple[str, ...]) -> None:
    done = own.run("ckan", *words)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout


def test_a_place_for_files_that_lacks_its_bucket_is_not_remembered(own: Any) -> None:
    assert "TZC_UPLOADS_URL" in refused(own, "up", TZC_UPLOADS_URL="s3://x")
    assert own.run("up").returncode == 0
