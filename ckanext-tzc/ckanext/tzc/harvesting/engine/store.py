"""The engine's tables, in CKAN's own database."""
from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestGatherError
from ckanext.tzc.harvesters.words import CONTROL
from sqlalchemy.dialects.postgresql import JSONB, insert

from .. import merges

WAITING, PLANNING, PLANNED, APPLYING, PAUSED, DONE, STOPPED, FAILED = "waiting", "planning", "planned", "applying", "paused", "done", "stopped", "failed"
WORKABLE = (WAITING, PLANNING, APPLYING)
"""States in which a worker may take a run."""

CHANGES = NEW, CHANGED, BACK, MISSING, LEFT_OUT, GONE, REFUSED = "new", "changed", "back", "missing", "left_out", "gone", "refused"
"""What a plan says of a record: to be created; to be written; listed again, as it was; listed no longer, kept meanwhile; left out by a filter that came later, kept meanwhile;
missing or left out for too long; not to be taken.

What is unchanged has no row."""

WRITTEN, DID, FAULT = "written", "done", "failed"
"""What became of a row: in the database and not yet in the index, done, not possible."""


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.timezone.utc)


def stamp(moment: dt.datetime | None = None) -> dt.datetime:
    """A moment, this one without it, as CKAN and ckanext-harvest keep them: in UTC, without saying so."""
    return (moment or now()).astimezone(dt.timezone.utc).replace(tzinfo=None)


class Known(tk.BaseModel):
    """What is kept of a source: whether its first run was approved, how its last whole listing is known again, and how it was read then; before there was a run, records that
    somebody asked for (`samples`); of a table its header and first rows as it was last read (`first_rows`). `trouble`, `since`, `well`: see `standing`.
    """

    __tablename__ = "tzc_harvesting_source"

    source_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    approved = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    reading = sa.Column(sa.UnicodeText)
    pages = sa.Column(JSONB(none_as_null=True))
    trouble = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    since = sa.Column(sa.DateTime(timezone=True))
    well = sa.Column(sa.DateTime(timezone=True))
    samples = sa.Column(JSONB(none_as_null=True))
    first_rows = sa.Column(JSONB(none_as_null=True))


class ItemRow(tk.BaseModel):
    """A record of a source: the hash of what came, the dataset that was made of it (`given`, before people changed it here), since when it is missing.
    A run that deletes it leaves it missing and without `digest`; `given` stays, so that edits made here are told from it when it comes back, and `draft` says that it was one.
    `kept`: somebody took it back, so that it is not deleted again. `left_out`: which filter of the source's mapping (`mapping.FILTERS`) left it out when it was last listed.
    """

    __tablename__ = "tzc_harvesting_item"

    source_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    identifier = sa.Column(sa.UnicodeText, primary_key=True)
    package_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="SET NULL"))
    digest = sa.Column(sa.UnicodeText)
    given = sa.Column(JSONB(none_as_null=True))
    missing = sa.Column(sa.DateTime(timezone=True))
    kept = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    left_out = sa.Column(sa.UnicodeText)
    draft = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())


class Run(tk.BaseModel):
    """A run, with the id of its job in ckanext-harvest. `asks`: why it waits for somebody (`first`, `departures`, `dry`); `wanted`: what somebody wants of it (`pause`, `stop`);
    `owner` and `beat`: which process works on it and when that last said so; `broke`: how the last one ended that broke off (a signal's name, an exit code);
    `counts`: see `telling`; `done`: the same of what was done, once it ended;
    `by`: the account (its name) that asked for it, nobody where it was its time; `repeats`: the run that read the listing, where this one found it unchanged;
    `bridged`: another program's harvester does it (see `bridge`), and `pages` are the ids of what it listed, in its order.
    """

    __tablename__ = "tzc_harvesting_run"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    source_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), nullable=False)
    host = sa.Column(sa.UnicodeText, nullable=False)
    state = sa.Column(sa.UnicodeText, nullable=False)
    dry = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    asks = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    wanted = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    whole = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    counts = sa.Column(JSONB, nullable=False, server_default="{}")
    reading = sa.Column(sa.UnicodeText)
    pages = sa.Column(JSONB(none_as_null=True))
    bridged = sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    owner = sa.Column(sa.UnicodeText)
    beat = sa.Column(sa.DateTime(timezone=True))
    taken_over = sa.Column(sa.Integer, nullable=False, server_default="0")
    broke = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    begun = sa.Column(sa.DateTime(timezone=True), nullable=False)
    planned = sa.Column(sa.DateTime(timezone=True))
    approved = sa.Column(sa.DateTime(timezone=True))
    approved_by = sa.Column(sa.UnicodeText)
    by = sa.Column(sa.UnicodeText)
    repeats = sa.Column(sa.UnicodeText)
    done = sa.Column(JSONB(none_as_null=True))
    ended = sa.Column(sa.DateTime(timezone=True))


class LogLine(tk.BaseModel):
    """A line of the log of a run that another program's harvester does."""

    __tablename__ = "tzc_harvesting_log"

    run_id = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), primary_key=True)
    number = sa.Column(sa.BigInteger, sa.Identity(), primary_key=True)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    level = sa.Column(sa.UnicodeText, nullable=False)
    words = sa.Column(sa.UnicodeText, nullable=False)


class Entry(tk.BaseModel):
    """What a run found of one record, and what became of it. `given`: the dataset that was made of it; `ready`: a new one as the schema has it; `cause`: why it was not taken
    (`tzc.harvesting.causes`), of which `words` tell the particular.
    """

    __tablename__ = "tzc_harvesting_entry"

    run_id = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), primary_key=True)
    identifier = sa.Column(sa.UnicodeText, primary_key=True)
    number = sa.Column(sa.BigInteger, sa.Identity(), nullable=False)
    change = sa.Column(sa.UnicodeText, nullable=False)
    title = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    words = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    cause = sa.Column(sa.UnicodeText, nullable=False, server_default="")
    differences = sa.Column(JSONB(none_as_null=True))
    given = sa.Column(JSONB(none_as_null=True))
    ready = sa.Column(JSONB(none_as_null=True))
    notes = sa.Column(JSONB(none_as_null=True))
    content = sa.Column(sa.UnicodeText)
    digest = sa.Column(sa.UnicodeText)
    package_id = sa.Column(sa.UnicodeText)
    outcome = sa.Column(sa.UnicodeText)


class Problem(tk.BaseModel):
    """Why something went wrong while a catalogue was listed, by a code; its words are ckanext-harvest's row of the same id."""

    __tablename__ = "tzc_harvesting_problem"

    id = sa.Column(sa.UnicodeText, primary_key=True)
    run_id = sa.Column(sa.UnicodeText, sa.ForeignKey("tzc_harvesting_run.id", ondelete="CASCADE"), nullable=False)
    cause = sa.Column(sa.UnicodeText, nullable=False)


def problem(run_id: str, words: str, cause: str) -> None:
    """Write down what went wrong with a run as a whole. Commits nothing."""
    made = str(uuid.uuid4())
    model.Session.add(HarvestGatherError(id=made, message=CONTROL.sub("", words), harvest_job_id=run_id))
    model.Session.add(Problem(id=made, run_id=run_id, cause=cause))


def forget_problems(run_id: str) -> None:
    """A run begins anew: what it told before is not told twice. Commits nothing."""
    for told, column in ((HarvestGatherError, HarvestGatherError.harvest_job_id), (Problem, Problem.run_id)):
        model.Session.query(told).filter(column == run_id).delete(synchronize_session=False)


def run(identifier: str) -> Run | None:
    """A run by its id, as it stands in the database now."""
    found: Run | None = model.Session.get(Run, identifier, populate_existing=True)
    return found


def open_run(source_id: str) -> Run | None:
    """The run of a source that has not ended."""
    found: Run | None = model.Session.query(Run).populate_existing().filter(Run.source_id == source_id, Run.ended.is_(None)).first()
    return found


def last_run(source_id: str) -> Run | None:
    """The last run of a source."""
    found: Run | None = model.Session.query(Run).populate_existing().filter_by(source_id=source_id).order_by(Run.begun.desc()).first()
    return found


def entry(run_id: str, identifier: str | None) -> Entry | None:
    """What a run found of a record."""
    found: Entry | None = model.Session.get(Entry, (run_id, identifier or ""))
    return found


def last_read(source_id: str) -> str | None:
    """The run that read the listing which is known again: the last that ended and had it whole."""
    mine = (Run.source_id == source_id, Run.state == DONE, Run.whole.is_(True), Run.repeats.is_(None))
    found: str | None = model.Session.query(Run.id).filter(*mine).order_by(Run.begun.desc()).limit(1).scalar()
    return found


def known(source_id: str) -> Known:
    """What is kept of a source; made where there is nothing yet."""
    model.Session.execute(insert(Known).values(source_id=source_id).on_conflict_do_nothing())
    found: Known = model.Session.get(Known, source_id, populate_existing=True)
    return found


def first_rows(source_id: str) -> list[list[str]]:
    """The header and the first rows of a source that is a table, as it was last read; nothing of any other."""
    found: list[list[str]] | None = model.Session.query(Known.first_rows).filter_by(source_id=source_id).scalar()
    return found or []


def items(source_id: str, identifiers: list[str]) -> dict[str, Any]:
    """What is known of these records: `(identifier, digest, given, missing, kept, draft, package_id, there, withdrawn)`; `there` says whether the dataset is, public or a
    draft, `withdrawn` whether it was merged with another one, so that it is not to be made again.
    """
    there = sa.and_(model.Package.id == ItemRow.package_id, model.Package.state != "deleted")
    columns = (ItemRow.identifier, ItemRow.digest, ItemRow.given, ItemRow.missing, ItemRow.kept, ItemRow.draft, ItemRow.package_id)
    columns += (model.Package.id.is_not(None).label("there"), merges.is_withdrawn(ItemRow.package_id).label("withdrawn"))
    query = sa.select(*columns).select_from(sa.outerjoin(ItemRow, model.Package, there)).where(ItemRow.source_id == source_id, ItemRow.identifier.in_(identifiers))
    return {row.identifier: row for row in model.Session.execute(query)}


def comes_back_as(known: Any) -> str:
    """The state of a deleted dataset that is there again: one that was a draft when a run deleted it is a draft. `known`: its record as `items` gives it, if there is one."""
    return "draft" if known is not None and known.draft and known.missing is not None else "active"


def keep(source_id: str, rows: list[dict[str, Any]]) -> None:
    """Remember records: each `{"identifier", …}` with the columns that are said, the same ones of all."""
    if rows:
        statement = insert(ItemRow.__table__)
        said = {name: statement.excluded[name] for name in rows[0] if name != "identifier"}
        statement = statement.on_conflict_do_update(index_elements=["source_id", "identifier"], set_=said)
        model.Session.execute(statement, [{"source_id": source_id, **row} for row in rows])
