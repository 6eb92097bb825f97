"""One large source beside nothing: what its worker's memory grows to, and what the portal's pages take while it is harvested beside what they take when nothing else goes on.

`TZC_BENCH_SIZE` datasets (100,000), three files each. See README.md for how to read the figures.
"""
from __future__ import annotations

import contextlib
import http.server
import importlib
import json
import os
import statistics
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from tzc_stack import lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import Settings
from tzc_stack.supervise import Supervisor

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")
harvest = importlib.import_module("harvest")

DATASETS, PAGE = 100_000, 500
"""Datasets in all, and on a page of the feed."""

SEEN = 100
"""Datasets that are there before, whose pages are read."""

IDLE, PAUSE = 40, 2.0
"""Rounds while nothing goes on, and seconds between two rounds, in which the worker has the machine for itself."""

CALM = 300.0
"""Seconds at most that are waited for the portal to be calm."""

MEMORY, SLOWER = 300.0, 1.5
"""MiB that a worker may take, and how many times slower pages may be."""


@contextlib.contextmanager
def served(size: int) -> Iterator[str]:
    """A feed that leads from page to page, each made when it is asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """A page."""
            question = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            number = int(question.get("page", ["1"])[0])
            body = harvest.turtle(range((number - 1) * PAGE, min(number * PAGE, size)))
            here = f"http://{self.headers['Host']}/catalog.ttl"
            links = f"<{here}?page={number}> a <http://www.w3.org/ns/hydra/core#PartialCollectionView>"
            if number * PAGE < size:
                links += f" ; <http://www.w3.org/ns/hydra/core#next> <{here}?page={number + 1}>"
            body += f"\n{links} .\n".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/turtle")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with harvest.listening(Handler) as address:
        yield address


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    site = pages.Site(port=settings.ports["web"], token=pages._token(paths, administrator))
    size = int(os.environ.get("TZC_BENCH_SIZE", DATASETS))
    with step(f"{SEEN} datasets whose pages are read"):
        for partner in pages.PARTNERS:
            site.act("organization_create", {"name": partner, "title": partner.capitalize()})
        names = [site.act("package_create", {**pages._dataset(turn + size), **pages._own_fields(turn)})["name"] for turn in range(SEEN)]
    kinds = pages._kinds(names)
    with step("pages while nothing else goes on"):
        for turn in range(8):
            _read(site, kinds, turn)
        idle = [_read(site, kinds, turn) for turn in range(IDLE)]
    parent = int(str(Supervisor(paths, settings).states()["harvest-work"]["pid"]))
    with served(size) as address, step(f"{size} datasets"):
        site.act("organization_create", {"name": "moissonne", "title": "Moissonn\u00e9"})
        config = json.dumps({"allow_internal": True})
        site.act("harvest_source_create", {"name": "catalogue", "title": "Catalogue", "url": address, "source_type": "tzc_dcat", "owner_org": "moissonne", "config": config})
        run = site.act("tzc_harvest_run", {"source": "catalogue", "approve": True})["run"]
        began, busy, grown, turn = time.monotonic(), [], {"planning": [0.0], "applying": [0.0]}, 0
        while not (told := site.act("tzc_harvest_status", {"source": "catalogue", "run": run}))["ended"]:
            grown.setdefault(told["state"], [0.0]).append(_memory(parent))
            busy.append(_read(site, kinds, turn))
            turn += 1
            time.sleep(PAUSE)
        spent = time.monotonic() - began
    if told["state"] != "done" or told["done"].get("new") != size or told["problems"]:
        raise StackError(f"The harvest of {size} datasets ended so: {json.dumps(told)[:600]}", "mend the benchmark or the engine.")
    yield {"name": "harvested", "ours": round(size / spent, 1), "unit": "datasets/s", "size": {"datasets": size}}
    for half in ("planning", "applying"):
        most = max(grown[half])
        yield {"name": f"memory of the worker, {half}", "ours": round(most, 1), "unit": "MiB at most (PSS)", "asked": MEMORY, "reached": most <= MEMORY, "size": {"datasets": size, "looks": len(grown[half])}}
    with step("pages while nothing else goes on, all jobs that follow held back"):
        _calm(paths, settings)
        later = [_read(site, kinds, turn) for turn in range(IDLE)]
    # a page takes longer in a larger catalogue: each half is compared with a calm portal of its size
    for half, calm, loud_ in (("planning", idle, busy[: len(grown["planning"]) - 1]), ("the last of applying", later, busy[-IDLE:])):
        for number, (kind, _path, _proof) in enumerate(kinds):
            quiet, loud = (statistics.median(round_[number] for round_ in rounds) for rounds in (calm, loud_))
            ratio = loud / quiet
            yield {"name": f"{kind} while {half}", "ours": round(loud * 1000, 1), "peer": round(quiet * 1000, 1), "ratio": round(ratio, 2), "unit": "ms median, beside when nothing goes on", "asked": SLOWER, "reached": ratio <= SLOWER,
                   "size": {"datasets": size, "rounds": len(loud_)}}  # fmt: skip


def _calm(paths: Paths, settings: Settings) -> None:
    """Stop whatever works beside the pages: so many new datasets are scored and published for an hour."""
    supervisor = Supervisor(paths, settings)
    for part in supervisor.states():
        if part.startswith("worker-") or part in ("harvest-work", "scheduler"):
            supervisor.stop_part(part)
    ends = time.monotonic() + CALM
    while time.monotonic() < ends and _load() > 0.1:
        time.sleep(2)


def _load() -> float:
    """The share of the processors that is at work, over some seconds."""
    return psutil.cpu_percent(interval=3) / 100


def _read(site: pages.Site, kinds: Sequence[Any], turn: int) -> list[float]:
    """Seconds that each kind of page takes."""
    return [pages._timed(pages._proven, site, path(turn), proof) for _name, path, proof in kinds]


def _memory(parent: int) -> float:
    """MiB of the largest worker under the process that gives out runs (PSS); nothing while there is none."""
    found = [0.0]
    for process in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            found.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024)
    return max(found)
