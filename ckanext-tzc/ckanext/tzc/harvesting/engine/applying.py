"""A plan is done, batch by batch, each in one transaction; where one fails it is done again dataset by dataset, so that the bad one fails alone."""
from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckan.lib.plugins import get_permission_labels
from ckanext.activity.model import Activity
from ckanext.harvest.model import HarvestObject, HarvestObjectError, HarvestObjectExtra
from ckanext.tzc.common import outages

from tzc.harvesting import threeway

from .. import merges, reports
from . import documents, memory, reading, store, writing
from .leases import Lease, LostError, WantedError

log = logging.getLogger(__name__)

BATCH = 200
"""Rows that are done in one transaction."""

WEIGHT = 32 * 2**20
"""Bytes of records beyond which fewer are done at once."""

LONGEST_BATCH = 20.0
"""Seconds of a batch that are counted for the rest after it: a server that was away is no reason to rest."""

SOON = 10
"""Batches that are done one right after the other. Whoever brings more than that waits anyhow, and readers should not: from then on the run rests between two."""

SHOWN = 20.0
"""Seconds after which such a run shows search what it brought into the index since: each time the index forgets what it knows of readers' questions."""

REPORT = {store.NEW: "added", store.CHANGED: "updated", store.GONE: "deleted"}
"""What ckanext-harvest calls it."""

Values = dict[str, Any]


class Done(NamedTuple):
    """What became of a row: why, where it was not taken, in words and by a code; the dataset that it concerns."""

    row: Any
    outcome: str
    package_id: str | None = None
    words: str = ""
    cause: str = ""


class _Pace:
    """How a run goes on beside readers: its first batches at once; then it rests between two, and search finds what they brought from time to time only."""

    def __init__(self) -> None:
        self._done, self._shown, self._hides = 0, time.monotonic(), False

    def is_to_be_shown(self) -> bool:
        """Whether search is to find what the batch brought that was done now."""
        self._done += 1
        self._hides = self._done >= SOON and time.monotonic() - self._shown < SHOWN
        if not self._hides:
            self._shown = time.monotonic()
        return not self._hides

    def rest(self, spent: float) -> None:
        """Leave the processors and the index to readers, for a share of what a batch took."""
        if self._done >= SOON:
            model.Session.rollback()  # no transaction waits for it
            time.sleep(min(spent, LONGEST_BATCH) * tk.config["tzc.harvesting.rest"] / 100)

    def end(self) -> None:
        """Have search find the last of it."""
        if self._hides:
            documents.show()


def run(lease: Lease, origin: reading.Origin) -> None:
    """Do what of the plan is not done yet, and have search find it."""
    index(lease.run_id)
    if _any_done(lease.run_id):
        documents.show()  # what a worker that died had brought into the index
    pace = _Pace()
    try:
        while rows := _waiting(lease.run_id):
            began = time.monotonic()
            _done_whole_or_one_by_one(lease, origin, rows)
            index(lease.run_id, shown=pace.is_to_be_shown())
            pace.rest(time.monotonic() - began)
    except WantedError:
        pace.end()
        raise
    pace.end()


def _done_whole_or_one_by_one(lease: Lease, origin: reading.Origin, rows: list[Any]) -> None:
    try:
        _batch(lease, origin, rows)
    except (LostError, WantedError):
        raise
    except Exception as error:  # whichever plugin's hook or column refuses one of them, the others are no worse
        if outages.is_outage(error):
            raise
        log.warning("A batch of run %s failed and is done one by one", lease.run_id, exc_info=True)
        model.Session.rollback()
        _one_by_one(lease, origin, rows)


def _any_done(run_id: str) -> bool:
    return model.Session.query(store.Entry.number).filter_by(run_id=run_id, outcome=store.DID).first() is not None


def _waiting(run_id: str) -> list[Any]:
    """The next rows: as many as a batch holds, fewer where their records are very long."""
    entry = store.Entry
    following = sa.select(entry.identifier, sa.func.octet_length(entry.content)).where(entry.run_id == run_id, entry.outcome.is_(None)).order_by(entry.number).limit(BATCH)
    some: list[str] = []
    weight = 0
    for identifier, size in model.Session.execute(following):
        weight += size or 0
        if some and weight > WEIGHT:
            break
        some.append(identifier)
    columns = (entry.identifier, entry.change, entry.title, entry.words, entry.cause, entry.given, entry.ready, entry.notes, entry.content, entry.digest, entry.package_id)
    query = sa.select(*columns).where(entry.run_id == run_id, entry.identifier.in_(some)).order_by(entry.number)
    return list(model.Session.execute(query).all())


def _one_by_one(lease: Lease, origin: reading.Origin, rows: list[Any]) -> None:
    for row in rows:
        try:
            _batch(lease, origin, [row])
        except (LostError, WantedError):
            raise
        except Exception as error:  # the dataset that made its batch fail: it fails alone, with its reason
            if outages.is_outage(error):
                raise
            log.warning("A dataset of run %s failed: %s", lease.run_id, row.identifier, exc_info=True)
            model.Session.rollback()
            short = memory.is_short(error)
            words, cause = (memory.words(), memory.CAUSE) if short else (f"{type(error).__name__}: {str(error)[:500]}", "fault")
            lease.hold()
            _tell(lease, origin, [Done(row, store.FAULT, words=words, cause=cause)], {})
            model.Session.commit()


def _batch(lease: Lease, origin: reading.Origin, rows: list[Any]) -> None:
    """These rows, in one transaction."""
    lease.hold()
    writer = writing.Writer(origin.owner)
    writer.meet(row.given for row in rows if row.given)
    known = store.items(origin.id, [row.identifier for row in rows])
    taken_over = merges.identifiers([row.package_id for row in rows if row.package_id])
    edits: dict[str, threeway.Merged] = {}
    done = _created(writer, [row for row in rows if row.change == store.NEW and not _package(row)], as_planned=_as_planned(lease, origin))
    created = {row.identifier for row, *_rest in done}
    for row in rows:
        if row.identifier in created:
            continue
        try:
            done.append(_one(writer, origin, row, known.get(row.identifier), edits, taken_over))
        except tk.ValidationError as error:
            done.append(_refused(row, error))
    _tell(lease, origin, done, edits)
    _activity(writer, origin, lease.run_id, done)
    lease.got_on()
    model.Session.commit()


def _refused(row: Any, error: tk.ValidationError) -> Done:
    """What the schema refuses."""
    return Done(row, store.REFUSED, words=writing.refusal(error), cause="schema")


def _as_planned(lease: Lease, origin: reading.Origin) -> bool:
    """Whether records are read as they were when the plan was made: then its datasets are as the schema has them."""
    run = store.run(lease.run_id)
    return run is not None and run.reading == origin.reading


def _package(row: Any) -> Any:
    return model.Package.get(row.package_id) if row.package_id else None


def _created(writer: writing.Writer, rows: list[Any], *, as_planned: bool) -> list[Done]:
    """The new datasets among a batch: what became of each."""
    done: list[Done] = []
    fitting: list[tuple[Any, Values]] = []
    for row in rows:
        try:
            fitting.append((row, row.ready if as_planned and row.ready else writer.new(row.given)))
        except tk.ValidationError as error:
            done.append(_refused(row, error))
    ids = writer.create([ready for _row, ready in fitting]) if fitting else []
    return [*done, *(Done(row, store.WRITTEN, identifier) for (row, _ready), identifier in zip(fitting, ids, strict=True))]


def _one(writer: writing.Writer, origin: reading.Origin, row: Any, known: Any, edits: dict[str, threeway.Merged], taken_over: Mapping[str, list[str]]) -> Done:
    """Do one row. What became of edits made here is noted in `edits`; `taken_over`: identifiers that datasets got by a merge."""
    if row.change == store.REFUSED:
        return Done(row, store.REFUSED, words=row.words, cause=row.cause)
    if row.change in {store.MISSING, store.LEFT_OUT, store.BACK}:
        values = {"missing": None if row.change == store.BACK else store.now(), "kept": False, "package_id": row.package_id}
        store.keep(origin.id, [{"identifier": row.identifier, **values, **({"digest": row.digest} if row.digest else {})}])
        return Done(row, store.DID, row.package_id, row.words)
    package = _package(row)
    if row.change != store.GONE and known is not None and known.withdrawn:
        return Done(row, store.DID, row.package_id, tk._("It was merged with another dataset meanwhile."))
    if row.change == store.GONE:
        if package and package.state != "deleted":
            draft = package.state.startswith("draft")
            if draft or (known is not None and known.draft):
                store.keep(origin.id, [{"identifier": row.identifier, "draft": draft}])
            writer.delete(package)
        return Done(row, store.WRITTEN, row.package_id, row.words)
    if package is None:
        return Done(row, store.WRITTEN, writer.create([writer.new(row.given)])[0])
    merged = edits[row.identifier] = reading.merged(row.given, writing.shown(package.id), known.given if known else None, origin, taken_over.get(package.id, []))
    state = store.comes_back_as(known) if package.state == "deleted" else merged.dataset["state"]
    writer.update(package, {**merged.dataset, "state": state})
    return Done(row, store.WRITTEN, str(package.id))


def _tell(lease: Lease, origin: reading.Origin, done: list[Done], edits: dict[str, threeway.Merged]) -> None:
    """Remember what became of rows: in ckanext-harvest's tables, for its pages and the index, and in ours."""
    moment = store.stamp()
    objects, extras, errors, entries, kept, gone = [], [], [], [], [], []
    for row, outcome, package_id, words, cause in done:
        said = outcome == store.WRITTEN
        if said or outcome in {store.REFUSED, store.FAULT}:
            made = {"id": str(uuid.uuid4()), "guid": row.identifier, "content": row.content, "package_id": package_id, "current": said and row.change != store.GONE}
            objects.append({**made, "state": "COMPLETE" if said else "ERROR", "report_status": REPORT[row.change] if said else "errored"})
            if row.notes:
                extras.append({"id": str(uuid.uuid4()), "harvest_object_id": made["id"], "key": "mended", "value": json.dumps(row.notes, ensure_ascii=False)})
            if said and row.identifier in edits:
                value = json.dumps(reports.of_edits(edits[row.identifier]), ensure_ascii=False)
                extras.append({"id": str(uuid.uuid4()), "harvest_object_id": made["id"], "key": "edits", "value": value})
            if not said:
                errors.append({"id": str(uuid.uuid4()), "harvest_object_id": made["id"], "message": words, "stage": "Import", "created": moment})
        if said and row.change == store.GONE:
            gone.append({"identifier": row.identifier, "package_id": package_id, "missing": store.now(), "kept": False, "digest": None})
        elif said:
            kept.append({"identifier": row.identifier, "package_id": package_id, "missing": None, "kept": False, "digest": row.digest, "given": row.given})
        entries.append({"one": row.identifier, "what": outcome, "why": words, "kind": cause, "which": package_id or row.package_id})
    replaced = [entry["guid"] for entry in objects if entry["state"] == "COMPLETE"]
    same = (HarvestObject.harvest_source_id == origin.id, HarvestObject.current.is_(True), HarvestObject.guid.in_(replaced))
    model.Session.execute(sa.update(HarvestObject).where(*same).values(current=False), execution_options={"synchronize_session": False})
    common = {"harvest_job_id": lease.run_id, "harvest_source_id": origin.id, "gathered": moment, "import_started": moment, "import_finished": moment, "retry_times": 0}
    for table, values in ((HarvestObject, [{**entry, **common} for entry in objects]), (HarvestObjectExtra, extras), (HarvestObjectError, errors)):
        if values:
            model.Session.execute(sa.insert(table.__table__), values)
    store.keep(origin.id, kept)
    store.keep(origin.id, gone)
    table = store.Entry.__table__
    marked = sa.update(table).where(table.c.run_id == lease.run_id, table.c.identifier == sa.bindparam("one"))
    said = {"outcome": sa.bindparam("what"), "words": sa.bindparam("why"), "cause": sa.bindparam("kind"), "package_id": sa.bindparam("which")}
    emptied = {"content": sa.null(), "given": sa.null(), "ready": sa.null()}
    model.Session.connection().execute(marked.values(**said, **emptied), entries)


def _activity(writer: writing.Writer, origin: reading.Origin, run_id: str, done: list[Done]) -> None:
    """One line in the source's history, and so in its partner's, for all of a batch."""
    counts: dict[str, int] = {}
    for one in done:
        if one.outcome == store.WRITTEN:
            counts[one.row.change] = counts.get(one.row.change, 0) + 1
    if counts and tk.config.get("ckan.activity_streams_enabled"):
        source = model.Package.get(origin.id)
        told = {"package": {"id": source.id, "name": source.name, "title": source.title}, "actor": writer.user_name, "run": run_id, "counts": counts}
        model.Session.add(Activity(writer.user_id, source.id, "harvested", told, get_permission_labels().get_dataset_labels(source)))


def index(run_id: str, *, shown: bool = True) -> None:
    """Bring into the index what is written; what a worker that died had written is found here by the next one. To do it twice harms nothing, so that no lease is asked for.
    `shown`: search finds it now, else by `documents.show`.
    """
    entry = store.Entry
    written = (entry.run_id == run_id, entry.outcome == store.WRITTEN)
    while rows := model.Session.execute(sa.select(entry.identifier, entry.package_id).where(*written).order_by(entry.number).limit(BATCH)).all():
        try:
            documents.to_index([row.package_id for row in rows if row.package_id], shown=shown)
        except Exception as error:  # an entry that a plugin or the index refuses: the others are no worse
            if outages.is_outage(error):
                raise
            model.Session.rollback()
            _index_one_by_one(run_id, [row.package_id for row in rows if row.package_id])
        model.Session.rollback()
        these = (entry.run_id == run_id, entry.identifier.in_([row.identifier for row in rows]))
        model.Session.execute(sa.update(entry.__table__).where(*these).values(outcome=store.DID))
        model.Session.commit()


def _index_one_by_one(run_id: str, ids: list[str]) -> None:
    """One that cannot be brought into the index is told of: it is in the catalogue, and nobody finds it."""
    for identifier in ids:
        try:
            documents.to_index([identifier])
        except Exception as error:  # as above
            if outages.is_outage(error):
                raise
            log.warning("Dataset %s cannot be brought into the index.", identifier, exc_info=True)
            model.Session.rollback()
            told = {"dataset": model.Package.get(identifier).title, "why": f"{type(error).__name__}: {str(error)[:300]}"}
            store.problem(run_id, tk._("“%(dataset)s” is in the catalogue, but cannot be found by search: %(why)s") % told, "fault")
            model.Session.commit()
