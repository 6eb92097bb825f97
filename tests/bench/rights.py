"""Rights: the pages of who decides, one check of the policy, searches among restricted datasets, and the audit; beside what is asked for.

10,000 requests that wait and 10,000 rights (or `TZC_BENCH_SIZE`), spread over 130 partners, and 1,000,000 entries of the audit. See README.md for how to read the figures.
There is no peer: CKAN has no requests.
"""
from __future__ import annotations

import importlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from tzc_stack import lifecycle
from tzc_stack.console import StackError, step
from tzc_stack.paths import Paths
from tzc_stack.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))
pages = importlib.import_module("pages")
audit = importlib.import_module("audit")

REQUESTS, PARTNERS, DATASETS, ROUNDS = 10_000, 130, 25, 40
QUEUE, CHECK, RATIO = 150.0, 1.0, 1.1
"""What is asked for: milliseconds of a page and of a check, times a search without restricted datasets."""

SHARE = 0.9
"""Of all requests, how many wait at the one partner whose decider reads the queue."""

FILL = """
INSERT INTO "group" (id, name, title, type, is_organization, state, approval_status, created)
SELECT 'banc-' || n, 'banc-' || n, 'Partenaire ' || n, 'organization', true, 'active', 'approved', now() FROM generate_series(1, %(partners)s - 1) n;

INSERT INTO tzc_rights_request (id, requester, purpose, words, project, organisation, days, team, key, created, changed)
SELECT 'banc-' || n, %(requester)s || mod(n, 500), 'research', 'Une thèse sur les usages.', 'Thèse', 'Université', 180, '[]', 'banc-' || n, now() - n * interval '1 minute', now()
FROM generate_series(1, 2 * %(size)s) n;

INSERT INTO tzc_rights_part (id, request, partner, state, personal, keys, decided_by, due, begins, ends, changed, told)
SELECT 'banc-' || n, 'banc-' || n, CASE WHEN mod(n, 100) < 100 * %(share)s THEN %(partner)s ELSE 'banc-' || (1 + mod(n, %(partners)s - 1)) END,
       CASE WHEN n > %(size)s THEN 'granted' WHEN mod(n, 3) = 0 THEN 'under_review' ELSE 'submitted' END, mod(n, 4) = 0, '{}', '[]',
       CASE WHEN n <= %(size)s THEN now() + mod(n * 7919, 90000) * interval '1 minute' END,
       CASE WHEN n > %(size)s THEN now() - interval '1 day' END, CASE WHEN n > %(size)s THEN now() + interval '180 days' END, now() - n * interval '1 second', '[]'
FROM generate_series(1, 2 * %(size)s) n;

INSERT INTO tzc_rights_covered (part, dataset, resources) SELECT 'banc-' || n, (%(datasets)s::text[])[1 + mod(n, %(length)s)], '[]' FROM generate_series(1, 2 * %(size)s) n;

INSERT INTO tzc_rights_grant (id, part, account, dataset, resources, begins, ends, live, terms_hash, purpose, words, created)
SELECT 'banc-' || n, 'banc-' || n, CASE WHEN mod(n, 100) = 0 THEN %(reader)s ELSE %(requester)s || mod(n, 500) END, (%(datasets)s::text[])[1 + mod(n / 100, %(length)s)], '[]',
       now() - interval '1 day', now() + interval '180 days', true, '', 'research', '', now()
FROM generate_series(%(size)s + 1, 2 * %(size)s) n;
"""


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[pages.Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    admin = pages.Site(port=settings.ports["web"], token=pages._token(paths, administrator))
    size = int(os.environ.get("TZC_BENCH_SIZE", REQUESTS))
    decider, reader = (_account(admin, name) for name in ("banc-decideuse", "banc-lectrice"))
    partner = admin.act("organization_create", {"name": "banc", "title": "Le grand partenaire", "users": [{"name": decider["name"], "capacity": "admin"}]})
    restricted, _open = (_datasets(admin, level, word) for level, word in (("restricted", "sargasse"), ("open", "laminaire")))
    with step(f"{size} requests that wait and {size} rights, {PARTNERS} partners"):
        _fill(settings, size, partner["id"], reader["id"], restricted)
    sites = {name: pages.Site(port=admin.port, token=pages._token(paths, name)) for name in (decider["name"], reader["name"], administrator)}
    waiting = {"waiting": size, "rights": size, "partners": PARTNERS}
    for words, name, path in (
        ("what waits for a decider", decider["name"], "/demandes/a-decider"), ("its last one", decider["name"], f"/demandes/a-decider?page={int(size * SHARE) // 50}"),
        ("what a decider decided", decider["name"], "/demandes/decidees"), ("what waits for an administrator", administrator, "/demandes/a-decider"),
    ):  # fmt: skip
        yield _asked(f"page: {words}", _milliseconds(sites[name], lambda _turn, path=path: path, b"tzc-history"), QUEUE, "ms", **waiting)
    yield from _checks(paths, reader["name"], restricted, waiting)
    with step("searches with and without restricted datasets"):
        with_them, without = _in_turns(sites[reader["name"]], ["/dataset/?q=sargasse", "/dataset/?q=laminaire"])
    yield _asked("search among restricted datasets, times one among open ones", with_them / without, RATIO, "times", ms=round(with_them, 1), without=round(without, 1), datasets=DATASETS)
    for found in audit.figures(paths, settings, accounts):
        if "asked" in found:
            yield found


def _account(admin: Any, name: str) -> dict[str, Any]:
    made: dict[str, Any] = admin.act("user_create", {"name": name, "email": f"{name}@example.org", "password": "un-mot-de-passe-du-banc"})
    return made


def _datasets(admin: Any, level: str, word: str) -> list[str]:
    """Alike but for their level and one word; their ids."""
    with step(f"{DATASETS} datasets, {level}"):
        return [
            admin.act(
                "package_create",
                {
                    "name": f"banc-{level}-{n}", "title": f"Relevés de {word} {n}", "notes": f"Relevés de {word} sur les plages, par mois.", "owner_org": "banc", "license_id": "lov2", "axis": ["mobilite"],
                    "access_level": level, "resources": [{"name": "Relevés", "format": "CSV", "url": f"http://example.org/{level}/{n}.csv"} for _ in range(3)],
                },
            )["id"]
            for n in range(DATASETS)
        ]  # fmt: skip


def _fill(settings: Settings, size: int, partner: str, reader: str, datasets: list[str]) -> None:
    values = {"size": size, "partners": PARTNERS, "share": SHARE, "partner": partner, "requester": "banc-personne-", "reader": reader, "datasets": datasets, "length": len(datasets)}
    with closing(psycopg2.connect(settings.database_url)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(FILL, values)
        connection.set_session(autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _milliseconds(site: Any, path: Callable[[int], str], proof: bytes) -> float:
    """The median of a page that is read as somebody who is signed in."""
    with step(path(0)):
        for turn in range(12):
            _read(site, path(turn), proof)
        return statistics.median(pages._timed(_read, site, path(turn), proof) for turn in range(ROUNDS)) * 1000


def _in_turns(site: Any, paths: Sequence[str]) -> list[float]:
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for turn in range(3 * ROUNDS + 12):
        for path in paths if turn % 2 else reversed(paths):
            spent = pages._timed(_read, site, path, b"dataset-heading")
            if turn >= 12:
                taken[path].append(spent)
    return [statistics.median(each) * 1000 for each in taken.values()]


def _read(site: Any, path: str, proof: bytes) -> None:
    """As an account by its token."""
    import http.client

    with closing(http.client.HTTPConnection(pages.HOST, site.port, timeout=120)) as connection:
        connection.request("GET", path, headers={"Connection": "close", "Authorization": site.token})
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != 200 or proof not in content:
        raise StackError(f"{path} answered {answer.status}, or without {proof.decode()!r}.", "mend the benchmark or the page.")


def _checks(paths: Paths, reader: str, datasets: list[str], waiting: dict[str, int]) -> Iterator[pages.Figure]:
    """In a process of its own, as the web server's: the decision itself, and all that one costs which begins with the account's name."""
    with step("one check"):
        script = Path(__file__).parent / "_rights_check.py"
        done = subprocess.run(
            [sys.executable, str(script), reader, *datasets], env={**os.environ, **lifecycle.ckan_environment(paths)}, cwd=paths.run, capture_output=True, text=True, timeout=300, check=False
        )  # fmt: skip
        if done.returncode:
            raise StackError("The check could not be measured.", done.stderr[-800:])
        found = json.loads(done.stdout.strip().splitlines()[-1])
    yield _asked("one decision of the policy", found["decision"], CHECK, "ms", rights=found["rights"], **{"of all": waiting["rights"]})
    yield {"name": "one check at a door: CKAN's questions about the account, then the decision", "ours": round(found["check"], 2), "unit": "ms", "size": {"rights": found["rights"]}}


def _asked(name: str, ours: float, most: float, unit: str, **size: Any) -> pages.Figure:
    return {"name": name, "ours": round(ours, 3), "asked": most, "reached": ours <= most, "unit": unit, "size": size}
