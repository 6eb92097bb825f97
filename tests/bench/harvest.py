"""Harvests: ours beside stock ckanext-harvest with ckanext-dcat, of the same catalogue on the loopback.

`TZC_BENCH_SIZE` datasets (1,000), three files each. See README.md for how to read the figures.
"""
from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import http.server
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tzc_stack import children, lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import HOST, Settings

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")

DATASETS = 1000
SHARE_CHANGED = 100
"""One dataset in so many changes."""

REPEATS = 5
"""Harvests of ours of which the median counts, where nothing changed: one is over in a moment."""

ASKED = {"first": 5.0, "again": 100.0, "changed": 50.0}
"""How many times faster than stock it should be."""


class Catalogue:
    """A DCAT feed in one document; `edition` is what its titles say. It names its content, as most servers do."""

    def __init__(self, size: int) -> None:
        self.size, self.requests = size, 0
        self.changed = 0
        self._made: dict[int, tuple[bytes, str]] = {}

    @property
    def document(self) -> tuple[bytes, str]:
        """The feed and its ETag."""
        if self.changed not in self._made:
            body = _feed(self.size, self.changed)
            self._made[self.changed] = body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return self._made[self.changed]


def _feed(size: int, changed: int) -> bytes:
    return turtle(range(size), changed)


def turtle(turns: range, changed: int = 0) -> bytes:
    """A document with these datasets; those before `changed` have another title."""
    lines = ["@prefix dcat: <http://www.w3.org/ns/dcat#> .", "@prefix dct: <http://purl.org/dc/terms/> .", "@prefix vcard: <http://www.w3.org/2006/vcard/ns#> ."]
    lines.append("<http://catalogue.example.org/> a dcat:Catalog ; dct:title \"Catalogue\" .")
    for turn in turns:
        dataset = pages._dataset(turn)
        node = f"http://catalogue.example.org/dataset/{dataset['name']}"
        title = dataset["title"] + (" – nouvelle édition" if turn < changed else "")
        lines.append(f"<http://catalogue.example.org/> dcat:dataset <{node}> .")
        words = " , ".join(json.dumps(tag["name"], ensure_ascii=False) for tag in dataset["tags"])
        themes = " , ".join(f"<{theme}>" for theme in dataset["theme"])
        lines.append(
            f"<{node}> a dcat:Dataset ; dct:identifier \"{dataset['name']}\" ; dct:title {json.dumps(title, ensure_ascii=False)}@fr ; dct:description {json.dumps(dataset['notes'], ensure_ascii=False)}@fr ; "
            f"dcat:keyword {words} ; dcat:theme {themes} ; dct:issued \"2024-03-01\" ; dct:accrualPeriodicity <{dataset['frequency']}> ; "
            f"dcat:contactPoint [ a vcard:Organization ; vcard:fn \"Service des données\" ; vcard:hasEmail <mailto:donnees@example.org> ] ; "
            + " ; ".join(f"dcat:distribution <{node}/{number}>" for number in range(len(dataset["resources"]))) + " ."
        )  # fmt: skip
        for number, file in enumerate(dataset["resources"]):
            lines.append(
                f"<{node}/{number}> a dcat:Distribution ; dct:title {json.dumps(file['name'], ensure_ascii=False)}@fr ; dcat:accessURL <{file['url']}> ; dct:format \"{file['format']}\" ; "
                f"dct:description {json.dumps(file['description'], ensure_ascii=False)}@fr ; dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ."
            )  # fmt: skip
    return "\n".join(lines).encode()


@contextlib.contextmanager
def listening(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A catalogue's address on the loopback, which this handler answers."""
    server = http.server.ThreadingHTTPServer((HOST, 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/catalog.ttl"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def _served(catalogue: Catalogue) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The feed, or that it is the same."""
            catalogue.requests += 1
            body, etag = catalogue.document
            same = self.headers.get("If-None-Match") == etag
            self.send_response(304 if same else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "text/turtle")
            self.send_header("Content-Length", str(0 if same else len(body)))
            self.end_headers()
            if self.command == "GET" and not same:
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            """Stock asks so first."""
            self.do_GET()

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        yield address


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    ours = pages.Site(port=settings.ports["web"], token=pages._token(paths, administrator))
    size = int(os.environ.get("TZC_BENCH_SIZE", DATASETS))
    catalogue = Catalogue(size)
    with pages.stock(paths, settings) as peer, _served(catalogue) as address:
        stock_paths = dataclasses.replace(paths, var=paths.var / "stock")
        for site, kind, config in ((ours, "tzc_dcat", {"allow_internal": True}), (peer, "dcat_rdf", {"rdf_format": "turtle"})):
            site.act("organization_create", {"name": "moissonne", "title": "Moissonné"})
            wanted = {"name": "catalogue", "title": "Catalogue", "url": address, "source_type": kind, "owner_org": "moissonne", "config": json.dumps(config)}
            site.act("harvest_source_create", wanted)
        yield _compared("first", "first harvest", size, _ours(ours, size, new=size), _stock(stock_paths, peer, size))
        catalogue.requests = 0
        again = sorted(_ours(ours, size, unchanged=size) for _ in range(REPEATS))[REPEATS // 2]
        if catalogue.requests != REPEATS:
            raise StackError(f"{REPEATS} harvests of an unchanged source cost {catalogue.requests} requests.", "an unchanged source should cost one.")
        yield _compared("again", "nothing changed", size, again, _stock(stock_paths, peer, size))
        catalogue.changed = max(1, size // SHARE_CHANGED)
        yield _compared("changed", "1 % changed", size, _ours(ours, size, changed=catalogue.changed), _stock(stock_paths, peer, size))


def _compared(kind: str, name: str, size: int, mine: float, theirs: float) -> pages.Figure:
    ratio = theirs / mine
    return {
        "name": name, "ours": round(mine, 2), "peer": round(theirs, 2), "ratio": round(ratio, 1), "unit": "s", "asked": ASKED[kind], "reached": ratio >= ASKED[kind],
        "size": {"datasets": size, "files": 3 * size},
    }  # fmt: skip


def _ours(site: pages.Site, size: int, **expected: int) -> float:
    """A run through the portal's own worker, from when that takes it to its end; seconds. What became of the records must be as expected."""
    with step(f"ours: {expected}"):
        run = site.act("tzc_harvest_run", {"source": "catalogue", "approve": True})["run"]
        while not (told := site.act("tzc_harvest_status", {"source": "catalogue", "run": run}))["ended"]:
            time.sleep(0.5)
    for kind, count in expected.items():
        found = told["found"][kind]
        if found != count or told["state"] != "done" or told["problems"] or told["done"].get(kind, found if kind == "unchanged" else 0) != count:
            raise StackError(f"Ours made {told} of {size} datasets.", "mend the benchmark or the engine.")
    job = site.act("harvest_job_show", {"id": run})
    return (_moment(job["finished"]) - _moment(job["gather_started"])).total_seconds()


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.replace(" ", "T"))


def _stock(paths: Paths, site: pages.Site, size: int) -> float:
    """A run in one process (`_stock_harvest.py`); seconds."""
    command = [str(paths.python), str(Path(__file__).with_name("_stock_harvest.py"))]
    with step("stock"):
        done = children.run(command, paths.run, {**lifecycle.ckan_environment(paths), "CKAN_INI": str(paths.ini)})
    if done.returncode:
        raise StackError("Stock's harvest failed.", f"what it wrote ends: {done.stderr[-600:]}")
    count = site.act("package_search", {"rows": 0, "q": "*:*"})["count"]
    if count < size:
        raise StackError(f"Stock harvested {count} of {size} datasets.", "mend the benchmark.")
    return float(done.stdout.strip().splitlines()[-1])
