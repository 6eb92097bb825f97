"""Asking a source: what it observes, what is new, page by page. Each page is stored with its observations and with where to go on, in one transaction: a run that is killed goes on
just there. One run at a time for a source, and for a host, each shown by a lock that goes with its process.
"""
from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import credentials, duties, happening, holding, outages
from ckanext.tzc.common.owning import may_still
from ckanext.tzc.harvesters.http import FetchError, Limits
from ckanext.tzc.harvesters.sensors.asking import Asking, iso, moment
from ckanext.tzc.harvesters.sensors.base import Kind, Page
from ckanext.tzc.harvesters.sensors.kinds import KINDS

from tzc.hosts import host_of
from tzc.sensors import definition, pulls
from tzc.sensors.faults import BatchError

from . import arrivals, describing, reached, scheduling, sources, store

log = logging.getLogger(__name__)

DESCRIBED = dt.timedelta(days=1)
"""After which a source is asked again what it observes."""

SOURCE, HOST = "sensors-source", "sensors-host"
SIZE = 200 * 1024 * 1024


class TroubleError(Exception):
    """A source cannot be read. `code`: a cause (`tzc.harvesting.causes`), a fault of a batch (`tzc.sensors.faults`) or one of `OWN`."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code} {detail}".strip())


OWN = ("not_allowed", "credential", "sealed", "plain", "internal")
"""No administrator allowed the source; its credential is not there, cannot be opened, or would be told to everybody on the way; a fault of ours."""


@dataclasses.dataclass
class Pulled:
    """What became of a run. `whole`: it came to the end; `code`: why not."""

    pages: int = 0
    observations: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    whole: bool = False
    code: str = ""
    detail: str = ""


def pull(source_id: str, *, scheduled: bool = False, by: str = "") -> Pulled | None:
    """Ask a source now; by its schedule only when it is due. None where there was nothing to do, or another run is at it. Commits."""
    with holding.held(SOURCE, source_id) as free:
        source = store.source(source_id) if free else None
        if source is None or source.kind not in KINDS or (scheduled and (source.paused or source.due is None or source.due > store.now())):
            model.Session.rollback()
            return None
        host = _host(source)
        with holding.held(HOST, host) as alone:
            if not alone:
                # sources of one host are asked one after another, so that each keeps its pace
                source.due = store.now() + scheduling.SOON
                model.Session.commit()
                return None
            return _held(source_id)


def _held(source_id: str) -> Pulled:
    found = Pulled()
    try:
        _run(source_id, found)
    except TroubleError as error:
        model.Session.rollback()
        found.code, found.detail = error.code, error.detail
        _failed(source_id, error)
    except Exception as error:
        model.Session.rollback()
        if outages.is_outage(error):
            # the server is away: the source stays due
            raise
        found.code = "internal"
        _failed(source_id, TroubleError("internal"))
        raise
    return found


def _run(source_id: str, found: Pulled) -> None:
    source = _source(source_id)
    kind = KINDS[source.kind]
    client = _client(source)
    ends = time.monotonic() + tk.config["tzc.sensors.pull_seconds"]
    _describe(source, kind, client)
    again: object = None
    known = reached.of(source_id)
    for page in _pages(source, kind, client, known):
        source = _source(source_id)
        again = page.cursor.get("again")
        _take(source, page, found, known)
        if _over(ends):
            source.due = store.now() + scheduling.SOON
            model.Session.commit()
            return
    source = _source(source_id)
    found.whole = True
    _recovered(source)
    scheduling.after_success(source, again)
    model.Session.commit()


def _over(ends: float) -> bool:
    """Whether a run's time is over."""
    return time.monotonic() > ends


def _source(source_id: str) -> store.Source:
    """The source, held in this transaction. Raises TroubleError where it is gone."""
    found: store.Source | None = model.Session.get(store.Source, source_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise TroubleError("gone")
    return found


def _pages(source: store.Source, kind: Kind, client: Asking, known: Mapping[str, str]) -> Iterator[Page]:
    """What the source says; its faults as trouble."""
    cursor, told = reached.with_streams((source.cursor or {}).get("at") or {}, known), dict(source.definition)
    pages = kind.collect(client, told, cursor or None)
    # nothing stays locked while somebody else's server is asked
    model.Session.commit()
    while True:
        try:
            page = next(pages, None)
        except FetchError as error:
            raise TroubleError(error.cause, str(error)) from error
        except BatchError as error:
            raise TroubleError(error.code, str(error)) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("The source %s answers in a way that was not foreseen", client.home, exc_info=True)
            raise TroubleError("unexpected", f"{type(error).__name__}: {error}"[:300]) from error
        if page is None:
            return
        yield page


def _take(source: store.Source, page: Page, found: Pulled, known: dict[str, str]) -> None:
    """A page, its observations, and where to go on. Commits."""
    found.pages += 1
    decoded = page.decoded
    if len(decoded) or decoded.rejected or decoded.left_out:
        arrival, written = arrivals.pulled(source, f"{arrivals.PULLED}{source.kind}", page.body, decoded)
        found.observations += arrival.observations
        found.new, found.changed, found.rejected = found.new + written.new, found.changed + written.changed, found.rejected + arrival.rejected
    at = reached.parted(source.id, page.cursor, known)
    source.cursor = {**(source.cursor or {}), "at": {name: value for name, value in at.items() if name != "again"}}
    model.Session.commit()


def _describe(source: store.Source, kind: Kind, client: Asking) -> None:
    """What the source observes, once a day. Commits. Raises TroubleError."""
    told = moment((source.cursor or {}).get("described"))
    digest = _digest(source.definition)
    if told is not None and store.now() - told < DESCRIBED and (source.cursor or {}).get("definition") == digest:
        return
    source_id, wanted = source.id, dict(source.definition)
    model.Session.commit()
    try:
        streams = kind.describe(client, wanted)
    except FetchError as error:
        raise TroubleError(error.cause, str(error)) from error
    except BatchError as error:
        raise TroubleError(error.code, str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.warning("The source %s is described in a way that was not foreseen", client.home, exc_info=True)
        raise TroubleError("unexpected", f"{type(error).__name__}: {error}"[:300]) from error
    most = tk.config["tzc.sensors.most_streams"]
    if len(streams) > most:
        raise TroubleError("too_large", f"{len(streams)} streams; {most} are taken")
    source = _source(source_id)
    try:
        describing.describe(source, streams)
    except tk.ValidationError as error:
        raise TroubleError("unexpected", str(error.error_summary or error)[:300]) from error
    source.cursor = {**(source.cursor or {}), "described": iso(store.now()), "definition": digest}
    model.Session.commit()


def _digest(wanted: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]


def _address(source: store.Source) -> str:
    return str((source.definition or {}).get("address") or pulls.HOSTS.get(source.kind, ""))


def _host(source: store.Source) -> str:
    return urlsplit(_address(source)).hostname or source.id


def _client(source: store.Source) -> Asking:
    """The client of a source, with what lets it in. Raises TroubleError."""
    if not source.allowed:
        raise TroubleError("not_allowed")
    address, secret = _address(source), {}
    name = (source.definition or {}).get("credential")
    if name:
        try:
            _, values = credentials.opened(source.partner, name, host_of(address), definition.KINDS[source.kind].credentials)
        except credentials.CredentialError as error:
            raise TroubleError(error.code, str(name)) from error
        secret = dict(values)
        if urlsplit(address).scheme == "http" and not source.internal:
            raise TroubleError("plain")
    seconds = tk.config["tzc.sensors.pull_seconds"]
    limits = Limits(size=SIZE, answer=seconds, run=seconds + 60, tries=3, longest_pause=60, pace=KINDS[source.kind].apart)
    return Asking(address, secret=secret, allow_internal=bool(source.internal), limits=limits)


def _failed(source_id: str, error: TroubleError) -> None:
    """Write down why a source could not be read, and when it is tried again; after many times it is not. Commits."""
    source = store.source(source_id)
    if source is None:
        model.Session.rollback()
        return
    failures = int((source.parameters or {}).get("failures") or 0) + 1
    first = source.trouble is None
    source.trouble, source.parameters = error.code, {"failures": failures, "detail": error.detail[:300]}
    if first:
        source.since = store.now()
    pauses = failures >= tk.config["tzc.sensors.most_failures"] and not source.paused
    if first or pauses:
        if pauses:
            source.paused = True
        _tell("sensor_source.paused" if pauses else "sensor_source.trouble", source)
    scheduling.after_failure(source, failures)
    model.Session.commit()


def _recovered(source: store.Source) -> None:
    if source.trouble is not None:
        source.trouble = source.since = source.parameters = None
        _tell("sensor_source.recovered", source)


def _tell(kind: str, source: store.Source) -> None:
    content = {"title": source.name, "kind": source.kind, **({"code": source.trouble} if source.trouble else {})}
    about = {"sensor_source": source.id, "dataset": source.dataset, "partner": source.partner}
    maker = {source.by} if may_still(source.by, "tzc_sensor_source_show", source.dataset) else set()
    concerned = tuple(sorted({*maker, *duties.holders(source.partner, duties.CONTRIBUTOR)}))
    happening.tell(happening.Happening(kind, None, about, content, concerned, path=sources.path(source)))
