"""Fixtures of every test. `./portal test` starts the stack and says where it is."""
from __future__ import annotations

import dataclasses
import http.server
import json
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sites import Site, served, serving

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared" / "reference"
"""Official shapes and real feeds, where they are at hand."""


@dataclasses.dataclass(frozen=True)
class Portal:
    """A running portal with its demonstration catalogue. Accounts are (name, password)."""

    url: str
    administrator: tuple[str, str]
    partner: tuple[str, str]
    var: Path


@pytest.fixture
def site() -> Iterator[Site]:
    """Somebody else's server, on the loopback."""
    with served() as made:
        yield made


@pytest.fixture(scope="session")
def stack_folder() -> Path:
    """The data folder of the stack that `./portal test` started."""
    folder = os.environ.get("TZC_TEST_STACK")
    if not folder:
        pytest.skip("needs the stack that ./portal test starts")
    return Path(folder)


@pytest.fixture(scope="session")
def portal(stack_folder: Path) -> Portal:
    """The running portal, its demonstration catalogue loaded at the first use."""
    from tzc_stack import lifecycle
    from tzc_stack.paths import here
    from tzc_stack.settings import load

    paths = dataclasses.replace(here(), var=stack_folder)
    accounts = json.loads(os.environ["TZC_TEST_ACCOUNTS"]) + lifecycle.load_demo(paths, load(paths))
    by_role = {account["role"]: (account["name"], account["password"]) for account in accounts}
    return Portal(url=load(paths).site_url, administrator=by_role["Administrator"], partner=by_role["Partner"], var=stack_folder)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of official shapes and real feeds."""
    if not REFERENCE.is_dir():
        pytest.skip("the reference feeds and shapes are not on this machine")
    return REFERENCE


FEED_TYPES = {".xml": "application/rdf+xml", ".jsonld": "application/ld+json", ".json": "application/json"}
DKAN_ANSWER = "ckan-data-dkan-french-w-license.json"


@pytest.fixture
def feeds(reference: Path) -> Iterator[str]:
    """The address of a server of the reference feeds on the loopback.

    Each feed is at its file's name; the paged ones also at `/paged/catalog.jsonld?page=1` and `/partial/…`, with the links between their
    pages leading here; the datasets of the DKAN's answer are those of a CKAN API at the root (`/api/action/package_search`).
    """
    folder = reference / "feeds"

    class Feeds(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """One feed, or 404."""
            asked = urllib.parse.urlsplit(self.path)
            question = urllib.parse.parse_qs(asked.query)
            answer = self.content(asked.path.strip("/"), question)
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", FEED_TYPES.get(Path(asked.path).suffix, "application/json"))
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def do_HEAD(self) -> None:
            """The same; the harvester reads nothing of the body."""
            self.do_GET()

        def content(self, path: str, question: dict[str, list[str]]) -> bytes | None:
            """What stands at a path."""
            kind, _, rest = path.partition("/")
            if kind in {"paged", "partial"} and rest == "catalog.jsonld":
                number = question.get("page", ["1"])[0]
                here = f"http://{self.headers['Host']}/{kind}/catalog.jsonld"
                page = folder / f"dcat-{kind}-collection-{number}.jsonld"
                return page.read_bytes().replace(b"http://data.test.org/catalog.jsonld", here.encode())
            if path.endswith("action/package_search"):
                datasets = json.loads((folder / DKAN_ANSWER).read_bytes())["result"]
                start = int(question.get("start", ["0"])[0])
                return json.dumps({"success": True, "result": {"count": len(datasets), "results": datasets[start:]}}).encode()
            file = folder / path
            return file.read_bytes() if kind and file.is_file() else None

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with serving(Feeds) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    program = os.environ.get("TZC_TEST_BROWSER")
    if not program:
        pytest.skip("no Chromium or Chrome on this machine")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=quiet)
        yield chromium
        chromium.close()


def _open_page(browser: Any, width: int, height: int) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR", timezone_id="Europe/Paris")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page at desk width, for a reader of French."""
    yield from _open_page(browser, 1280, 800)


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    """A page at phone width."""
    yield from _open_page(browser, 360, 800)
