"""Mappings of sources: kept in versions, tried on records as they came (`samples`), used when a dataset is prepared. What a mapping is: `tzc.harvesting.mapping`."""
from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.common.territory import language, territory, text
from ckanext.tzc.harvesters.partners.columns import FIELDS
from ckanext.tzc.harvesters.record import Agent, Note, Record, RecordError, Resource
from ckanext.tzc.schemas import vocabulary
from sqlalchemy.dialects.postgresql import JSONB

from tzc.harvesting import mapping as rules
from tzc.harvesting import repair

MOST, FILES = 200, 5
"""Characters of a long text, and files of a dataset, that are shown where a mapping is tried."""

Sample = tuple[Record | None, Record]


class Version(tk.BaseModel):
    """A mapping of a source, from when it was saved until the next one."""

    __tablename__ = "tzc_harvesting_mapping"

    source_id = sa.Column(sa.UnicodeText, sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    number = sa.Column(sa.Integer, primary_key=True)
    mapping = sa.Column(JSONB, nullable=False)
    at = sa.Column(sa.DateTime(timezone=True), nullable=False)
    user_id = sa.Column(sa.UnicodeText, sa.ForeignKey("user.id", ondelete="SET NULL"))


def latest(source_id: str) -> Version | None:
    """The mapping in force, if there is one."""
    found: Version | None = model.Session.query(Version).filter_by(source_id=source_id).order_by(Version.number.desc()).first()
    return found


def versions(source_id: str) -> list[Version]:
    """All, the newest first."""
    found: list[Version] = model.Session.query(Version).filter_by(source_id=source_id).order_by(Version.number.desc()).all()
    return found


def save(source_id: str, mapping: dict[str, Any], user_id: str | None) -> Version:
    """A new version; the caller commits. Of two at once, the database refuses one."""
    former = latest(source_id)
    made = Version(source_id=source_id, number=former.number + 1 if former else 1, mapping=mapping, at=dt.datetime.now(dt.timezone.utc), user_id=user_id)
    model.Session.add(made)
    model.Session.flush()
    return made


def touch(source_id: str) -> None:
    """Have the feeds look again at a source's datasets: a trigger notes whose configuration is written, changed or not."""
    table = HarvestSource.__table__
    model.Session.execute(sa.update(table).where(table.c.id == source_id).values(config=table.c.config))


def in_force(source_id: str) -> dict[str, Any]:
    """What a source's mapping says; nothing where it has none."""
    found = latest(source_id)
    return dict(found.mapping) if found else {}


def lists() -> rules.Lists:
    """The portal's own lists."""
    here = territory()
    return _lists(tuple(axis.id for axis in here.axes), tuple(here.commune_names.items()))


@lru_cache(maxsize=4)
def _lists(axes: tuple[str, ...], communes: tuple[tuple[str, str], ...]) -> rules.Lists:
    addresses = {name: {str(entry["code"]): str(entry["uri"]) for entry in vocabulary(name)} for name in ("data-theme", "language", "frequency")}
    codes = tuple(str(entry["code"]) for entry in vocabulary("licence"))
    return rules.Lists(codes, addresses["data-theme"], addresses["language"], addresses["frequency"], axes, dict(communes), columns=tuple(FIELDS))


class Applied(NamedTuple):
    """A record after a mapping, and the axes that its dataset gets."""

    record: Record
    axes: tuple[str, ...]


class LeftOutError(RecordError):
    """A filter of the source's mapping leaves the record out; `filter` is its name."""

    def __init__(self, name: str) -> None:
        super().__init__(left_out(name), "filtered")
        self.filter = name


def left_out(name: str) -> str:
    """Why a filter leaves a record out, in words."""
    words = {"publishers": tk._("only some publishers are taken"), "tags": tk._("only some keywords are taken"), "without_tags": tk._("it has a keyword that is left out")}
    return str(tk._("The source's mapping leaves it out: {why}.")).format(why=words[name])


def apply(record: Record, mapping: Mapping[str, Any]) -> Applied:
    """The record after a mapping, each thing that was done noted. LeftOutError for one that a filter leaves out."""
    if not mapping:
        return Applied(record, ())
    told = rules.mapped(dataclasses.asdict(record), mapping, lists())
    if told.left_out:
        raise LeftOutError(told.left_out)
    if not told.reasons:
        return Applied(record, told.axes)
    fields = {name: told.record[name] for name in ("licence", "themes", "languages", "communes", "frequency", "access")}
    agents = {name: Agent(**told.record[name]) if told.record.get(name) else None for name in ("publisher", "contact")}
    notes = (Note(repair.MAPPED, f"{reason.part}: {reason.came} → {reason.became}"[:200]) for reason in told.reasons)
    resources = tuple(Resource(**file) for file in told.record["resources"])
    return Applied(dataclasses.replace(record, **fields, **agents, resources=resources, notes=(*record.notes, *notes)), told.axes)


# how a mapping looks


class Line(NamedTuple):
    """A field of a dataset: its label, what it says without the mapping, and with it."""

    label: str
    before: str
    after: str


def tried(samples: Iterable[Sample], mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a mapping makes of records (`samples.Sample`): `[{"title", "left_out", "lines": [Line], "reasons": [str]}]`; `left_out` says why a filter leaves it out."""
    found: list[dict[str, Any]] = []
    for plain, record in samples:
        before = _told(Applied(plain, ())) if plain else {}
        entry: dict[str, Any] = {"title": record.title, "left_out": "", "lines": [], "reasons": []}
        try:
            after = apply(record, mapping)
        except LeftOutError as error:
            entry["left_out"] = str(error)
        else:
            now = _told(after)
            if plain is not record:
                before, now = (_of_columns(plain) if plain else {}) | before, _of_columns(record) | now
            entry["lines"] = [Line(label, before.get(label, ""), words) for label, words in now.items()]
            entry["reasons"] = [note.value for note in after.record.notes if note.what == repair.MAPPED]
        found.append(entry)
    return found


def _told(applied: Applied) -> dict[str, str]:
    """What a dataset would say, field by field, in words."""
    record, here = applied.record, territory()
    axes = {axis.id: text(axis.title) for axis in here.axes}
    agent = record.contact
    return {
        tk._("Licence"): label("licence", record.licence),
        tk._("Themes"): ", ".join(label("data-theme", theme) for theme in record.themes),
        tk._("Axes"): ", ".join(axes.get(axis, axis) for axis in applied.axes),
        tk._("Communes"): ", ".join(here.commune_names.get(code, code) for code in record.communes),
        tk._("Publisher"): record.publisher.name if record.publisher else "",
        tk._("Languages"): ", ".join(label("language", address) for address in record.languages),
        tk._("How often it changes"): label("frequency", record.frequency),
        tk._("Access"): label("access-level", record.access),
        tk._("Formats"): ", ".join(dict.fromkeys(file.format for file in record.resources if file.format)),
        tk._("Contact"): ", ".join(filter(None, (agent.name, agent.email, agent.url))) if agent else "",
    }


def _of_columns(record: Record) -> dict[str, str]:
    """What a choice of columns alone changes, in words."""
    periods = (" – ".join(filter(None, (period.start, period.end))) for period in record.periods)
    return {
        tk._("Title"): record.title,
        tk._("Description"): f"{record.description[:MOST]}…" if len(record.description) > MOST else record.description,
        tk._("Web page"): record.address,
        tk._("Keywords"): ", ".join(record.keywords),
        tk._("Published on"): record.issued,
        tk._("Changed on"): record.modified,
        tk._("Places"): ", ".join(record.places),
        tk._("Periods"): ", ".join(periods),
        tk._("Provenance"): record.provenance[:MOST],
        tk._("Documentation"): ", ".join(record.documentation),
        tk._("Files"): ", ".join(f"{file.name} ({file.url})" if file.name else file.url for file in record.resources[:FILES]),
    }


def label(name: str, value: str) -> str:
    """What an entry of a vocabulary is called, by its code or address; the value itself where there is none."""
    for entry in vocabulary(name):
        if value and value in {entry["code"], entry["uri"]}:
            return str(entry["label"].get(language()) or entry["label"]["en"])
    return value


def choices(name: str) -> list[tuple[str, str]]:
    """Codes and labels of one of the portal's lists, for a form."""
    here = territory()
    if name == "axis":
        return [(axis.id, text(axis.title)) for axis in here.axes]
    if name in {"commune", "communes"}:
        return sorted(here.commune_names.items(), key=lambda entry: entry[1])
    files = {"licence": "licence", "theme": "data-theme", "language": "language", "frequency": "frequency", "access_level": "access-level"}
    allowed = lists().of(name) or ()
    return [(str(entry["code"]), label(files[name], str(entry["code"]))) for entry in vocabulary(files[name]) if str(entry["code"]) in allowed]


def as_text(mapping: Mapping[str, Any]) -> str:
    """A mapping as it is compared: the same however its keys are ordered."""
    return json.dumps(mapping, sort_keys=True, ensure_ascii=False)
