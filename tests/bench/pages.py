"""Pages, search and `package_create`: the portal beside stock CKAN, on the same servers and with the same datasets.

See README.md for how to read the figures.
"""
from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import queue
import random
import socket
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from tzc_stack import children, lifecycle, ready, testing
from tzc_stack.console import StackError, step
from tzc_stack.parts import all_parts
from tzc_stack.paths import Paths
from tzc_stack.settings import HOST, Settings, write_private

Figure = dict[str, Any]

DATASETS, RESOURCES, ROUNDS = 200, 3, 60
READERS, BURST = 20, 40
"""Readers at once, and the pages they read between them in one burst."""

SECONDS = {"package_create": 110.0, "one": 14.0, "many": 18.0}
"""What each part may take at most: on a slow machine there are fewer rounds, never a longer run."""

PAGES = 3
"""The first so many kinds are pages, which are kept for strangers; the others are the API."""

KEPT = 20
"""Datasets whose kept pages are read: all of them are kept after the warm-up."""

LEAST, WARM_UP = 10, 4
"""Rounds that are made however long they take, and datasets created before the clock runs."""

QUESTIONS = (
    "comptage vélo", "qualité de l'air", "consommation énergie bâtiments", "port maritime", "déchets ménagers", "eau de mer température",
    "arbres ombre", "bornes de recharge", "transport scolaire", "marais carbone",
)  # fmt: skip
SUBJECTS = (
    ("Comptage vélo", "comptage vélo sur les pistes et les ponts, par quart d'heure"),
    ("Qualité de l'air", "qualité de l'air mesurée par des capteurs fixes et mobiles"),
    ("Consommation", "consommation énergie bâtiments publics, relevée aux compteurs"),
    ("Escales au port", "escales de navires au port maritime et tonnages par quai"),
    ("Déchets", "déchets ménagers collectés, par commune et par filière"),
    ("Estran", "eau de mer température et salinité, à trois profondeurs"),
    ("Canopée", "arbres ombre et fraîcheur des rues, relevés par avion"),
    ("Recharge", "bornes de recharge publiques, disponibilité et énergie livrée"),
    ("Mobilité", "transport scolaire : lignes, arrêts et fréquentation"),
    ("Zones humides", "marais carbone stocké dans les sols et les herbiers"),
)
PLACES = ("Angoulins", "Aytré", "Lagord", "Périgny", "Puilboreau", "Saint-Xandre", "Esnandes", "Marsilly")
COMMUNES = ("17010", "17028", "17094")
AXES = ("batiments", "mobilite", "energies-renouvelables", "ecologie-industrielle", "carbone-bleu", "donnees")
PARTNERS = ("agglomeration", "ville", "universite", "port", "regie", "association", "observatoire", "entreprise")
AUTHORITY = "http://publications.europa.eu/resource/authority"

STOCK_PLUGINS = "dcat dcat_rdf_harvester harvest scheming_datasets activity datastore datatables_view image_view text_view"


@dataclasses.dataclass(frozen=True)
class Site:
    """One of the two catalogues. `token` is an administrator's.

    A reader sends a cookie, so that each page is made for him; with `stranger` none, so that ours may come from the kept pages.
    """

    port: int
    token: str
    stranger: bool = False

    def get(self, path: str) -> bytes:
        """A page, without a kept connection."""
        known = {} if self.stranger else {"Cookie": "reader=1"}
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=120)) as connection:
            connection.request("GET", path, headers={"Connection": "close", **known})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise StackError(f"{path} answered {answer.status}.", f"read the web server's log; the answer begins: {content[:300]!r}")
        return content

    def act(self, action: str, values: Mapping[str, Any]) -> Any:
        """An action as administrator; its result."""
        with closing(http.client.HTTPConnection(HOST, self.port, timeout=120)) as connection:
            connection.request(
                "POST", f"/api/3/action/{action}", json.dumps(values).encode(),
                {"Authorization": self.token, "Content-Type": "application/json", "Connection": "close"},
            )  # fmt: skip
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise StackError(f"{action} answered {answer.status}.", f"the answer begins: {content[:600]!r}")
        return json.loads(content)["result"]


def figures(paths: Paths, settings: Settings, accounts: Sequence[lifecycle.Account]) -> Iterator[Figure]:
    """Measure; one figure after the other."""
    administrator = next(account["name"] for account in accounts if account["role"] == "Administrator")
    ours = Site(port=settings.ports["web"], token=_token(paths, administrator))
    with stock(paths, settings) as peer:
        names: list[str] = []
        yield _creation(ours, peer, int(os.environ.get("TZC_BENCH_SIZE", DATASETS)), names)
        _compare_contents(ours, peer, len(names))
        kinds = _kinds(names)
        for name, path, proof in kinds:
            _warm_up((ours, peer), path, proof)
            yield _one_reader(name, ours, peer, path, proof, len(names))
        for name, path, proof in kinds:
            yield _many_readers(name, ours, peer, path, proof, len(names))
        kept = dataclasses.replace(ours, stranger=True)
        for name, path, proof in _kinds(names[:KEPT])[:PAGES]:
            _warm_up((kept,), path, proof)
            yield _one_reader(f"{name}, kept for strangers", kept, peer, path, proof, len(names))
            yield _one_reader(f"{name}, kept beside made", kept, ours, path, proof, len(names))


def _kinds(names: Sequence[str]) -> list[tuple[str, Callable[[int], str], bytes]]:
    """What is read: its name, the address of each round, what every answer must hold."""
    questions = [urlencode({"q": question}) for question in QUESTIONS]
    return [
        ("home", "/".format, b"</html>"),
        ("search", lambda turn: f"/dataset/?{questions[turn % len(questions)]}", b"dataset-heading"),
        ("dataset page", lambda turn: f"/dataset/{names[turn * 7 % len(names)]}", b"</html>"),
        ("package_show", lambda turn: f"/api/3/action/package_show?id={names[turn * 7 % len(names)]}", b'"success": true'),
        ("package_search", lambda turn: f"/api/3/action/package_search?{questions[turn % len(questions)]}", b'"success": true'),
    ]


# what is measured


def _creation(ours: Site, peer: Site, size: int, names: list[str]) -> Figure:
    """`package_create`, in turns; `names` receives what both hold."""
    with step(f"{size} datasets with {RESOURCES} files each, into both"):
        for axis in AXES:
            known = ours.act("group_show", {"id": axis, "include_users": False})
            peer.act("group_create", {key: known[key] for key in ("name", "title", "description")})
        for partner in PARTNERS:
            for site in (ours, peer):
                site.act("organization_create", {"name": partner, "title": partner.capitalize(), "description": f"Partenaire du territoire : {partner}."})
        taken: dict[Site, list[float]] = {ours: [], peer: []}
        begun = time.monotonic()
        for turn in range(size):
            if turn >= LEAST + WARM_UP and time.monotonic() - begun > SECONDS["package_create"]:
                break
            dataset = _dataset(turn)
            for site in _order(ours, peer, turn):
                wanted = {**dataset, **(_own_fields(turn) if site is ours else _stock_fields(turn))}
                spent = _timed(site.act, "package_create", wanted)
                if turn >= WARM_UP:
                    taken[site].append(spent)
            names.append(dataset["name"])
    return _milliseconds("package_create", taken[ours], taken[peer], {"datasets": len(names), "resources": RESOURCES, "rounds": len(taken[ours])})


def _compare_contents(ours: Site, peer: Site, size: int) -> None:
    """Both must hold the same and answer every question with a full page: else one would be faster by finding less."""
    for question in ("*:*", *QUESTIONS):
        counts = [json.loads(site.get("/api/3/action/package_search?" + urlencode({"q": question, "rows": 0})))["result"]["count"] for site in (ours, peer)]
        wanted = size if question == "*:*" else min(20, size // len(SUBJECTS))
        if min(counts) < wanted or (question == "*:*" and max(counts) > size):
            words = f"“{question}” finds {counts[0]} datasets here and {counts[1]} in stock CKAN; at least {wanted} are there."
            raise StackError(words, "mend the benchmark's datasets or questions.")


def _warm_up(sites: Sequence[Site], path: Callable[[int], str], proof: bytes) -> None:
    """One by one, as stock CKAN fails when its first pages are asked for at once; then so many that every web process has its turn."""
    for site in sites:
        for turn in range(2):
            site.get(path(turn))
        _burst(site, path, proof, 0, 24)


def _one_reader(name: str, ours: Site, peer: Site, path: Callable[[int], str], proof: bytes, size: int) -> Figure:
    taken: dict[Site, list[float]] = {ours: [], peer: []}
    begun = time.monotonic()
    with step(f"{name}, one reader"):
        for turn in range(4 * ROUNDS):
            spent = time.monotonic() - begun
            if (turn >= LEAST and spent > SECONDS["one"]) or (turn >= ROUNDS and spent > SECONDS["one"] / 2):
                break
            for site in _order(ours, peer, turn):
                address = path(turn)
                taken[site].append(_timed(_proven, site, address, proof))
    return _milliseconds(name, taken[ours], taken[peer], {"datasets": size, "rounds": len(taken[ours])})


def _many_readers(name: str, ours: Site, peer: Site, path: Callable[[int], str], proof: bytes, size: int) -> Figure:
    rates: dict[Site, list[float]] = {ours: [], peer: []}
    begun, turn = time.monotonic(), 0
    with step(f"{name}, {READERS} readers at once"):
        while turn < 2 or (turn < 6 and (time.monotonic() - begun) * (turn + 1) / turn < SECONDS["many"]):
            for site in _order(ours, peer, turn):
                rates[site].append(BURST / _timed(_burst, site, path, proof, turn * BURST, BURST))
            turn += 1
    mine, theirs = statistics.median(rates[ours]), statistics.median(rates[peer])
    return {
        "name": f"{name}, {READERS} readers", "ours": round(mine, 1), "peer": round(theirs, 1), "ratio": round(mine / theirs, 2),
        "unit": "pages/s", "size": {"datasets": size, "readers": READERS, "rounds": turn, "pages": turn * BURST},
    }  # fmt: skip


def _burst(site: Site, path: Callable[[int], str], proof: bytes, first: int, pages: int) -> None:
    """Read `pages` addresses with all readers; returns when the last answer is there."""
    left: queue.SimpleQueue[str] = queue.SimpleQueue()
    for turn in range(first, first + pages):
        left.put(path(turn))
    failures: list[Exception] = []

    def read() -> None:
        with contextlib.suppress(queue.Empty):
            while not failures:
                address = left.get_nowait()
                try:
                    _proven(site, address, proof)
                except (OSError, http.client.HTTPException, StackError) as error:
                    failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if failures:
        raise failures[0]


def _proven(site: Site, address: str, proof: bytes) -> None:
    if proof not in site.get(address):
        raise StackError(f"{address} gave a page without {proof.decode()!r}.", "mend the benchmark or the page.")


def _order(ours: Site, peer: Site, turn: int) -> tuple[Site, Site]:
    return (ours, peer) if turn % 2 == 0 else (peer, ours)


def _timed(work: Callable[..., Any], *arguments: Any) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begun


def _milliseconds(name: str, ours: Sequence[float], peer: Sequence[float], size: Mapping[str, int]) -> Figure:
    mine, theirs = statistics.median(ours), statistics.median(peer)
    return {"name": name, "ours": round(mine * 1000, 1), "peer": round(theirs * 1000, 1), "ratio": round(theirs / mine, 2), "unit": "ms median", "size": dict(size)}


# the datasets


def _dataset(turn: int) -> dict[str, Any]:
    """A dataset in the fields that both schemas have; the same for the same turn."""
    chance = random.Random(turn)  # noqa: S311 -- texts, no secret
    title, words = SUBJECTS[turn % len(SUBJECTS)]
    place = chance.choice(PLACES)
    sentences = [
        f"Ce jeu contient : {words}.", f"Les relevés couvrent {place} et les communes voisines depuis {2010 + turn % 12}.",
        "Les valeurs manquantes sont laissées vides ; une valeur corrigée porte la date de sa correction.",
        f"La méthode a changé en {2019 + turn % 5} : les séries d'avant et d'après ne se comparent pas sans précaution.",
        "**Unités** : celles du système international, sauf mention contraire dans le nom de la colonne.",
    ]  # fmt: skip
    name = f"banc-{turn + 1000}"
    return {
        "name": name,
        "title": f"{title} – {place} ({turn + 1000})",
        "notes": "\n\n".join([sentences[0], *chance.sample(sentences[1:], 3)]),
        "owner_org": PARTNERS[turn % len(PARTNERS)],
        "license_id": ("cc-by", "cc-zero")[turn % 2],
        "tags": [{"name": tag} for tag in chance.sample(["vélo", "air", "énergie", "port", "déchets", "mer", "arbres", "marais", "capteurs", "données"], 4)],
        "theme": [f"{AUTHORITY}/data-theme/{code}" for code in chance.sample(["ENVI", "ENER", "TRAN", "REGI"], 2)],
        "frequency": f"{AUTHORITY}/frequency/MONTHLY",
        "language": [f"{AUTHORITY}/language/FRA"],
        "contact": [{"name": "Service des données", "email": "donnees@example.org"}],
        "temporal_coverage": [{"start": f"{2010 + turn % 12}-01-01", "end": "2025-12-31"}],
        "provenance": "Relevés du partenaire, contrôlés puis publiés chaque mois.",
        "issued": "2024-03-01",
        "resources": [
            {
                "name": f"{title} {year} ({kind})", "format": kind, "url": f"http://example.org/{name}/{year}.{kind.lower()}",
                "description": f"Une ligne par relevé de l'année {year}, une colonne par grandeur.",
            }
            for year, kind in zip(range(2023, 2023 + RESOURCES), ("CSV", "GeoJSON", "PDF"), strict=True)
        ],
    }  # fmt: skip


def _own_fields(turn: int) -> dict[str, Any]:
    """What our schema asks for besides: more work for ours. The axes make the dataset a member of their groups."""
    return {"axis": _groups(turn), "communes": list(COMMUNES[: 1 + turn % len(COMMUNES)]), "access_level": "open"}


def _stock_fields(turn: int) -> dict[str, Any]:
    """The same groups, as stock CKAN takes them."""
    return {"groups": [{"name": name} for name in _groups(turn)]}


def _groups(turn: int) -> list[str]:
    return [AXES[turn % (len(AXES) - 1)], AXES[-1]]


# the peer


@contextlib.contextmanager
def stock(paths: Paths, settings: Settings) -> Iterator[Site]:
    """Stock CKAN with stock extensions on the portal's own servers: databases, a core and a web server of its own, ended at the end."""
    second = dataclasses.replace(paths, var=paths.var / "stock")
    for folder in (second.uploads, second.run, second.log):
        folder.mkdir(parents=True, exist_ok=True)
    with testing.stock_core(paths, settings) as core:
        with step("stock CKAN: databases, tables, an administrator"):
            urls = testing.add_databases(settings, "stock")
            port = _free_port()
            write_private(second.ini, _configuration(second, settings, urls, core, port))
            lifecycle.ckan(second, ["db", "upgrade"])
            _allow_datastore_reads(second, settings, urls)
            lifecycle.ckan(second, ["user", "add", "bench", "email=bench@example.org", "password=a-password-of-the-benchmark"])
            lifecycle.ckan(second, ["sysadmin", "add", "bench"])
            site = Site(port=port, token=_token(second, "bench"))
        with _web_server(paths, second, settings, port):
            yield site


@contextlib.contextmanager
def _web_server(paths: Paths, second: Paths, settings: Settings, port: int) -> Iterator[None]:
    """The portal's own web server command with another address, configuration and application (`_stock.py`)."""
    web = next(part for part in all_parts(paths, settings) if part.name == "web")
    other = {settings.bind: f"{HOST}:{port}", str(paths.run): str(second.run), "ckanext.tzc.portal.wsgi:application": "_stock:application"}
    command = [other.get(word, word) for word in web.command]
    environment = {**lifecycle.ckan_environment(second), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(paths.root / "tests" / "bench")}
    log = second.log / "web.log"
    with log.open("w", encoding="utf-8") as output:
        server = children.start(command, second.run, environment, output)
    try:
        with step("stock CKAN's web server"):
            ready.wait("Stock CKAN", _status(port), 120, log, lambda: server.poll() is not None)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=25)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _status(port: int) -> ready.Probe:
    def probe() -> None:
        with urllib.request.urlopen(f"http://{HOST}:{port}/api/3/action/status_show", timeout=20) as answer:
            answer.read()

    return probe


def _configuration(paths: Paths, settings: Settings, urls: Mapping[str, str], core: str, port: int) -> str:
    """CKAN's own defaults wherever there is one."""
    values = {
        "use": "egg:ckan",
        "ckan.site_id": "stock",
        "ckan.site_url": f"http://{HOST}:{port}",
        "ckan.site_title": "Stock CKAN",
        "sqlalchemy.url": urls["TZC_DATABASE_URL"],
        "ckan.datastore.write_url": urls["TZC_DATASTORE_URL"],
        "ckan.datastore.read_url": urls["TZC_DATASTORE_READ_URL"],
        "solr_url": core,
        "ckan.redis.url": urlunsplit(urlsplit(settings.redis_url)._replace(path="/2")),
        "ckan.plugins": STOCK_PLUGINS,
        "scheming.dataset_schemas": "ckanext.dcat.schemas:dcat_ap_full.yaml",
        "scheming.presets": "ckanext.scheming:presets.json ckanext.dcat.schemas:presets.yaml",
        "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3",
        "ckan.storage_path": str(paths.uploads),
        "ckan.webassets.path": str(paths.var / "webassets"),
        "SECRET_KEY": settings.secret["flask"],
    }
    lines = [f"{name} = {value.replace('%', '%%')}" for name, value in values.items()]
    template = (paths.root / "config" / "portal.ini.j2").read_text(encoding="utf-8")
    return "\n".join(["[app:main]", *lines, "", "[loggers]" + template.partition("[loggers]")[2]])


def _allow_datastore_reads(paths: Paths, settings: Settings, urls: Mapping[str, str]) -> None:
    """What CKAN prints for the server's administrator."""
    import psycopg2

    printed = lifecycle.ckan(paths, ["datastore", "set-permissions"])
    statements = "\n".join(line for line in printed.splitlines() if not line.startswith("\\"))
    database = urlsplit(urls["TZC_DATASTORE_URL"]).path
    with closing(psycopg2.connect(urlunsplit(urlsplit(settings.superuser_url)._replace(path=database)))) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)


def _token(paths: Paths, user: str) -> str:
    return lifecycle.ckan(paths, ["user", "token", "add", user, "bench", "--quiet"]).strip().splitlines()[-1].strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
