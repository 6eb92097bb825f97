"""The feeds: ours put together of stored fragments beside stock ckanext-dcat's, which makes each page when it is asked for.

`TZC_BENCH_SIZE` datasets (1,000), three files each, in both. See README.md for how to read the figures.
"""
from __future__ import annotations

import http.client
import importlib
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tzc_stack import lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import HOST, Settings

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")

DATASETS = 1000
ROUNDS_OF_OURS = 5
"""Whole crawls of ours for one of stock's, which takes a hundred times longer; the median counts."""

SYNTAXES = {"Turtle": "ttl", "RDF/XML": "rdf", "JSON-LD": "jsonld"}


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    ours = pages.Site(port=settings.ports["web"], token=pages._token(paths, administrator))
    size = int(os.environ.get("TZC_BENCH_SIZE", DATASETS))
    pages.SECONDS["package_create"] = float("inf")
    with pages.stock(paths, settings) as peer:
        names: list[str] = []
        yield pages._creation(ours, peer, size, names)
        yield _rebuild(paths, size)
        for syntax, extension in SYNTAXES.items():
            with step(f"the whole catalogue as {syntax}"):
                theirs = size / crawl(peer, extension, size, by_number=True)
                crawl(ours, extension, size)
                mine = size / statistics.median(crawl(ours, extension, size) for _ in range(ROUNDS_OF_OURS))
            yield figure(f"whole catalogue, {syntax}", mine, theirs, mine / theirs, "datasets/s", size)
        yield _in_pairs("one dataset, Turtle", lambda site, turn: site.get(f"/dataset/{names[turn * 7 % len(names)]}.ttl"), ours, peer, size)
        yield _known_already(ours, peer, size)
        yield _in_pairs("package_patch", lambda site, turn: site.act("package_patch", {"id": names[turn], "title": f"Changé {turn}"}), ours, peer, size)


def figure(name: str, ours: float, peer: float, ratio: float, unit: str, size: int, **more: Any) -> pages.Figure:
    """One line."""
    return {"name": name, "ours": round(ours, 1), "peer": round(peer, 1), "ratio": round(ratio, 2), "unit": unit, "size": {"datasets": size, **more}}


def crawl(site: pages.Site, extension: str, size: int, by_number: bool = False) -> float:
    """Read all pages: ours from link to link, stock's by their number (its links are no IRIs). Returns the seconds that the answers took, without what the reader does
    with them. Fails when datasets are missing."""
    address, met, number, spent = f"/catalog.{extension}", 0, 1, 0.0
    while address:
        begun = time.perf_counter()
        content = site.get(address)
        spent += time.perf_counter() - begun
        met += len(set(re.findall(rb"banc-\d+(?=/2023)", content)))
        number += 1
        address = (f"/catalog.{extension}?page={number}" if number <= -(-size // 100) else "") if by_number else _next(content)
    if met < size:
        raise StackError(f"A crawl met {met} of {size} datasets.", "mend the benchmark or the feed.")
    return spent


def _next(content: bytes) -> str:
    found = re.search(rb"(?:hydra:|core#)next\b[^?]{0,80}?(/catalog\.\w+\?after=\d+)", content)
    return found[1].decode() if found else ""


def _timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _rebuild(paths: Paths, size: int) -> pages.Figure:
    """All fragments anew, beside the rate that is asked for."""
    with step("all fragments anew"):
        rate = rebuilt(paths)
        lifecycle.ckan(paths, ["tzc", "publishing", "check"])
    return figure("rebuild of all", rate, 300.0, rate / 300.0, "datasets/s, beside the 300 asked for", size)


def rebuilt(paths: Paths) -> float:
    """Make all fragments anew. Returns how many a second."""
    printed = lifecycle.ckan(paths, ["tzc", "publishing", "rebuild"]).strip().splitlines()[-1]
    done, seconds = re.fullmatch(r"(\d+) datasets in ([\d.]+) s\.", printed).groups()  # type: ignore[union-attr]  # -- the command prints it
    return int(done) / max(float(seconds), 0.1)


def _in_pairs(name: str, work: Callable[[pages.Site, int], Any], ours: pages.Site, peer: pages.Site, size: int) -> pages.Figure:
    taken: dict[pages.Site, list[float]] = {ours: [], peer: []}
    with step(name):
        for turn in range(60):
            for site in pages._order(ours, peer, turn):
                spent = _timed(lambda site=site, turn=turn: work(site, turn))
                if turn >= pages.WARM_UP:
                    taken[site].append(spent)
    return pages._milliseconds(name, taken[ours], taken[peer], {"datasets": size, "rounds": len(taken[ours])})


def _known_already(ours: pages.Site, peer: pages.Site, size: int) -> pages.Figure:
    """The second night: ours says that nothing has changed, stock makes the page again."""
    etag = _ask(ours, "/catalog.ttl", {})[1]
    taken: dict[str, list[float]] = {"ours": [], "peer": []}
    with step("what is known already"):
        for _ in range(20):
            taken["ours"].append(_timed(lambda: _expect(304, _ask(ours, "/catalog.ttl", {"If-None-Match": etag or ""}))))
        for _ in range(4):
            taken["peer"].append(_timed(lambda: _expect(200, _ask(peer, "/catalog.ttl", {}))))
    return pages._milliseconds("a page known already", taken["ours"], taken["peer"], {"datasets": size, "rounds": len(taken["ours"])})


def _expect(status: int, answer: tuple[int, str | None]) -> None:
    if answer[0] != status:
        raise StackError(f"A feed answered {answer[0]} instead of {status}.", "mend the benchmark or the feed.")


def _ask(site: pages.Site, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    with closing(http.client.HTTPConnection(HOST, site.port, timeout=120)) as connection:
        connection.request("GET", path, headers={"Connection": "close", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("ETag")

