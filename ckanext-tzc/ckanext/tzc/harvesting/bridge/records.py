"""What became of the records of a run, in ckanext-harvest's own table: those that a harvester left when its process ended, among others."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError, HarvestObject, HarvestObjectError, HarvestObjectExtra

from ..engine import documents, store
from .line import plain

COMPLETE, FAILED = "COMPLETE", "ERROR"
ENDED = (COMPLETE, FAILED)
AT_WORK = ("FETCH", "IMPORT")
"""States of the record that a harvester is at."""


def left(job_id: str, states: tuple[str, ...] = ()) -> list[Any]:
    """Records that have not ended, in the order in which they were listed; or those in certain states."""
    query = model.Session.query(HarvestObject).populate_existing().filter(HarvestObject.harvest_job_id == job_id)
    query = query.filter(HarvestObject.state.in_(states)) if states else query.filter(HarvestObject.state.not_in(ENDED))
    return list(query.order_by(HarvestObject.gathered, HarvestObject.id))


def is_written(found: Any) -> bool:
    """Whether a harvester had written the dataset of this record when its process ended. Harvesters mark the record in the transaction in which they write."""
    if found.state != "IMPORT" or not found.current or not found.package_id or _errors(found.id):
        return False
    package = model.Package.get(found.package_id)
    return package is not None and package.state == "active"


def _errors(identifier: str) -> int:
    return int(model.Session.query(HarvestObjectError.id).filter_by(harvest_object_id=identifier).count())


def complete(found: Any) -> None:
    """A record whose dataset is written: it is brought into the index, and the record ends as ckanext-harvest would end it."""
    documents.to_index([found.package_id])
    before = model.Session.query(HarvestObject.id).filter(HarvestObject.package_id == found.package_id, HarvestObject.id != found.id).limit(1).first()
    found.state, found.import_finished, found.report_status = COMPLETE, store.stamp(), "updated" if before else "added"
    found.save()


def fail(found: Any, words: str) -> None:
    """A record that failed, with the reason."""
    model.Session.add(HarvestObjectError(message=plain(words), harvest_object_id=found.id, stage="Import" if found.state == "IMPORT" else "Fetch"))
    found.state, found.report_status, found.import_finished = FAILED, "errored", store.stamp()
    model.Session.commit()


def tell(found: Any) -> None:
    """A record that failed without a reason is given one."""
    if found.state == FAILED and not _errors(found.id):
        model.Session.add(HarvestObjectError(message=tk._("The harvester gave no reason."), harvest_object_id=found.id, stage="Import" if found.import_started else "Fetch"))
        model.Session.commit()


def blame(job_id: str, words: str) -> bool:
    """The harvester's process ended: the record that it was at has failed, unless it was written. Whether it was at one."""
    at_work = left(job_id, AT_WORK)
    for found in at_work:
        if is_written(found):
            complete(found)
        else:
            fail(found, words)
    return bool(at_work)


def give_up(job_id: str) -> None:
    """Records that will not be done in this run end. They have no status of their own in the report: nothing is known against them."""
    for found in left(job_id, AT_WORK):
        if is_written(found):
            complete(found)
    _stand_again(job_id)
    these = (HarvestObject.harvest_job_id == job_id, HarvestObject.state.not_in(ENDED))
    model.Session.execute(sa.update(HarvestObject).where(*these).values(state=FAILED), execution_options={"synchronize_session": False})
    model.Session.commit()


def forget(job_id: str) -> None:
    """What a listing that was broken off left; it is made anew."""
    _stand_again(job_id)
    these = sa.select(HarvestObject.id).where(HarvestObject.harvest_job_id == job_id)
    for table, column in ((HarvestObjectExtra, "harvest_object_id"), (HarvestObjectError, "harvest_object_id"), (HarvestObject, "id")):
        model.Session.execute(sa.delete(table).where(getattr(table, column).in_(these)), execution_options={"synchronize_session": False})
    model.Session.execute(sa.delete(HarvestGatherError).where(HarvestGatherError.harvest_job_id == job_id), execution_options={"synchronize_session": False})
    model.Session.commit()


def _stand_again(job_id: str) -> None:
    """Harvesters take the mark of the current record from those that they list as gone. Where that was not done it is given back: the next run would not know them otherwise."""
    old, new = sa.orm.aliased(HarvestObject), sa.orm.aliased(HarvestObject)
    listed = sa.select(new.package_id).where(new.harvest_job_id == job_id, new.package_id.is_not(None), new.state.not_in(ENDED))
    standing = sa.select(HarvestObject.package_id).where(HarvestObject.current.is_(True), HarvestObject.package_id.in_(listed))
    last = (
        sa.select(old.id)
        .distinct(old.package_id)
        .where(old.package_id.in_(listed), old.package_id.not_in(standing), old.harvest_job_id != job_id, old.state == COMPLETE, old.report_status != "deleted")
        .order_by(old.package_id, old.import_finished.desc().nulls_last())
    )
    model.Session.execute(sa.update(HarvestObject).where(HarvestObject.id.in_(last)).values(current=True), execution_options={"synchronize_session": False})
