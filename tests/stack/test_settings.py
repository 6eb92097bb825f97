"""Settings, ports, downloads and the first lines of `./portal`, without a running portal."""
from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tzc_stack import bootstrap, configuration, jars, ready, settings, solr_home
from tzc_stack.console import StackError
from tzc_stack.paths import ROOT, Paths, here


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for name in settings.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings, "_reserved", {})
    (tmp_path / "var").mkdir()
    return dataclasses.replace(here(), var=tmp_path / "var")


@pytest.fixture
def taken() -> Any:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


# ports


def test_ports_differ_and_are_remembered(paths: Paths) -> None:
    first = settings.prepare(paths, ours={})
    settings.keep(paths, first)
    assert len(set(first.ports.values())) == len(settings.USUAL_PORTS)
    assert settings.load(paths) == first
    assert settings.prepare(paths, ours={}).ports == first.ports


def test_a_usual_port_that_is_taken_is_passed_over(paths: Paths, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.USUAL_PORTS, "web", taken)
    assert settings.prepare(paths, ours={}).ports["web"] != taken


def test_a_given_port_that_is_taken_is_refused_and_not_remembered(paths: Paths, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZC_PORT_SOLR", str(taken))
    with pytest.raises(StackError, match=f"Port {taken}, which TZC_PORT_SOLR gives"):
        settings.prepare(paths, ours={})
    assert not paths.secrets.exists()
    assert settings.prepare(paths, ours={"solr": taken}).ports["solr"] == taken, "one that is ours is no obstacle"


def test_two_portals_that_start_at_once_choose_different_ports(paths: Paths, tmp_path: Path) -> None:
    mine = settings.prepare(paths, ours={})
    choose = "from tzc_stack import paths, settings; print(*settings.prepare(paths.here(), ours={}).ports.values())"
    environment = {**os.environ, "TZC_VAR": str(tmp_path / "another"), "TZC_VENV": str(paths.venv)}
    done = subprocess.run([sys.executable, "-c", choose], env=environment, capture_output=True, text=True, check=True)
    assert not set(map(int, done.stdout.split())) & set(mine.ports.values())


def test_the_same_port_for_two_parts_is_refused(paths: Paths, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TZC_PORT_WEB", "TZC_PORT_SOLR"):
        monkeypatch.setenv(name, "39871")
    with pytest.raises(StackError, match="39871"):
        settings.prepare(paths, ours={})


# what a person gives


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TZC_PORT_WEB", "0"), ("TZC_PORT_WEB", "65536"), ("TZC_PORT_WEB", "web"), ("TZC_PORT_WEB", "²"), ("TZC_WEB_WORKERS", "0"), ("TZC_SOLR_HEAP", "lots"),
        ("TZC_DATABASE_URL", "mysql://a/b"), ("TZC_REDIS_URL", "redis://:p@host:port/0"), ("TZC_SITE_URL", "portal.example.org"), ("TZC_DEMO", "no"),
        ("TZC_DATABASE_URL", "postgresql://u:p@h/d"), ("TZC_DATASTORE_URL", "postgresql://u:p@h/d"), ("TZC_HOST", "203.0.113.7"), ("TZC_SITE_URL", "https://example.org/portal"),
        ("TZC_SITE_URL", "https://example.org?x=1"), ("TZC_MAIL_FROM", "Données <donnees@example.org>"), ("TZC_MAIL_FROM", "a@example.org, b@example.org"), ("TZC_MAIL_FROM", "donnees"),
        ("TZC_METRICS_KEY", "hush"), ("TZC_METRICS_KEY", "hush" * 8 + "%"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StackError, match=name) as caught:
        settings.prepare(paths, ours={})
    assert caught.value.mend and "hush" not in str(caught.value)
    assert not paths.secrets.exists()


@pytest.mark.parametrize("address", ["https://user:hush@example.org", "https://user:hush@example.org/portal", "https://hush@example.org/"])
def test_a_password_in_the_address_is_not_printed(paths: Paths, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("TZC_SITE_URL", address)
    with pytest.raises(StackError, match="TZC_SITE_URL") as caught:
        settings.prepare(paths, ours={})
    assert "hush" not in str(caught.value)


def test_a_misspelt_setting_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("TZC_SITE_ULR", "TZC_SMTP_URL_FIEL", "TZC_QQQQQQQQQ", "TZC_TEST_X", "TZC_VAR", "TZC_DEMO"):
        monkeypatch.setenv(name, "0")
    settings.prepare(paths, ours={})
    said = capsys.readouterr().out
    assert "TZC_SITE_ULR is no setting and changes nothing: did you mean TZC_SITE_URL?" in said
    assert "did you mean TZC_SMTP_URL_FILE?" in said
    assert "TZC_QQQQQQQQQ is no setting and changes nothing; docs" in said
    assert not [name for name in ("TZC_TEST_X", "TZC_VAR", "TZC_DEMO") if f"{name} is" in said]


def test_a_setting_is_taken_from_a_file(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "smtp"
    file.write_text("smtp://user:secret@mail.example.org\n")
    monkeypatch.setenv("TZC_SMTP_URL_FILE", str(file))
    own = settings.prepare(paths, ours={})
    assert own.given["TZC_SMTP_URL"] == "smtp://user:secret@mail.example.org"
    settings.keep(paths, own)
    monkeypatch.delenv("TZC_SMTP_URL_FILE")
    assert settings.prepare(paths, ours={}).given == own.given, "it is remembered"
    file.write_text("\n")
    monkeypatch.setenv("TZC_SMTP_URL_FILE", str(file))
    assert "TZC_SMTP_URL" not in settings.prepare(paths, ours={}).given, "an empty file forgets it"


def test_a_setting_given_twice_is_refused(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "smtp"
    file.write_text("smtp://a.example.org")
    monkeypatch.setenv("TZC_SMTP_URL", "smtp://b.example.org")
    monkeypatch.setenv("TZC_SMTP_URL_FILE", str(file))
    with pytest.raises(StackError, match="Both TZC_SMTP_URL and TZC_SMTP_URL_FILE"):
        settings.prepare(paths, ours={})


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"\xff\xfe", "no text")])
def test_a_file_that_cannot_be_read_is_named(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("TZC_DATABASE_URL_FILE", str(file))
    with pytest.raises(StackError, match=f"TZC_DATABASE_URL_FILE.*{words}") as caught:
        settings.prepare(paths, ours={})
    assert str(file) in caught.value.reason


GIVEN_SECRETS = {name: f"{name} of sufficient length, more than enough" for name in settings.CARRIED}


def test_given_secrets_are_the_portals(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings.prepare(paths, ours={})
    settings.keep(paths, before)
    monkeypatch.setenv("TZC_SECRETS", json.dumps(GIVEN_SECRETS))
    own = settings.prepare(paths, ours={})
    assert dict(own.secret) == {**before.secret, **GIVEN_SECRETS}


@pytest.mark.parametrize("value", ["{", "[]", "{}", json.dumps({**GIVEN_SECRETS, "token": "short"}), json.dumps({**GIVEN_SECRETS, "other": "x" * 40}), json.dumps({**GIVEN_SECRETS, "flask": 1})])
def test_secrets_that_cannot_be_used_are_refused(paths: Paths, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TZC_SECRETS", value)
    with pytest.raises(StackError, match="TZC_SECRETS cannot be used") as caught:
        settings.prepare(paths, ours={})
    assert "short" not in str(caught.value), "no secret is quoted"


BUCKET = "s3+http://key:se%2Fcret@127.0.0.1:9000/uploads/of/portal?region=eu-west-3"


def test_a_bucket_for_uploads(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZC_UPLOADS_URL", BUCKET)
    text = configuration.render(paths, settings.prepare(paths, ours=None))
    said = dict(re.findall(r"^ckan\.files\.storage\.default\.(\w+) = (.*)$", text, re.MULTILINE))
    assert said == {
        "type": "tzc:s3", "endpoint": "http://127.0.0.1:9000", "bucket": "uploads", "path": "of/portal", "key": "key", "secret": "se/cret", "region": "eu-west-3",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["https://h/b", "s3://h/bucket", "s3://key@h/bucket", "s3://key:secret@h/", "s3://key:secret@h"])
def test_a_bucket_that_cannot_be_used_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TZC_UPLOADS_URL", value)
    with pytest.raises(StackError, match="TZC_UPLOADS_URL"):
        configuration.render(paths, settings.prepare(paths, ours=None))


ODD = "p@ss/w%rd#;:\"'$é"
"""A password with what URLs, ini files and shells make something of."""


def test_odd_passwords_survive_the_configuration(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.parse import quote

    from tzc_stack.ckan_percent import _doubled

    folder = paths.var.parent / "a  b 100% é"
    paths = dataclasses.replace(paths, var=folder)
    word = quote(ODD, safe="")
    for name in ("TZC_DATABASE_URL", "TZC_DATASTORE_URL", "TZC_DATASTORE_READ_URL"):
        monkeypatch.setenv(name, f"postgresql://user:{word}@db.example.org/name?sslmode=require")
    monkeypatch.setenv("TZC_REDIS_URL", f"rediss://:{word}@redis.example.org:6379/3")
    monkeypatch.setenv("TZC_SOLR_URL", f"https://reader:{word}@solr.example.org/solr/core")
    monkeypatch.setenv("TZC_SMTP_URL", f"smtps://post:{word}@mail.example.org")
    own = settings.prepare(paths, ours={})
    settings.keep(paths, own)
    configuration.write(paths, own)

    from configparser import ConfigParser

    parser = ConfigParser(_doubled({"here": str(folder)}))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # -- as CKAN reads it
    parser.read(paths.ini, encoding="utf-8")
    read = dict(parser["app:main"])
    assert read["sqlalchemy.url"] == own.given["TZC_DATABASE_URL"]
    assert read["ckan.redis.url"] == own.given["TZC_REDIS_URL"]
    assert (read["solr_user"], read["solr_password"]) == ("reader", ODD)
    assert read["solr_url"] == "https://solr.example.org/solr/core"
    assert read["tzc.mail.url"] == own.given["TZC_SMTP_URL"]
    assert read["ckan.storage_path"] == str(folder / "uploads")
    assert own.embedded == {"postgres": False, "valkey": False, "solr": False}
    assert not paths.ini.stat().st_mode & 0o077


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(StackError) as caught:
        ready.once("The database", "TZC_DATABASE_URL", "postgresql://u:hush%zz@127.0.0.1:9/d", ready.postgres("postgresql://u:hush%zz@127.0.0.1:9/d"))
    assert "TZC_DATABASE_URL" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_damaged_memory_is_said(paths: Paths) -> None:
    settings.keep(paths, settings.prepare(paths, ours={}))
    paths.ports.write_text("{")
    assert settings.prepare(paths, ours={}).ports, "ports can be chosen anew"
    paths.secrets.write_text("{")
    with pytest.raises(StackError, match=re.escape(paths.secrets.name)):
        settings.prepare(paths, ours={})


def test_the_index_is_made_anew_when_words_are_read_differently(tmp_path: Path) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    shutil.copytree(ROOT / "config" / "solr", source)
    assert solr_home.words_change(source, home)
    solr_home.build(source, home, ["ckan"])
    assert not solr_home.words_change(source, home)
    with (source / "conf" / "stopwords.txt").open("a", encoding="utf-8") as words:
        words.write("quelquemot\n")
    assert solr_home.words_change(source, home)


def test_an_index_of_other_fields_is_given_up_and_one_of_other_words_serves_until_it_is_made_anew(tmp_path: Path) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    shutil.copytree(ROOT / "config" / "solr", source)
    solr_home.build(source, home, ["ckan"])
    index = home / "ckan" / "data" / "index"
    index.mkdir(parents=True)
    (source / "conf" / "stopwords.txt").write_text("quelquemot\n", encoding="utf-8")
    solr_home.build(source, home, ["ckan"])
    assert index.exists()
    additions = source / "schema-additions.xml"
    additions.write_text(additions.read_text(encoding="utf-8").replace("<fields>", '<fields><field name="other" type="string"/>'), encoding="utf-8")
    solr_home.build(source, home, ["ckan"])
    assert not index.exists()


# the first lines


def portal(*words: str, python: str = sys.executable, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, str(ROOT / "portal"), *words], capture_output=True, text=True, check=False, env={**os.environ, **given}, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9"])
def test_an_old_python_is_told(version: str) -> None:
    python = shutil.which(f"python{version}")
    if not python or subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} on this machine")
    done = portal("up", python=python)
    assert done.returncode == 1
    assert "needs Python 3.10" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_said_to_be_old_is_told() -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 9, 2); sys.argv = ['portal', 'up']; runpy.run_path({str(ROOT / 'portal')!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.10" in done.stderr


def test_a_python_without_venv_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(StackError) as caught:
        bootstrap.check_python()
    assert "venv" in caught.value.reason
    assert "apt install python3" in caught.value.mend


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [("status", 1, "./portal up"), ("down", 0, "Nothing runs"), ("nonsense", 1, "--help"), ("", 0, "usage:"), ("--help", 0, "usage:")],
)
def test_before_the_first_up(tmp_path: Path, command: str, code: int, words: str) -> None:
    done = portal(*[command] if command else [], TZC_VAR=str(tmp_path / "var"), TZC_VENV=str(tmp_path / "venv"))
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_a_full_disk_is_said_before_anything_is_done(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(1, 1, 100 * 1024**2))  # type: ignore[attr-defined]  # -- the class has no public name
    with pytest.raises(StackError, match="100 MiB are free") as caught:
        bootstrap.check_space(paths)
    assert "TZC_VAR" in caught.value.mend


def _environment_without_pip(tmp_path: Path, script: str) -> Paths:
    """An environment whose python is a script."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    (tmp_path / "venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return Paths(root=ROOT, venv=tmp_path / "venv", var=tmp_path / "var")


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk space"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one this release was tested with"),
        ("ERROR: Could not find a version that satisfies the requirement x", "network"),
    ],
)
def test_a_failed_installation_says_why(tmp_path: Path, output: str, advice: str) -> None:
    paths = _environment_without_pip(tmp_path, f'echo "{output}" >&2; exit 1')
    with pytest.raises(StackError) as caught:
        bootstrap._pip(paths, "x")
    assert output in caught.value.reason
    assert advice in caught.value.mend
    assert not paths.cut.exists(), "nothing was written, so the environment is still good"


def test_an_installation_that_was_cut_is_not_trusted(tmp_path: Path) -> None:
    paths = _environment_without_pip(tmp_path, f"mkdir {tmp_path}/venv/lib/python3.11/site-packages/half; exit 1")
    with pytest.raises(StackError):
        bootstrap._pip(paths, "x")
    assert paths.cut.exists()


def test_another_installation_is_waited_for(tmp_path: Path) -> None:
    paths = Paths(root=ROOT, venv=tmp_path / "venv", var=tmp_path / "var")
    with bootstrap._installing(paths), pytest.raises(StackError, match=f"process {os.getpid()}"), bootstrap._installing(paths):
        pass


# Solr's files


class _Maven:
    """jgo's artifact, which finds one file after the other."""

    def __init__(self, found: list[Path]) -> None:
        self.found = found
        self.cached_path = None

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments, **_options: self

    def resolve(self) -> Path:
        if not self.found:
            raise ConnectionError("the network is gone")
        return self.found.pop(0)


def _jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *contents: bytes) -> Paths:
    import jgo.maven

    found = []
    for number, content in enumerate(contents):
        file = tmp_path / f"{number}.jar"
        file.write_bytes(content)
        found.append(file)
    monkeypatch.setattr(jgo.maven, "MavenContext", lambda **_options: _Maven(found))
    paths = Paths(root=ROOT, venv=tmp_path / "venv", var=tmp_path / "var")
    paths.jars.mkdir(parents=True)
    return paths


def test_a_cut_jar_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    paths = _jar(tmp_path, monkeypatch, b"whole"[:2], b"whole")
    target = jars._fetch(paths, "group:name:1.0", hashlib.sha256(b"whole").hexdigest())
    assert target.read_bytes() == b"whole"
    assert not (tmp_path / "0.jar").exists(), "the cut one is not met again"


def test_a_jar_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = _jar(tmp_path, monkeypatch, *[b"other"] * jars.ATTEMPTS)
    with pytest.raises(StackError, match="does not match its hash"):
        jars._fetch(paths, "group:name:1.0", "0" * 64)
    assert not list(paths.jars.glob("*.jar"))


def test_a_network_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = _jar(tmp_path, monkeypatch)
    with pytest.raises(StackError, match="the network is gone") as caught:
        jars._fetch(paths, "group:name:1.0", "0" * 64)
    assert "it resumes" in caught.value.mend
