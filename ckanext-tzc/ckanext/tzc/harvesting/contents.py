"""Formats by content: files of harvested datasets whose format is missing or contested are looked at, a few at a time, after runs and in a job of their own; it is remembered.

Nothing that goes wrong here harms a dataset: it stays as its source described it.
"""
from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import ckan.model as model
import ckan.plugins.toolkit as tk
import magic
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject, HarvestSource
from ckanext.tzc.common import outages
from ckanext.tzc.common.one_job import OneJob
from ckanext.tzc.harvesters import formats, http
from ckanext.tzc.harvesters.peek import Peek, Peeker
from ckanext.tzc.harvesters.record import Note, Record
from sqlalchemy.dialects.postgresql import insert

from tzc.harvesting import content, repair

from . import sources
from .engine import documents, store, writing

log = logging.getLogger(__name__)

SECONDS = 120
"""Of one job; what is left over is for the next one."""

USUAL, UNANSWERED, LEAST = dt.timedelta(days=30), dt.timedelta(days=7), dt.timedelta(hours=1)
"""After which a file is looked at again: one that was read; one that could not be had; at least."""

LONGEST_ADDRESS = 2000
"""Bytes: no index of the database takes much more."""

LONGEST_NAME = 500
"""Characters of what a server calls the state of a file (ETag, Last-Modified)."""

OWN = {
    "GPKG": ("GeoPackage", "application/geopackage+sqlite3"), "SQLITE": ("SQLite", "application/vnd.sqlite3"),
    "PARQUET": ("Parquet", "application/vnd.apache.parquet"), "GTFS": ("GTFS", ""),
}  # fmt: skip
"""Names and media types of formats that the vocabulary lacks."""


class Content(tk.BaseModel):
    """What the file at an address is (`found`: one of `tzc.harvesting.content.KINDS` or another code of the vocabulary; empty where its bytes do not tell), and when to look again.
    """

    __tablename__ = "tzc_harvesting_content"

    url = sa.Column(sa.UnicodeText, primary_key=True)
    found = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    etag = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    modified = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    looked = sa.Column(sa.DateTime(timezone=True), nullable=False)
    again = sa.Column(sa.DateTime(timezone=True), nullable=False)


def job() -> OneJob:
    """The job that looks at files, once after each run."""
    from . import jobs

    return OneJob("harvest-contents", jobs.look_into_files, "long", SECONDS + 60)


# names and codes


def code_of(stated: str) -> str | None:
    """The code of a format by its name; nothing where none is stated or none of ours; None for a service, whose address gives no file."""
    short = stated.strip()
    if short.upper() in {*formats.SERVICES, "ESRI REST"}:
        return None
    for code, (name, _media) in OWN.items():
        if short.lower() in {name.lower(), code.lower()}:
            return code
    entry = formats.by_name().get(short.lower())
    code = str(entry["code"]) if entry else ""
    return None if code.endswith("_SRVC") or code == "REST" else code


def format_of(code: str) -> formats.Format:
    """What a code is called, and its media type."""
    if code in OWN:
        return formats.Format(*OWN[code])
    return formats.known(code) or formats.Format(code)


def _certain() -> list[str]:
    """Names, in small letters, of formats that are believed as they are stated."""
    names = {*formats.by_name(), *(service.lower() for service in formats.SERVICES), "esri rest", *(name.lower() for name, _media in OWN.values())}
    return sorted(name for name in names if code_of(name) is None or (code_of(name) or "") not in {"", *repair.CONTESTED})


# what is remembered, used when a record is read


def remembered(records: Iterable[Record]) -> dict[str, str]:
    """What was found before in files of records whose format is missing or contested: codes by address. Asks the database, once for all, and nobody else."""
    addresses = sorted({address for record in records for address in _doubtful(record)})
    if not addresses:
        return {}
    return dict(model.Session.execute(sa.select(Content.url, Content.found).where(Content.url.in_(addresses), Content.found != "")).all())


def _doubtful(record: Record) -> list[str]:
    return [file.url for file in record.resources if (code := code_of(file.format)) is not None and (not code or code in repair.CONTESTED)]


def known_better(record: Record, known: Mapping[str, str]) -> Record:
    """The record with the formats that were found in its files before (`remembered`), each noted."""
    open_to_doubt = [address for address in _doubtful(record) if address in known]
    if not open_to_doubt:
        return record
    files, notes = [], []
    for file in record.resources:
        better = repair.better_format(code_of(file.format) or "", known.get(file.url, "")) if file.url in open_to_doubt else ""
        if better:
            kind = format_of(better)
            notes.append(Note(repair.FORMAT, _said(file.url, file.format, kind.name)))
            file = dataclasses.replace(file, format=kind.name, media=kind.media or file.media)  # noqa: PLW2901 -- the file as it is known now
        files.append(file)
    return dataclasses.replace(record, resources=tuple(files), notes=(*record.notes, *notes)) if notes else record


def _said(url: str, before: str, after: str) -> str:
    return f"{url[:120]}: {before or '–'} → {after}"[:200]


def found_here(package_id: str) -> dict[str, str]:
    """Files of a dataset whose format is the one that was found in them: by id, the note of it."""
    rows = model.Session.execute(
        sa.select(model.Resource.id, model.Resource.url, model.Resource.format, Content.found)
        .join(Content, Content.url == model.Resource.url)
        .where(model.Resource.package_id == package_id, model.Resource.state == "active", Content.found != "")
    )
    return {row.id: _said(row.url, "", format_of(row.found).name) for row in rows if code_of(row.format or "") == row.found}


# looking


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A file to look at: its address, what its server said of it before, and whether its source may lead into the internal network."""

    url: str
    etag: str
    modified: str
    found: str
    internal: bool


def _wanted(most: int) -> list[Wanted]:
    """Addresses of files of our kinds' datasets whose format is missing or contested, and that were not looked at or are due again; the first time first."""
    file, package, made, source = model.Resource, model.Package, HarvestObject, HarvestSource
    contested = sa.func.lower(sa.func.coalesce(file.format, "")).not_in(_certain())
    query = (
        sa.select(file.url, Content.etag, Content.modified, Content.found, source.config)
        .join(package, package.id == file.package_id)
        .join(made, sa.and_(made.package_id == package.id, made.current.is_(True)))
        .join(source, source.id == made.harvest_source_id)
        .outerjoin(Content, Content.url == file.url)
        .where(file.state == "active", package.state == "active", contested, sa.func.coalesce(file.url_type, "") == "", sources.OF_OUR_KINDS)
        .where(sa.or_(Content.url.is_(None), Content.again <= store.now()), sa.func.octet_length(file.url) <= LONGEST_ADDRESS)
        .order_by(Content.looked.asc().nulls_first(), file.id)
        .limit(most)
    )
    found: dict[str, Wanted] = {}
    for row in model.Session.execute(query).all():
        if sources.is_web(row.url):
            found.setdefault(row.url, Wanted(row.url, row.etag or "", row.modified or "", row.found or "", sources.allows_internal(row.config)))
    return list(found.values())


def look(seconds: float, most: int | None = None) -> int:
    """Look at files, `most` of them at most, as far as it can be done in so many seconds; write what was found. How many were looked at. Commits."""
    ends, pause = time.monotonic() + seconds, float(tk.config["tzc.harvesting.formats_pause"])
    wanted = _wanted(tk.config["tzc.harvesting.formats_at_once"] if most is None else most)
    model.Session.commit()
    busy: dict[str, float] = {}
    asked: dict[str, float] = {}
    looked = 0
    for one in wanted:
        host = urlsplit(one.url).netloc
        if time.monotonic() >= ends:
            break
        if host in busy:
            _remember(one, one.found, Peek(503, one.etag, one.modified), _pause(busy[host]))
            continue
        # one host is not asked more often than so, whichever file
        time.sleep(max(0.0, asked.get(host, 0.0) + pause - time.monotonic()))
        busy_for = _look_at(one)
        asked[host] = time.monotonic()
        if busy_for is not None:
            busy[host] = busy_for
        looked += 1
    _forget()
    return looked


def _look_at(one: Wanted) -> float | None:
    """Look at one file, and remember it whatever happens: the next ones wait behind it. For how many seconds its host wants to be left alone, where it is busy."""
    try:
        answer = _ask(one)
        _take(one, answer)
    except Exception as error:  # nobody foresaw what this server answers, and its file must not keep the others from being looked at
        model.Session.rollback()
        if outages.is_outage(error):
            raise
        log.warning("It went wrong to look at %s", one.url[:200], exc_info=True)
        _remember(one, one.found, Peek(0), UNANSWERED)
        return None
    return (answer.wait or 0) if answer is not None and answer.status in {429, 503} else None


def _pause(seconds: float) -> dt.timedelta:
    """How long a server wants to be left alone, as far as that is believed: it may write any number."""
    return dt.timedelta(seconds=min(seconds, USUAL.total_seconds()))


def _ask(one: Wanted) -> Peek | None:
    """What is at an address; None where it cannot be had."""
    try:
        return Peeker(allow_internal=one.internal).peek(one.url, one.etag, one.modified)
    except (http.FetchError, *http.BROKEN, ValueError) as error:
        # ValueError: an address, or what its server said before, that cannot be put into a question
        log.info("%s was not looked at: %s", one.url[:200], error)
        return None


def _take(one: Wanted, answer: Peek | None) -> None:
    """Remember what was found, and write it to the files that have this address."""
    if answer is None or answer.status not in {200, 304}:
        wait = _pause(answer.wait) if answer is not None and answer.wait else UNANSWERED
        _remember(one, one.found, answer or Peek(0, one.etag, one.modified), wait)
        return
    found = one.found if answer.status == 304 else kind(answer)
    _remember(one, found, answer, USUAL)
    if found:
        _write(one.url, found)


def kind(answer: Peek) -> str:
    """The code of what a file is: by our signatures, else by what libmagic knows of other binary files."""
    ours = content.found(answer.head, answer.tail, whole=answer.whole)
    if ours or not answer.head:
        return ours
    try:
        media = magic.from_buffer(answer.head, mime=True)
    except magic.MagicException:
        return ""
    known = formats.known(media) if media and not media.startswith("text/") else None
    return (code_of(known.name) or "") if known else ""


def _remember(one: Wanted, found: str, answer: Peek, wait: dt.timedelta) -> None:
    now = store.now()
    values = {"found": found, "etag": _plain(answer.etag), "modified": _plain(answer.modified), "looked": now, "again": now + min(max(wait, LEAST), USUAL)}
    model.Session.execute(insert(Content.__table__).values(url=one.url, **values).on_conflict_do_update(index_elements=["url"], set_=values))
    model.Session.commit()


def _plain(said: str) -> str:
    """What a server calls its file, or nothing: what was cut off would not be known again, and a folded line cannot be said to it."""
    return said if len(said) <= LONGEST_NAME and said.isprintable() else ""


def _write(url: str, found: str) -> None:
    """Give a format to the files with this address whose own is missing or contested."""
    made = sa.select(HarvestObject.package_id).where(HarvestObject.current.is_(True))
    concerned = sa.select(model.Resource.package_id).where(model.Resource.url == url, model.Resource.state == "active", model.Resource.package_id.in_(made)).distinct()
    for package_id in model.Session.scalars(concerned).all():
        try:
            if _mend(model.Package.get(package_id), url, found):
                model.Session.commit()
                documents.to_index([package_id])
        except (tk.ValidationError, tk.ObjectNotFound) as error:
            model.Session.rollback()
            log.info("The format of a file of %s was not written: %s", package_id, error)


def _mend(package: Any, url: str, found: str) -> bool:
    shown = writing.shown(package.id, for_update=True)
    files = [_mended(file, found) if file.get("url") == url else file for file in shown.get("resources") or []]
    return files != shown.get("resources") and writing.Writer(package.owner_org).update(package, {**shown, "resources": files})


def _mended(file: Mapping[str, Any], found: str) -> dict[str, Any]:
    stated = code_of(str(file.get("format") or ""))
    better = repair.better_format(stated, found) if stated is not None else ""
    if not better:
        return dict(file)
    named = format_of(better)
    return {**file, "format": named.name, **({"mimetype": named.media} if named.media else {})}


def _forget() -> None:
    """What no file has as its address any more."""
    there = sa.exists().where(model.Resource.url == Content.url, model.Resource.state == "active")
    model.Session.execute(sa.delete(Content).where(Content.again <= store.now(), ~there), execution_options={"synchronize_session": False})
    model.Session.commit()
