"""Records of a source on which its mapping is shown, and their words that are none of ours: of the plan that waits, as they were harvested, or asked for before there was a run."""
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestObject, HarvestSource
from ckanext.tzc.harvesters import base, sampling
from ckanext.tzc.harvesters.formats import known as known_format
from ckanext.tzc.harvesters.http import FetchError, Limits
from ckanext.tzc.harvesters.licences import OWN_CONDITIONS
from ckanext.tzc.harvesters.partners import table
from ckanext.tzc.harvesters.record import Record, RecordError

from tzc import apart
from tzc.harvesting import mapping as rules

from . import mappings, sources
from .columns import KIND as TABLE
from .engine import memory, reading, store

SAMPLES, READ, WORDS = 3, 40, 30
"""Datasets that a mapping is shown on; records that are read for the words of a source; words that are proposed for each table."""

NEEDED = ("licence", "theme", "language", "format")
"""Tables whose words are of no use as they are. What the others propose helps, and nothing is missing without."""

ASKED = Limits(connect=5, read=10, answer=20, run=25, size=10 * 1024 * 1024, tries=1, redirects=3)
"""What somebody waits for who asks a source for samples by a page."""

LONGEST = 1024 * 1024
"""Letters of a record that is kept as a sample, and bytes of one that is read for a page."""


class Sample(NamedTuple):
    """A record without the source's mapping, and as the mapping's choice of columns has it; the first is None where only that choice makes a record of it.

    Of all kinds but tables the two are the same.
    """

    plain: Record | None
    record: Record


class Seen(NamedTuple):
    """What a source's records hold: samples; words that are none of ours, by table, the most frequent first; which of those are still to be decided about (`NEEDED`)."""

    samples: list[Sample]
    words: dict[str, list[str]]
    needed: dict[str, list[str]]


def seen(source_id: str, mapping: Mapping[str, Any]) -> Seen:
    """Look at some records of a source, a table's by the columns that the mapping chooses. The mapping is one without mistakes."""
    words: dict[str, dict[str, int]] = {name: {} for name in rules.TABLES}
    needed: dict[str, dict[str, int]] = {name: {} for name in rules.TABLES}
    samples: list[Sample] = []
    for sample in records(source_id, READ, mapping.get("columns", {})):
        samples += [sample] if len(samples) < SAMPLES else []
        for counts, found in ((words, _foreign(sample.record)), (needed, _left(sample.record, mapping))):
            for name, word in set(found):
                counts[name][word] = counts[name].get(word, 0) + 1
    return Seen(samples, _frequent(words), _frequent(needed))


def _frequent(counts: Mapping[str, Mapping[str, int]]) -> dict[str, list[str]]:
    return {name: sorted(found, key=lambda word: (-found[word], word))[:WORDS] for name, found in counts.items()}


def _left(record: Record, mapping: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Words of a record that the mapping leaves of no use: the table and the word."""
    try:
        made = mappings.apply(record, mapping).record
    except mappings.LeftOutError:
        return
    for name, word in _foreign(made):
        # ours may be a word that no list has, such as a format
        if name in NEEDED and word not in mapping.get(name, {}).values() and not (name == "language" and made.languages):
            yield name, word


def _foreign(record: Record) -> Iterator[tuple[str, str]]:
    """Words of a record that a table could put right: the table and the word."""
    if record.licence == OWN_CONDITIONS and record.licence_stated:
        yield "licence", record.licence_stated[:300]
    if not record.themes:
        yield from (("theme", word) for word in record.keywords)
    yield from (("axis", word) for word in record.keywords)
    yield from (("commune", name) for name in record.places if not record.communes)
    yield from (("language", note.value) for note in record.notes if note.what == "language not understood")
    yield from (("format", file.format) for file in record.resources if file.format and known_format(file.format) is None)
    if record.publisher and record.publisher.name:
        yield "publisher", record.publisher.name


def records(source_id: str, most: int, columns: Mapping[str, str]) -> Iterator[Sample]:
    """Records of a source, without its mapping; those that cannot be read are passed over.

    Of a table what its first rows are with these `columns`. Else what the last run found and did not write comes first, then what was harvested, each once; where there is
    neither, what was asked for.
    """
    source = HarvestSource.get(source_id)
    kind = reading.kind_of(source.type) if source else None
    if kind is None:
        return
    shown = base.Source(sources.without_password(source.url), sources.settings(source.config))
    if source.type == TABLE and (rows := store.first_rows(source_id)):
        yield from itertools.islice(_of_table(kind.harvester, shown, rows, columns), most)
        return
    read = list(_read(kind.harvester, shown, itertools.islice(_contents(source_id, most), most)))
    for record in read or _read(kind.harvester, shown, store.known(source_id).samples or []):
        yield Sample(record, record)


def _of_table(harvester: base.Harvester, shown: base.Source, rows: list[list[str]], columns: Mapping[str, str]) -> Iterator[Sample]:
    chosen = dataclasses.replace(shown, columns=columns)
    for content, before in table.sampled(rows, chosen, shown):
        found = list(_read(harvester, chosen, [content]))
        if found:
            yield Sample(next(_read(harvester, shown, [before]), None), found[0])


def _read(harvester: base.Harvester, shown: base.Source, contents: Iterable[str]) -> Iterator[Record]:
    for content in contents:
        try:
            yield base.record_of(harvester, content, shown)
        except RecordError:
            continue


def _contents(source_id: str, most: int) -> Iterator[str]:
    told: set[str] = set()
    run, entry = store.last_run(source_id), store.Entry
    if run is not None:
        planned = sa.select(entry.identifier, entry.content).where(entry.run_id == run.id, sa.func.octet_length(entry.content) <= LONGEST).order_by(entry.number).limit(most)
        for identifier, content in model.Session.execute(planned).all():
            told.add(identifier)
            yield content
    mine = (HarvestObject.harvest_source_id == source_id, HarvestObject.content != "", sa.func.octet_length(HarvestObject.content) <= LONGEST)
    newest = sa.select(HarvestObject.guid, HarvestObject.content).where(*mine).distinct(HarvestObject.guid)
    for identifier, content in model.Session.execute(newest.order_by(HarvestObject.guid, HarvestObject.gathered.desc()).limit(most)).all():
        if identifier not in told:
            yield content


def _ended(how: str) -> tuple[str, str]:
    """Why a process ended without records: words, and the code of a cause."""
    if how == "memory":
        return memory.words(), memory.CAUSE
    if how == "time":
        return tk._("To read what the source gives takes longer than %d seconds. A run has more time: make a dry run.") % ASKED.run, "timeout"
    return tk._("What the source gives could not be read: the process that reads it broke off."), "fault"


def ask(source_id: str) -> int:
    """Ask a source of one of our kinds for some records and keep them; how many came that can be read. Of a table its header is kept whatever becomes of it. Raises FetchError.

    A process of its own reads what comes, with the memory of a run: what it grows to, or ends, is not the portal's. The caller commits, also after an error.
    """
    origin = dataclasses.replace(reading.origin(source_id), limits=ASKED)
    asked, shown, known = dataclasses.asdict(origin.opened()), dataclasses.asdict(origin.shown), store.known(source_id)
    task = sampling.Task(sampling.named(origin.harvester), asked, shown, dataclasses.asdict(origin.within()), SAMPLES, READ, LONGEST)
    try:
        told = apart.ask(sampling.__name__, dataclasses.asdict(task), memory=memory.megabytes() * apart.MEGABYTE, seconds=ASKED.run)
    except apart.EndedError as error:
        raise FetchError(*_ended(error.how)) from error
    known.first_rows = told["first_rows"] or known.first_rows
    if "fault" in told:
        raise FetchError(told["fault"], told["cause"])
    found = told["contents"]
    known.samples = found
    model.Session.flush()
    return len(found)
