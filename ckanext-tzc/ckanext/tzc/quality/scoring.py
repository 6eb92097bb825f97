"""Computing scores: what a dataset is judged by, the stored score, and what goes into the index."""
from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import indexing
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters.formats import by_name
from ckanext.tzc.schemas import vocabulary

from tzc.catalogue import quality

from . import store


@lru_cache(maxsize=4)
def _vocabularies(licence: str) -> quality.Vocabularies:
    judged = {entry["code"]: entry for entry in vocabulary("format-quality")}
    formats = {}
    for name, entry in by_name().items():
        flags = judged.get(entry["code"], {})
        formats[name] = quality.FileType(entry["code"], entry["media"], bool(flags.get("machine")), bool(flags.get("free")), bool(flags.get("service")))
    licences = {}
    for entry in vocabulary("licence"):
        licences.update(dict.fromkeys([entry["code"], *(filter(None, [entry["uri"], entry.get("eu")]))], bool(entry.get("eu"))))
    return quality.Vocabularies(formats, licences, frozenset(entry["code"] for entry in vocabulary("access-level")), licence)


def vocabularies() -> quality.Vocabularies:
    """What values are judged by, in this territory."""
    return _vocabularies(territory().licences[0])


def addresses(package: dict[str, Any]) -> store.Addresses:
    """The addresses to be tried of the files that everybody may have."""
    found: store.Addresses = {}
    for resource in package.get("resources") or []:
        if not quality.is_open(package, resource):
            continue
        upload = quality.is_upload(resource)
        for kind, url in ((store.ACCESS, quality.access_address(resource)), (store.DOWNLOAD, quality.download_address(resource))):
            if url and resource.get("id"):
                found[resource["id"], kind] = (url, upload and url == resource.get("url"))
    return found


def assess(package: dict[str, Any]) -> tuple[quality.Assessment, quality.Checks]:
    """A dataset's score now, and the answers of its addresses that it was made with: two queries."""
    checks = store.checks(package["id"], addresses(package))
    return quality.assess(package, checks, vocabularies(), forbidden(package["id"])), checks


def forbidden(package_id: str) -> quality.Forbidden:
    """What the last validation of a dataset's RDF forbade; the room that publishes knows."""
    found: quality.Forbidden = tk.h.tzc_publishing_forbidden(package_id) if "tzc_publishing_forbidden" in tk.h else None
    return found


def show(package_id: str) -> dict[str, Any]:
    """The whole dataset, whoever asks. Raises ObjectNotFound."""
    package: dict[str, Any] = tk.get_action("package_show")({"ignore_auth": True, "use_cache": False}, {"id": package_id})
    return package


def compute(package_id: str, reindex: bool = False) -> int | None:
    """Compute and store a dataset's score; None when it is gone. With `reindex` a changed score goes into the index. Commits."""
    model.Session.rollback()  # to see what others have committed
    row, package = store.find(package_id), model.Package.get(package_id)
    asked = row.changed if row else None
    if package is None or package.state == model.State.DELETED or package.type != "dataset":
        store.forget(package_id, history=package is None)
        model.Session.commit()
        return None
    whole = show(package_id)
    store.follow(package_id, addresses(whole))
    found, _ = assess(whole)
    before = store.write(package_id, asked, found)
    model.Session.commit()
    # a first score was in the index before it was stored here
    if reindex and before not in {None, found.score} and package.state == model.State.ACTIVE:
        indexing.anew(package_id)
    return found.score


def ask_unseen() -> None:
    """Ask for the scores of datasets that were there before this room. Commits."""
    store.ask_unseen()
    model.Session.commit()


def compute_waiting(seconds: float, told: Callable[[int, int], None] | None = None) -> int:
    """Compute the scores that are asked for, one at least, as many as can be done in so many seconds. Returns how many. `told` hears how many are done, and of how many."""
    ends = time.monotonic() + seconds
    ids, done = store.waiting(), 0
    for package_id in ids:
        compute(package_id, reindex=True)
        done += 1
        if told:
            told(done, len(ids))
        if time.monotonic() > ends:
            break
    return done


def indexed(entry: dict[str, Any]) -> dict[str, Any]:
    """A dataset's index entry with its rating and score, from the copy of the whole dataset in it."""
    if entry.get("dataset_type") == "dataset" and entry.get("validated_data_dict"):
        found, _ = assess(json.loads(entry["validated_data_dict"]))
        entry.update(quality=found.rating, quality_score=found.score)
    return entry
