"""What a run would do: each record of the source, as it is now, beside what is known of it. Nothing of the portal is written, and how long the source is does not matter."""
from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject
from ckanext.tzc.common import outages
from ckanext.tzc.harvesters import base
from ckanext.tzc.harvesters.http import MOST_PAGES, Client, FetchError, Page
from ckanext.tzc.harvesters.record import Item, RecordError
from ckanext.tzc.harvesters.words import CONTROL
from sqlalchemy.dialects.postgresql import insert

from tzc import apart

from .. import mappings, merges
from . import comparing, memory, reading, store, writing
from .leases import Lease

log = logging.getLogger(__name__)

BATCH = 200
"""Records that are compared in one transaction."""

WEIGHT = 16 * 2**20
"""Characters of records after which a batch is compared, however few they are."""

Row = dict[str, Any]


@dataclasses.dataclass
class Plan:
    """A plan while it is made: how many records became what, which came, and whether that was all; where the listing was as before, the run that read it.

    `left_out`: those that came and were taken before, and that a filter of the mapping leaves out by now, each with the filter's name. They leave as those do that did not come.
    """

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    present: set[str] = dataclasses.field(default_factory=set)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)
    whole: bool = True
    doubted: int = 0
    repeats: str | None = None

    def count(self, kind: str, number: int = 1) -> None:
        """So many more of a kind."""
        self.counts[kind] = self.counts.get(kind, 0) + number


def make(lease: Lease, origin: reading.Origin) -> Plan:
    """Write the rows of a run's plan, batch by batch, each batch committed. What was planned before it was broken off is not read again where the source still says the same."""
    lease.hold()
    known, plan, client = store.known(origin.id), Plan(), origin.client()
    read_so = known.reading == origin.reading
    pages = [Page(**page) for page in known.pages or []]
    # a worker that died may have told of them already
    store.forget_problems(lease.run_id)
    model.Session.execute(sa.update(store.Run).where(store.Run.id == lease.run_id).values(planned=None))
    again = _begun_before(lease.run_id)
    model.Session.commit()
    if broken := _broken_off(lease, origin, plan, client, pages if read_so and pages and not _lost(origin.id) else []):
        plan.whole = False
        _problem(lease, *broken)
    if not plan.whole:
        _problem(lease, tk._("The listing is not whole: nothing is deleted here."), "partial")
    elif again:
        _forget_unlisted(lease, plan)
    _depart(lease, origin, plan)
    _end(lease, origin, plan, client)
    return plan


def _forget(run_id: str, *which: Any) -> None:
    """Take rows out of a plan."""
    model.Session.execute(sa.delete(store.Entry.__table__).where(store.Entry.run_id == run_id, *which))


def _begun_before(run_id: str) -> bool:
    """Whether there is something of a plan that was broken off. Who left is found anew: rows of that have no digest, as no record came."""
    _forget(run_id, store.Entry.digest.is_(None))
    return model.Session.execute(sa.select(store.Entry.number).where(store.Entry.run_id == run_id).limit(1)).first() is not None


def _forget_unlisted(lease: Lease, plan: Plan) -> None:
    """What was listed before the plan was broken off, and is not in the whole listing of now."""
    lease.hold()
    name = store.Entry.identifier
    last = ""
    while some := model.Session.scalars(sa.select(name).where(store.Entry.run_id == lease.run_id, name > last).order_by(name).limit(BATCH)).all():
        if gone := set(some) - plan.present:
            _forget(lease.run_id, name.in_(sorted(gone)))
        last = some[-1]
    model.Session.commit()


def _broken_off(lease: Lease, origin: reading.Origin, plan: Plan, client: Client, pages: list[Page]) -> tuple[str, str] | None:
    """Look at all that the source lists, unless its pages are as they were; why the listing broke off, where it did, in words and by a code.

    What was read is not held any more when this returns.
    """
    try:
        origin.let_in(client)
        if pages and client.is_unchanged(pages):
            _repeat(lease, origin, plan, client, pages)
            return None
        for batch in _batches(base.listing(origin.harvester, client, origin.asked), BATCH):
            _compare(lease, origin, plan, batch)
    except FetchError as error:
        return str(error), error.cause
    except Exception as error:
        if not memory.is_short(error):
            raise
        model.Session.rollback()
        log.warning("The source of run %s needs too much memory.", lease.run_id, exc_info=True)
    else:
        return None
    apart.loosen(memory.RESERVE)
    return memory.words(), memory.CAUSE


def _repeat(lease: Lease, origin: reading.Origin, plan: Plan, client: Client, pages: list[Page]) -> None:
    """All is as it was when these pages were read, whatever was listed before the plan was broken off."""
    lease.hold()
    _forget(lease.run_id)
    model.Session.commit()
    client.pages = pages
    missing = _missing(origin.id)
    datasets = _datasets(origin.id)
    plan.present = datasets.keys() - missing.keys()
    plan.left_out = {identifier: row.left_out for identifier, row in missing.items() if row.left_out and identifier in datasets}
    plan.count("unchanged", len(plan.present))
    plan.repeats = store.last_read(origin.id)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items, so many at a time. What came before the listing broke off is given before the error is."""
    batch: list[Item] = []
    weight = 0
    try:
        for item in items:
            batch.append(item)
            weight += len(item.content)
            if len(batch) == size or weight > WEIGHT:
                yield batch
                batch, weight = [], 0
    except FetchError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _lost(source_id: str) -> bool:
    """Whether a dataset of the source was deleted here without the source knowing: a listing then makes it anew."""
    query = sa.select(store.ItemRow.identifier).join(model.Package, model.Package.id == store.ItemRow.package_id, isouter=True)
    # what a run deleted is missing
    made = (store.ItemRow.source_id == source_id, store.ItemRow.missing.is_(None), store.ItemRow.given.is_not(None))
    gone = query.where(*made, sa.or_(model.Package.id.is_(None), model.Package.state == "deleted"), ~merges.is_withdrawn(store.ItemRow.package_id))
    return model.Session.execute(gone.limit(1)).first() is not None


def _datasets(source_id: str) -> dict[str, str]:
    """The datasets that stand for records of a source, by identifier."""
    current = (HarvestObject.current.is_(True), HarvestObject.harvest_source_id == source_id, HarvestObject.package_id.is_not(None))
    return dict(model.Session.execute(sa.select(HarvestObject.guid, HarvestObject.package_id).where(*current)).all())


def _missing(source_id: str) -> dict[str, Any]:
    """Records that were missing before, by identifier, those whose dataset a run deleted among them: `(missing, kept, left_out)`."""
    columns = (store.ItemRow.identifier, store.ItemRow.missing, store.ItemRow.kept, store.ItemRow.left_out)
    query = sa.select(*columns).where(store.ItemRow.source_id == source_id, store.ItemRow.missing.is_not(None))
    return {row.identifier: row for row in model.Session.execute(query)}


def _problem(lease: Lease, words: str, cause: str) -> None:
    """Something to tell of the listing."""
    lease.hold()
    store.problem(lease.run_id, words, cause)
    model.Session.commit()


def _compare(lease: Lease, origin: reading.Origin, plan: Plan, batch: list[Item]) -> None:
    """Rows for those of the batch that are not as they were."""
    lease.hold()
    writer = writing.Writer(origin.owner)
    for item in batch:
        if item.problem:
            plan.whole = False
            store.problem(lease.run_id, item.problem, item.cause)
    good = {item.identifier: item for item in batch if not item.problem}
    known = store.items(origin.id, list(good))
    if adopted := _adopted(origin, [identifier for identifier in good if identifier not in known or known[identifier].package_id is None]):
        known |= adopted
    columns = (store.Entry.identifier, store.Entry.digest, store.Entry.change)
    query = sa.select(*columns).where(store.Entry.run_id == lease.run_id, store.Entry.identifier.in_(list(good)))
    planned = {row.identifier: row for row in model.Session.execute(query)}
    digests = {name: hashlib.sha256(f"{origin.reading}\0{item.content}".encode("utf-8", "surrogatepass")).hexdigest() for name, item in good.items()}
    new = {name for name in good if not (name in planned and planned[name].digest == digests[name]) and not _is_settled(known.get(name), digests[name])}
    records = reading.Records(origin, {name: good[name].content for name in new})
    loose = _loose(origin.id, [name for name in new if name in known and known[name].there and known[name].digest is None])
    rows: list[Row] = []
    same: list[Row] = []
    stale = set(planned)
    for identifier, item in good.items():
        digest = digests[identifier]
        plan.present.add(identifier)
        if identifier in planned and planned[identifier].digest == digest:
            plan.count(planned[identifier].change)
            stale.remove(identifier)
            continue
        try:
            row = _row(writer, origin, item, known.get(identifier), records if identifier in new else None, loose=identifier in loose)
        except mappings.LeftOutError as error:
            plan.present.remove(identifier)
            plan.left_out[identifier] = error.filter
            continue
        plan.count(row["change"] if row else "unchanged")
        if row:
            rows.append({"run_id": lease.run_id, "identifier": identifier, "digest": digest, **row})
            stale.discard(identifier)
        elif known[identifier].digest != digest and not known[identifier].withdrawn:
            same.append({"identifier": identifier, "digest": digest})
    store.keep(origin.id, same)
    if stale:
        _forget(lease.run_id, store.Entry.identifier.in_(sorted(stale)))
    _write(rows)
    plan.count("listed", len(good))
    model.Session.execute(sa.update(store.Run).where(store.Run.id == lease.run_id).values(counts=plan.counts))
    model.Session.commit()


def _write(rows: list[Row]) -> None:
    if rows:
        blank = dict.fromkeys(("change", "title", "words", "cause", "differences", "given", "ready", "notes", "content", "digest", "package_id"))
        filled = [{**blank, "title": "", "words": "", "cause": "", **row} for row in rows]
        statement = insert(store.Entry.__table__)
        statement = statement.on_conflict_do_update(index_elements=["run_id", "identifier"], set_={name: statement.excluded[name] for name in blank})
        model.Session.execute(statement, filled)


def _is_settled(known: Any, digest: str) -> bool:
    """Whether a record need not be read: its dataset was merged with another one, so that it matters only that the source lists it; or it came as it is known."""
    return known is not None and bool(known.withdrawn or (known.there and known.digest == digest and known.missing is None))


def _loose(source_id: str, identifiers: list[str]) -> set[str]:
    """Those of the records whose dataset counts as the source's no more, as a run deleted it and a person brought it back by hand."""
    if not identifiers:
        return set()
    current = (HarvestObject.current.is_(True), HarvestObject.harvest_source_id == source_id, HarvestObject.guid.in_(identifiers))
    return set(identifiers) - set(model.Session.scalars(sa.select(HarvestObject.guid).where(*current)))


def _row(writer: writing.Writer, origin: reading.Origin, item: Item, known: Any, records: reading.Records | None, *, loose: bool = False) -> Row | None:
    """What is to be done for one record, which is among `records` where it had to be read; nothing where it is as it was. `loose`: see `_loose`. LeftOutError for one that was
    taken before and that the mapping leaves out by now."""
    if known is not None and known.withdrawn:
        return {"change": store.BACK, "title": item.identifier[:500], "package_id": known.package_id} if known.missing else None
    if records is None:
        return None
    there = bool(known is not None and known.there)
    try:
        made = records.prepared(item.identifier)
    except RecordError as error:
        if there and isinstance(error, mappings.LeftOutError):
            raise
        return {"change": store.REFUSED, "title": item.identifier[:500], "words": CONTROL.sub("", str(error)), "cause": error.cause, "content": item.content}
    except Exception as error:  # noqa: BLE001 -- whatever a reader falls over, the other records are no worse
        return _fallen_over(item, error)
    made = reading.in_its_language(made, origin, known) if there else made
    given = made.dataset
    if there and known.given == given and not loose:
        return {"change": store.BACK, "title": given["title"], "package_id": known.package_id} if known.missing else None
    notes = [[note.what, note.value] for note in made.notes]
    found = {"title": given["title"], "given": given, "content": item.content, "notes": notes, "package_id": known.package_id if known else None}
    try:
        if not there:
            return {**found, "change": store.NEW, "ready": writer.new(given)}
        stored = writing.shown(known.package_id)
        told = reading.merged(given, stored, known.given, origin)
        writer.changed(model.Package.get(known.package_id), told.dataset)
    except tk.ValidationError as error:
        return {**found, "change": store.REFUSED, "words": writing.refusal(error), "cause": "schema"}
    except Exception as error:  # noqa: BLE001 -- whatever a plugin falls over, as above
        return _fallen_over(item, error)
    return {**found, "change": store.CHANGED, "differences": comparing.differences(known.given or _told(stored, given), given, told)}


def _fallen_over(item: Item, error: Exception) -> Row:
    """A record is refused with the error that it brought about; where that is the database's, nothing can go on in its transaction."""
    if isinstance(error, sa.exc.SQLAlchemyError) or outages.is_outage(error):
        raise error
    log.warning("A record cannot be read: %s", item.identifier, exc_info=error)
    refused = {"change": store.REFUSED, "title": item.identifier[:500], "content": item.content}
    if memory.is_short(error):
        return {**refused, "words": memory.words(), "cause": memory.CAUSE}
    words = tk._("The record cannot be read: %s") % f"{type(error).__name__}: {CONTROL.sub('', str(error))[:300]}"
    return {**refused, "words": words, "cause": "fault"}


def _told(shown: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A dataset as it is here, as far as the source says something of it: for sources that were harvested before there was a plan."""
    files = given.get("resources") or []
    names = {name for file in files for name in file}
    resources = [{name: value for name, value in file.items() if name in names and value not in ("", None)} for file in shown.get("resources", [])]
    words = [{"name": tag["name"]} for tag in shown.get("tags", [])]
    return {**{name: value for name, value in shown.items() if name in given and value not in ("", None, [], {})}, "resources": resources, "tags": words}


def _adopted(origin: reading.Origin, identifiers: list[str]) -> dict[str, Any]:
    """What was made of records before the engine kept rows, or before a source's history was cleared; remembered, and as `store.items` gives it."""
    if not identifiers:
        return {}
    same = (HarvestObject.harvest_source_id == origin.id, HarvestObject.guid.in_(identifiers), HarvestObject.package_id.is_not(None))
    order = (HarvestObject.guid, HarvestObject.current.desc(), HarvestObject.import_finished.desc().nulls_last())
    query = sa.select(HarvestObject.guid, HarvestObject.package_id).distinct(HarvestObject.guid).where(*same).order_by(*order)
    found: dict[str, str] = dict(model.Session.execute(query).all())
    rest = [identifier for identifier in identifiers if identifier not in found]
    guid = model.Package.extras["guid"].astext
    mine = (guid.in_(rest), model.Package.owner_org == origin.owner, model.Package.type == "dataset")
    taken = sa.select(HarvestObject.id).where(HarvestObject.current.is_(True), HarvestObject.package_id == model.Package.id).exists()
    if rest and origin.owner:
        found |= dict(model.Session.execute(sa.select(guid, model.Package.id).where(*mine, ~taken)).all())
    store.keep(origin.id, [{"identifier": identifier, "package_id": package_id} for identifier, package_id in found.items()])
    return store.items(origin.id, list(found)) if found else {}


def grace(origin: reading.Origin) -> dt.timedelta:
    """How long what is no longer at the source is kept."""
    days = origin.setting("grace_days")
    return dt.timedelta(days=days if isinstance(days, int) else tk.config["tzc.harvesting.grace_days"])


def _depart(lease: Lease, origin: reading.Origin, plan: Plan) -> None:
    """Rows for what the source no longer lists, and for what its mapping leaves out by now; only a whole listing says so."""
    if not plan.whole:
        return
    lease.hold()
    datasets, missing = _datasets(origin.id), _missing(origin.id)
    leaving = base.departures(datasets.keys() - missing.keys(), plan.present, whole=True, accept=origin.setting("accept_departures") is True)
    plan.doubted = len(leaving.doubted)
    _doubt(lease, leaving.doubted, plan, len(datasets))
    now, patience = store.now(), grace(origin)
    kept = store.MISSING if patience else store.GONE
    rows = [_departure(kept, identifier, plan) for identifier in sorted(leaving.gone | leaving.doubted)]
    overdue = [name for name, row in missing.items() if name in datasets and name not in plan.present and not row.kept and row.missing + patience <= now]
    rows += [_departure(store.GONE, identifier, plan) for identifier in sorted(overdue)]
    titles = _titles([datasets[row["identifier"]] for row in rows])
    for batch in (rows[start : start + BATCH] for start in range(0, len(rows), BATCH)):
        _write([{"run_id": lease.run_id, **row, "package_id": datasets[row["identifier"]], "title": titles.get(datasets[row["identifier"]], "")} for row in batch])
    for row in rows:
        plan.count(row["change"])
    _left_out(lease, origin, plan, datasets.keys())
    if waits := len(missing.keys() & datasets.keys()) - len(overdue):
        plan.count("absent", waits)
    model.Session.commit()


def _doubt(lease: Lease, doubted: AbstractSet[str], plan: Plan, known: int) -> None:
    """What is told of so many that leave at once that it is not believed: what the source lists no longer, and what its own filter leaves out."""
    filtered = len(doubted & plan.left_out.keys())
    if gone := len(doubted) - filtered:
        words = tk._("%(missing)d of %(known)d datasets are missing at the source, suspiciously many: nothing is done until somebody has looked and approves the run or stops it.")
        store.problem(lease.run_id, words % {"missing": gone, "known": known}, "departures")
    if filtered:
        words = tk._("The filter of the source's mapping leaves out %(num)d of %(known)d datasets, which are still listed there: nothing is done until somebody has looked.")
        store.problem(lease.run_id, words % {"num": filtered, "known": known}, "left_out")


def _departure(change: str, identifier: str, plan: Plan) -> Row:
    """The row of one that leaves, with the reason where the mapping says so and not the source."""
    by = plan.left_out.get(identifier)
    if by is None:
        return {"change": change, "identifier": identifier}
    return {"change": store.LEFT_OUT if change == store.MISSING else change, "identifier": identifier, "words": mappings.left_out(by)}


def _left_out(lease: Lease, origin: reading.Origin, plan: Plan, datasets: AbstractSet[str]) -> None:
    """What the mapping leaves out is remembered as it is now. Of that, what is here and does not count as the source's is refused, as what is new."""
    item = store.ItemRow
    said = sa.select(item.identifier, item.left_out).where(item.source_id == origin.id, item.left_out.is_not(None))
    before: dict[str, str] = dict(model.Session.execute(said).all())
    changed = {name for name in before.keys() | plan.left_out.keys() if before.get(name) != plan.left_out.get(name)}
    store.keep(origin.id, [{"identifier": name, "left_out": plan.left_out.get(name)} for name in sorted(changed)])
    others = sorted(plan.left_out.keys() - datasets)
    refused = {"run_id": lease.run_id, "change": store.REFUSED, "cause": "filtered"}
    _write([{**refused, "identifier": name, "title": name[:500], "words": mappings.left_out(plan.left_out[name])} for name in others])
    if others:
        plan.count(store.REFUSED, len(others))


def _titles(ids: list[str]) -> dict[str, str]:
    return dict(model.Session.execute(sa.select(model.Package.id, model.Package.title).where(model.Package.id.in_(ids))).all()) if ids else {}


def _recount(run_id: str, plan: Plan) -> None:
    """The counts are those of the rows: some are of a listing that was broken off, and this one, which is not whole, did not come to them."""
    entry = store.Entry
    kinds = dict(model.Session.execute(sa.select(entry.change, sa.func.count()).where(entry.run_id == run_id).group_by(entry.change)).all())
    plan.counts = {**{kind: number for kind, number in plan.counts.items() if kind not in store.CHANGES}, **kinds}


def _end(lease: Lease, origin: reading.Origin, plan: Plan, client: Client) -> None:
    """The plan stands: whether it is all, and how the listing is known again."""
    lease.hold()
    _recount(lease.run_id, plan)
    pages = [dataclasses.asdict(page) for page in client.pages] if plan.whole and len(client.pages) <= MOST_PAGES else None
    values = {"whole": plan.whole, "counts": plan.counts, "reading": origin.reading, "pages": pages, "repeats": plan.repeats}
    model.Session.execute(sa.update(store.Run).where(store.Run.id == lease.run_id).values(**values))
    if client.first_rows:
        store.known(origin.id).first_rows = client.first_rows
    model.Session.commit()
