"""The feeds of a large catalogue beside those of a small one, on the same portal: datasets a second, and what the web processes' memory grows by.

`TZC_BENCH_SIZE` datasets (100,000) beside 1,000, three files each. See README.md for how to read the figures.
"""
from __future__ import annotations

import importlib
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2  # type: ignore[import-untyped]  # -- it has none
from tzc_stack import lifecycle, status
from tzc_stack.console import step
from tzc_stack.paths import Paths
from tzc_stack.settings import Settings
from tzc_stack.supervise import Supervisor

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")
publishing = importlib.import_module("publishing")

MADE, SMALL, LARGE = 100, 1000, 100_000
"""Datasets made through the API; of which copies are made in the database: the search index has no part in feeds."""

MOST_GROWTH = 100.0
"""MiB by which the web processes together may grow."""

COPY = """
    SET LOCAL session_replication_role = replica;
    CREATE TEMP TABLE copy ON COMMIT DROP AS
        SELECT package.id AS was, gen_random_uuid()::text AS id, package.name AS name_was, 'banc-' || (%(first)s + row_number() OVER ()) AS name
        FROM package, generate_series(1, %(copies)s) WHERE package.id IN (SELECT id FROM package WHERE type = 'dataset' ORDER BY metadata_created LIMIT %(made)s);
    INSERT INTO package (id, name, title, version, url, notes, state, license_id, type, owner_org, private, metadata_modified, metadata_created, creator_user_id, plugin_data, extras)
        SELECT copy.id, copy.name, title, version, url, notes, state, license_id, type, owner_org, private, metadata_modified, metadata_created, creator_user_id, plugin_data, extras
        FROM copy JOIN package ON package.id = copy.was;
    INSERT INTO resource (id, package_id, url, format, description, position, hash, state, extras, name, mimetype, size, created, url_type, metadata_modified)
        SELECT gen_random_uuid()::text, copy.id, replace(url, copy.name_was || '/', copy.name || '/'), format, description, position, hash, state, extras, resource.name, mimetype, size, created,
            url_type, metadata_modified
        FROM copy JOIN resource ON resource.package_id = copy.was;
    INSERT INTO package_tag (id, package_id, tag_id, state)
        SELECT gen_random_uuid()::text, copy.id, tag_id, state FROM copy JOIN package_tag ON package_tag.package_id = copy.was;
"""
"""Without triggers: their notes would have the background job make fragments while the benchmark measures."""


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    site = pages.Site(port=settings.ports["web"], token=pages._token(paths, administrator))
    large = int(os.environ.get("TZC_BENCH_SIZE", LARGE))
    with step(f"{MADE} datasets"):
        for partner in pages.PARTNERS:
            site.act("organization_create", {"name": partner, "title": partner.capitalize()})
        for turn in range(MADE):
            site.act("package_create", {**pages._dataset(turn), **pages._own_fields(turn)})
    grow(paths, settings, SMALL, MADE)
    small = {syntax: crawled(site, extension, SMALL, rounds=5) for syntax, extension in publishing.SYNTAXES.items()}
    before = memory(paths, settings)
    rebuilt = grow(paths, settings, large, SMALL)
    rest(paths, settings)
    yield publishing.figure("rebuild of all", rebuilt, 300.0, rebuilt / 300.0, "datasets/s, beside the 300 asked for", large)
    for syntax, extension in publishing.SYNTAXES.items():
        rate = crawled(site, extension, large, rounds=1)
        yield publishing.figure(f"whole catalogue, {syntax}", rate, small[syntax], rate / small[syntax], f"datasets/s, beside those of {SMALL}", large)
    with step("in one document"):
        spent = publishing._timed(lambda: site.get("/catalog/all.nt"))
    yield publishing.figure("whole catalogue in one document, N-Triples", large / spent, small["Turtle"], large / spent / small["Turtle"], "datasets/s, beside pages of Turtle", large)
    known = publishing._ask(site, "/catalog.ttl", {})[1] or ""
    spent = statistics.median(publishing._timed(lambda: publishing._expect(304, publishing._ask(site, "/catalog.ttl", {"If-None-Match": known}))) for _ in range(20))
    yield publishing.figure("a page known already", spent * 1000, 10.0, 10.0 / spent / 1000, "ms median, beside the 10 asked for", large)
    grown = (memory(paths, settings) - before) / 1024**2
    yield publishing.figure("growth of the web processes", grown, MOST_GROWTH, MOST_GROWTH / max(grown, 0.1), "MiB, beside the 100 that are allowed", large)


def rest(paths: Paths, settings: Settings) -> None:
    """Stop the workers: a hundred thousand datasets that came at once are scored and validated for an hour, in which the small catalogue had nothing to do."""
    supervisor = Supervisor(paths, settings)
    for part in supervisor.states():
        if part.startswith("worker-"):
            supervisor.stop_part(part)


def grow(paths: Paths, settings: Settings, size: int, there: int) -> float:
    """Copy datasets until there are so many, and make their fragments. Returns how many were made a second."""
    with step(f"{size} datasets"), closing(psycopg2.connect(urlunsplit(urlsplit(settings.superuser_url)._replace(path=urlsplit(settings.database_url).path)))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(COPY, {"first": 999 + there, "copies": size // MADE - there // MADE, "made": MADE})
        cursor.execute("ANALYZE package, resource, package_tag")
    with step("their fragments"):
        return publishing.rebuilt(paths)


def crawled(site: pages.Site, extension: str, size: int, rounds: int) -> float:
    """Datasets a second of a crawl from link to link."""
    with step(f"a crawl of {size} datasets, {extension}"):
        return size / statistics.median(publishing.crawl(site, extension, size) for _ in range(rounds))


def memory(paths: Paths, settings: Settings) -> int:
    """Of the web server with its processes, in bytes (PSS)."""
    return next(part["memory"] or 0 for part in status.report(paths, settings)["parts"] if part["name"] == "web")
