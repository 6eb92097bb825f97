"""A small portal of these tests' own, in a folder with an unkind name: they kill its parts."""
from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tzc_stack import lifecycle
from tzc_stack.paths import ROOT, Paths, here
from tzc_stack.settings import NAMES, Settings, load
from tzc_stack.supervise import Supervisor


@dataclasses.dataclass
class Own:
    """The portal, and what tests do with it."""

    paths: Paths
    token: str = ""

    @property
    def settings(self) -> Settings:
        return load(self.paths)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.paths, self.settings)

    def run(self, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
        """`./portal WORDS` for this portal, with settings."""
        return subprocess.run([sys.executable, str(ROOT / "portal"), *words], env=self.environment(**given), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def environment(self, **given: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in NAMES and not name.startswith("CKAN_")}
        return {**kept, "TZC_VAR": str(self.paths.var), "TZC_VENV": str(self.paths.venv), "TZC_DEMO": "0", **given}

    def action(self, name: str, /, files: dict[str, Any] | None = None, **data: Any) -> Any:
        """The result of one of CKAN's actions, as the administrator."""
        body = {"data": data, "files": files} if files else {"json": data}
        answer = requests.post(f"{self.settings.web_url}/api/3/action/{name}", headers={"Authorization": self.token}, timeout=60, **body)
        assert answer.status_code == 200, answer.text[:1000]
        return answer.json()["result"]

    def pids(self) -> dict[str, int]:
        return {name: int(str(state["pid"])) for name, state in self.supervisor.states().items()}

    @staticmethod
    def eventually(check: Callable[[], object], seconds: float = 90) -> None:
        """Ask until `check` neither raises nor returns False."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if check() is not False:
                    return
                reason: object = "it returned False"
            except Exception as error:  # noqa: BLE001 -- the last one is what the test reports
                reason = error
            assert time.monotonic() < deadline, reason
            time.sleep(0.3)


def _leave_behind(paths: Paths) -> None:
    """What a first `up` leaves that was killed while PostgreSQL's folder was made."""
    part = paths.var / "postgres.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    (paths.var / "postgres.password").write_text("left")


@pytest.fixture(scope="session")
def own() -> Iterator[Own]:
    """A running portal without the demonstration, stopped and deleted at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="tzc é 100% of "))
    scratch.chmod(0o755)
    portal = Own(dataclasses.replace(here(), var=scratch / "var"))
    _leave_behind(portal.paths)
    try:
        done = portal.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        portal.token = portal.run("ckan", "user", "token", "add", "admin", "tests").stdout.strip().splitlines()[-1].strip()
        yield portal
    finally:
        lifecycle.reset(portal.paths)
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def dataset(own: Own) -> dict[str, Any]:
    """A dataset with an uploaded file, made through the API."""
    own.action("organization_create", name="kept", title="Kept")
    axes = own.action("group_list")
    made: dict[str, Any] = own.action(
        "package_create", name="kept", title="A dataset that must survive", notes="It is kept.", owner_org="kept", license_id="lov2",
        axis=axes[:1], communes=[], access_level="open", tags=[{"name": "kept"}], theme=[], frequency="", language=[],
    )
    own.action("resource_create", files={"upload": ("kept.csv", b"a,b\n1,2\n")}, package_id="kept", name="kept.csv", format="CSV")
    return made
