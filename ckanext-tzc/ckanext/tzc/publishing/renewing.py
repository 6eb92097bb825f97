"""Making fragments: of what has changed, of what time or the vocabularies have changed, or of all."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

import ckan.model as model
from pyoxigraph import Triple

from tzc.publishing import documents, mapping
from tzc.publishing.packing import packed
from tzc.publishing.terms import values

from . import store, stored
from .world import base, fingerprint, world

BATCH = 200
"""Datasets a transaction."""
AT_A_REQUEST = 50
"""Changes that a reader waits for; more are left to the job."""

Told = Callable[[int], None]

COMPARED = ("digest", "world", "hidden", "owner_org", "elsewhere", "modified", "changes")
"""What tells whether a fragment must be written; all else follows from the digest."""


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def describe(dataset: dict[str, Any], moment: datetime) -> tuple[dict[str, Any], tuple[Triple, ...]]:
    """A fragment's row, and its triples."""
    told = mapping.describe(dataset, world(), moment)
    bodies = documents.fragments(told.triples)
    row = {
        "package_id": dataset["id"],
        "made": moment,
        "world": fingerprint(),
        "digest": documents.digest(bodies["n_triples"]),
        "changes": told.changes,
        "published": True,
        "hidden": False,
        "subject": told.subject.value,
        "owner_org": dataset.get("owner_org"),
        "axes": [axis for axis in values(dataset.get("axis")) if isinstance(axis, str)],
        "high_value": bool(values(dataset.get("hvd_category"))),
        "elsewhere": bool(dataset.get("harvest_source_id")) and not dataset.get("redistributed"),
        "modified": dataset["metadata_modified"],
        **{syntax: packed(body, syntax) for syntax, body in bodies.items()},
    }
    return row, told.triples


def make(ids: list[str]) -> int:
    """Make the fragments of these datasets, and withdraw those that a stranger may not see.

    Returns how many were dealt with: all but those that somebody is changing. Does not commit.
    """
    busy = store.hold(ids)
    ids = [package_id for package_id in ids if package_id not in busy]
    moment = now()
    datasets, known = _read(ids), store.known(ids)
    rows = [row for dataset in datasets.values() if _differs((row := describe(dataset, moment)[0]), known.get(dataset["id"]))]
    store.write(rows)
    gone = [package_id for package_id, before in known.items() if before.published and package_id not in datasets]
    if gone:
        store.withdraw(gone, moment)
    return len(ids)


def _read(ids: list[str]) -> dict[str, dict[str, Any]]:
    """Published datasets by id. An IRI or identifier that two of them state is the one's that had it first: two descriptions of one thing would be read as one."""
    datasets = stored.read(ids, base())
    stated = {id: subject for id, dataset in datasets.items() if (subject := mapping.subject_of(dataset, base()).value) != f"{base()}/dataset/{id}"}
    holders = store.holders(list(stated.values()))
    for id, subject in stated.items():
        if holders.setdefault(subject, id) != id:
            datasets[id]["uri"] = None
    identified = {id: str(dataset["identifier"]) for id, dataset in datasets.items() if dataset.get("identifier")}
    owners = store.identified(list(identified.values()))
    for id, identifier in identified.items():
        if owners.get(identifier, id) != id:
            datasets[id]["identifier"] = None
    return datasets


def _differs(row: dict[str, Any], before: Any) -> bool:
    return before is None or not before.published or any(getattr(before, name) != row[name] for name in COMPARED)


def renew_waiting(seconds: float, told: Told | None = None) -> int:
    """Deal with what has changed, as far as it can be done in so many seconds. Returns how many changes. Commits."""
    ends, count = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        store.lock(wait=True)
        changes, datasets = store.take(BATCH)
        made = sum(make(part) for part in _parts(datasets))
        if changes:
            store.done(changes)
        model.Session.commit()
        count += len(changes)
        if told:
            told(count)
        if not changes or (datasets and not made):
            break  # nothing waits, or only what somebody is changing
    return count


def renew_before_reading() -> bool:
    """Deal with a few urgent changes, so that a reader gets what is true now. Whether none wait any more. Commits."""
    many = store.more_wait_than(AT_A_REQUEST)
    if many is None:
        return True
    if many or not store.lock(wait=False):
        return False
    changes, datasets = store.take(AT_A_REQUEST, urgent=True)
    if len(datasets) > BATCH:  # an organisation with many
        model.Session.rollback()
        return False
    make(datasets)
    store.done(changes)
    model.Session.commit()
    return True


def renew_outdated(seconds: float) -> int:
    """Make anew what time, a vocabulary, the territory or a new version of the mapping has changed. Returns how many. Commits."""
    ends, after, count = time.monotonic() + seconds, "", 0
    while time.monotonic() < ends:
        store.lock(wait=True)
        ids = store.outdated(fingerprint(), now(), after, BATCH)
        if not ids:
            model.Session.commit()
            break
        make(ids)
        model.Session.commit()
        after, count = ids[-1], count + len(ids)
    return count


def rebuild(told: Told | None = None) -> int:
    """Make all fragments anew. Returns how many datasets there are. Commits."""
    after, count = "", 0
    while True:
        store.lock(wait=True)
        ids = store.all_ids(after, BATCH)
        if ids:
            make(ids)
        model.Session.commit()
        if not ids:
            return count
        after, count = ids[-1], count + len(ids)
        if told:
            told(count)


def differences() -> Iterable[tuple[str, str]]:
    """Datasets whose fragment is not what would be made now, and why: `missing`, `withdrawn no more`, `differs`. Changes nothing."""
    after = ""
    while ids := store.all_ids(after, BATCH):
        datasets, known = _read(ids), store.known(ids)
        for package_id in ids:
            before = known.get(package_id)
            there = before is not None and before.published
            if package_id not in datasets:
                if there:
                    yield package_id, "to be withdrawn"
            elif not there:
                yield package_id, "missing"
            elif _differs(describe(datasets[package_id], now())[0], before):
                yield package_id, "differs"
        after = ids[-1]
        model.Session.rollback()


def _parts(ids: list[str]) -> Iterable[list[str]]:
    for begin in range(0, len(ids), BATCH):
        yield ids[begin : begin + BATCH]
