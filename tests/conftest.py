"""Fixtures of every test. `./portal test` starts the stack and says where it is."""
from __future__ import annotations

import dataclasses
import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

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
    accounts = json.loads(os.environ["TZC_TEST_ACCOUNTS"]) + lifecycle.load_demo(paths)
    by_role = {account["role"]: (account["name"], account["password"]) for account in accounts}
    return Portal(url=load(paths).site_url, administrator=by_role["Administrator"], partner=by_role["Partner"], var=stack_folder)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of official shapes and real feeds."""
    if not REFERENCE.is_dir():
        pytest.skip("the reference feeds and shapes are not on this machine")
    return REFERENCE


@pytest.fixture
def feeds(reference: Path) -> Iterator[str]:
    """The address of the reference feeds, served on the loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map: ClassVar = {".xml": "application/rdf+xml", ".jsonld": "application/ld+json", ".json": "application/json"}

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(reference / "feeds")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


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
