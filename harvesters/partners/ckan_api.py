"""How the datasets of a CKAN or a DKAN are listed, by whichever of their ways answers."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from tzc.harvesting import causes

from ..base import MOST_FAILURES, Harvester, Source
from ..http import Client, FetchError, ForbiddenError
from ..listing import IncompleteError, Tally, once
from ..record import Item, Record, RecordError
from . import ckan

ROWS = 100
"""Datasets asked for at once; a server may give fewer."""


def root(address: str) -> str:
    """The catalogue's address, of which the API's addresses are made: an address of the API or of a page of datasets leads to it."""
    parts = urlsplit(address)
    path = parts.path
    for mark in ("/api/", "/dataset", "/search"):
        path = path.split(mark)[0]
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))


def items(client: Client, address: str) -> Iterator[Item]:
    """Each dataset once. FetchError where the listing breaks off."""
    tried: dict[str, FetchError] = {}
    for name, way in WAYS.items():
        pages = way(client, root(address))
        try:
            first = next(pages, [])
        except ForbiddenError:
            raise
        except FetchError as error:
            tried[name] = error
            continue
        yield from once(chain([first], pages))
        return
    said = " ".join(f"{name}: {error}" for name, error in tried.items())
    raise FetchError(f"No way to list datasets is answered. {said}", causes.most_telling(error.cause for error in tried.values()))


def _by_search(client: Client, site: str) -> Iterator[list[Item]]:
    """Page by page, by a key that does not change."""
    start, expected, came = 0, None, Tally()
    while True:
        found = _result(client, site, "package_search", rows=ROWS, start=start, sort="id asc")
        packages = found.get("results") if isinstance(found, dict) else None
        if not isinstance(packages, list) or not isinstance(found.get("count"), int):
            raise FetchError("package_search gives no list of results with its count.")
        if expected not in (None, found["count"]):
            # places in the list moved: one may have been skipped
            yield _items(packages)
            raise IncompleteError("The catalogue changed while it was listed.")
        expected = found["count"]
        came.add(ckan.identifier_of(package) for package in packages)
        yield _items(packages)
        start += len(packages)
        if not packages or start >= expected:
            came.confirm(expected)
            return


def _by_listing(client: Client, site: str) -> Iterator[list[Item]]:
    """Page by page, in the catalogue's own order."""
    start = 0
    while True:
        found = _result(client, site, "current_package_list_with_resources", limit=ROWS, offset=start)
        # a DKAN puts the list into a list
        packages = found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list) else found
        if not isinstance(packages, list):
            raise FetchError("current_package_list_with_resources gives no list.")
        yield _items(packages)
        start += len(packages)
        # one that does not know of pages gives all at once
        if len(packages) != ROWS:
            return


def _by_names(client: Client, site: str) -> Iterator[list[Item]]:
    """Names first, then each dataset. Its own identifier counts: a catalogue may list names, which change."""
    names = _result(client, site, "package_list")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise FetchError("package_list gives no list of names.")
    failures = 0
    for name in dict.fromkeys(names):
        try:
            found = _result(client, site, "package_show", id=name)
            failures = 0
        except FetchError as error:
            failures += 1
            if failures == MOST_FAILURES:
                raise
            yield [Item(problem=f"{name[:200]}: {error}", cause=error.cause)]
            continue
        # a DKAN gives a list of one
        yield _items(found if isinstance(found, list) else [found])


WAYS: dict[str, Callable[[Client, str], Iterator[list[Item]]]] = {
    "package_search": _by_search,
    "current_package_list_with_resources": _by_listing,
    "package_list": _by_names,
}


def _items(packages: list[Any]) -> list[Item]:
    """Those of a page's entries that are datasets. One that has no identifier is a problem to tell of."""
    found = []
    for number, package in enumerate(packages, 1):
        if isinstance(package, dict) and not ckan.is_dataset(package):
            continue
        identifier = ckan.identifier_of(package)
        found.append(Item(identifier, _written(package)) if identifier else Item(problem=f"Entry {number} of a page has no identifier: {_written(package)[:100]}"))
    return found


def _written(package: object) -> str:
    """As text that a database takes: half of a sign that needs two is none."""
    return json.dumps(package, ensure_ascii=False, sort_keys=True).encode(errors="replace").decode()


def _result(client: Client, site: str, action: str, **asked: object) -> Any:
    """What an action of the API gives."""
    question = f"?{urlencode(asked)}" if asked else ""
    answer = client.get(f"{site}/api/3/action/{action}{question}").json()
    if not isinstance(answer, dict) or answer.get("success") is not True or "result" not in answer:
        told = answer.get("error") if isinstance(answer, dict) else None
        raise FetchError(f"{action} answers without success: {json.dumps(told, ensure_ascii=False)[:200]}", "api_refuses")
    return answer["result"]


class CkanApi(Harvester):
    """Another CKAN, or a DKAN."""

    settings: ClassVar[Mapping[str, type]] = {**Harvester.settings, "api_key": str}
    auth_scheme: ClassVar[str] = ""

    def discover(self, client: Client, source: Source) -> Iterator[Item]:
        """All datasets."""
        return items(client, source.address)

    def parse(self, content: str, source: Source) -> Record:
        """A package."""
        try:
            return ckan.read(json.loads(content), root(source.address))
        except (ValueError, RecursionError) as error:
            raise error if isinstance(error, RecordError) else RecordError(f"The record is no JSON: {str(error)[:100]}") from error

    def record_address(self, source: Source, identifier: str) -> str:
        """The package in the API."""
        return f"{root(source.address)}/api/3/action/package_show?{urlencode({'id': identifier})}"
