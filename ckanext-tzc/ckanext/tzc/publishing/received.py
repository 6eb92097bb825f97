"""What the portals that harvest us make of our national feed, or of any feed, told before they come."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import ckan.model as model
import sqlalchemy as sa
import urllib3
import yaml
from ckanext.tzc.schemas import vocabulary
from pyoxigraph import NamedNode, RdfFormat

from tzc.publishing.intake import Verdict, each_once, european, graph, national
from tzc.publishing.intake.addresses import fault
from tzc.publishing.packing import unpacked_one

from . import feeds, renewing
from .world import base

NATIONAL, EUROPEAN = "data.gouv.fr", "data.europa.eu"
FORMATS = {
    "ttl": RdfFormat.TURTLE, "n3": RdfFormat.TURTLE,
    "rdf": RdfFormat.RDF_XML, "xml": RdfFormat.RDF_XML, "jsonld": RdfFormat.JSON_LD, "json": RdfFormat.JSON_LD, "nt": RdfFormat.N_TRIPLES,
}  # fmt: skip
MEDIA = {
    "text/turtle": RdfFormat.TURTLE, "text/n3": RdfFormat.TURTLE, "application/n-triples": RdfFormat.N_TRIPLES, "application/ld+json": RdfFormat.JSON_LD,
    "application/json": RdfFormat.JSON_LD, "application/rdf+xml": RdfFormat.RDF_XML, "application/xml": RdfFormat.RDF_XML, "text/xml": RdfFormat.RDF_XML,
}  # fmt: skip
"""How data.gouv.fr learns the syntax: by the address's ending, else by the Content-Type."""
MOST_PAGES, MOST_BYTES, PATIENCE = 2000, 200 * 1024**2, 60
REMEMBERED = 20_000
"""Verdicts that a process keeps; a changed dataset is judged anew, as its fragment has another revision."""


class FeedRefusedError(Exception):
    """A feed that a portal cannot take at all."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """A dataset of ours and the verdict on it."""

    id: str
    verdict: Verdict


@lru_cache(maxsize=4)
def rules(ours: str) -> national.Rules:
    """Those of data.gouv.fr; for a portal whose own address is not public, as if it were."""
    tops: str = yaml.load((files("ckanext.tzc.schemas") / "vocabularies" / "top-level-domain.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["names"]
    return national.rules(vocabulary("national-licence"), tops, ours)


def address_fault() -> str | None:
    """Why no portal could reach this one's own address, as the demonstration's on the loopback; None where all is well."""
    return fault(f"{base()}/", rules("").tops)


def own(portal: str, organisations: Sequence[str] | None = None) -> list[Judged]:
    """The verdicts of a portal on our national feed; with `organisations` on those partners' datasets in it."""
    renewing.renew_before_reading()
    choice = feeds.NATIONAL if organisations is None else feeds.NATIONAL.and_("fragment.owner_org = ANY(:partners)", partners=list(organisations))
    rows = model.Session.execute(
        sa.text(f"SELECT fragment.package_id, fragment.revision FROM tzc_publishing_fragment AS fragment {feeds.STILL_PUBLIC} AND {choice.condition} ORDER BY fragment.position"),  # noqa: S608 -- conditions are the feeds' own
        dict(choice.values),
    ).all()  # fmt: skip
    found = [(row.package_id, _verdict(row.package_id, row.revision, portal, base())) for row in rows]
    known = [(package_id, verdict) for package_id, verdict in found if verdict is not None]
    return [Judged(package_id, verdict) for (package_id, _), verdict in zip(known, each_once(verdict for _, verdict in known), strict=True)]


@lru_cache(maxsize=REMEMBERED)
def _verdict(package_id: str, revision: int, portal: str, ours: str) -> Verdict | None:
    body = model.Session.execute(sa.text("SELECT n_triples FROM tzc_publishing_fragment WHERE package_id = :id"), {"id": package_id}).scalar()
    found = next(judged(graph.read(unpacked_one(body), RdfFormat.N_TRIPLES), portal, ours, set()), None)
    return dataclasses.replace(found, stored={}) if found else None


def judged(page: graph.Graph, portal: str, ours: str, seen: set[str]) -> Iterator[Verdict]:
    """The verdicts of a portal on a page of a feed."""
    if portal == NATIONAL:
        return national.judge(page, rules(ours), datetime.now(timezone.utc), seen)
    return european.judge(page, seen)


def of_feed(where: str, portal: str) -> Iterator[Verdict]:
    """The verdicts of a portal on a feed at an address, page by page, or in a file. FeedRefusedError says why it takes none of it."""
    seen: set[str] = set()
    for page in _pages(where):
        yield from judged(page, portal, "", seen)


def _pages(where: str) -> Iterator[graph.Graph]:
    if "://" not in where:
        path = Path(where)
        if path.suffix[1:] not in FORMATS:
            raise FeedRefusedError(f"The syntax of {path.name} is not known by its ending; there are {', '.join(FORMATS)}.")
        yield _read(path.read_bytes(), FORMATS[path.suffix[1:]])
        return
    address: str | None = where
    syntax: RdfFormat | None = None
    for _ in range(MOST_PAGES):
        if not address:
            return
        content, media = _fetched(address)
        syntax = syntax or FORMATS.get(urlsplit(where).path.rpartition(".")[2]) or MEDIA.get(media)
        if syntax is None:
            raise FeedRefusedError(f"Neither the ending of {where} nor its Content-Type ({media or 'none'}) says a syntax that is read.")
        page = _read(content, syntax)
        yield page
        address = _next(page, address)


def _fetched(address: str) -> tuple[bytes, str]:
    try:
        answer = urllib3.request("GET", address, redirect=False, retries=False, timeout=PATIENCE, preload_content=False)
        content = answer.read(MOST_BYTES, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise FeedRefusedError(f"{address} did not answer: {error}") from error
    if 300 <= answer.status < 400:
        raise FeedRefusedError(f"{address} redirects to {answer.headers.get('Location')}, and no redirect is followed.")
    if answer.status != 200:
        raise FeedRefusedError(f"{address} answered {answer.status}.")
    return content, answer.headers.get("Content-Type", "").partition(";")[0].strip()


def _read(content: bytes, syntax: RdfFormat) -> graph.Graph:
    try:
        return graph.read(content, syntax)
    except SyntaxError as error:
        raise FeedRefusedError(f"The feed cannot be read: {error}") from error


def _next(page: graph.Graph, address: str) -> str | None:
    for kind, link in (("hydra:PartialCollectionView", "hydra:next"), ("hydra:PagedCollection", "hydra:nextPage")):
        views = page.of_type(kind)
        if views:
            found = page.first(views[0], link)
            return urljoin(address, found.value) if isinstance(found, NamedNode) else found.value if found else None
    return None
