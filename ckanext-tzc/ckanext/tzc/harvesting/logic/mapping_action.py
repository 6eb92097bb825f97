"""A source's mapping, and what may be there twice."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.common.bounds import offset_and_limit
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import language
from ckanext.tzc.harvesters.http import FetchError
from sqlalchemy.exc import IntegrityError

from tzc.harvesting import mapping as rules

from .. import columns, doubles, mappings, samples, sources
from ..engine import store


def _source(context: dict[str, Any], data_dict: dict[str, Any], action: str) -> Any:
    tk.check_access(action, context, data_dict)
    name = tk.get_or_bust(data_dict, "source")
    package = model.Package.get(name) if isinstance(name, str) and "\0" not in name else None
    if package is None or package.type != sources.TYPE:
        raise tk.ObjectNotFound(tk._("Harvest source not found"))
    return package


def _shown(version: mappings.Version | None) -> dict[str, Any]:
    if version is None:
        return {"version": 0, "mapping": {}, "at": None, "by": None}
    user = model.User.get(version.user_id) if version.user_id else None
    return {"version": version.number, "mapping": dict(version.mapping), "at": version.at.isoformat(), "by": user.name if user else None}


def _checked(given: Any, package: Any) -> dict[str, Any]:
    try:
        mapping = rules.checked(given, mappings.lists())
    except rules.MappingError as error:
        raise tk.ValidationError({"mapping": [f"{mistake.key}: {mistake.text(language())}" for mistake in error.mistakes]}) from error
    if "columns" in mapping and not columns.has(package.id):
        raise tk.ValidationError({"mapping": ["columns: " + tk._("only a table of datasets has columns")]})
    return mapping


@tk.side_effect_free
def tzc_harvest_mapping_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """The mapping of a source: `source` (id or name), `version` (the one in force without it).

    Returns `{"version", "mapping", "at", "by"}`; version 0 and an empty mapping where there is none. Raises NotAuthorized, ObjectNotFound.
    """
    package = _source(context, data_dict, "tzc_harvest_mapping_show")
    if data_dict.get("version") is None:
        return _shown(mappings.latest(package.id))
    number = whole_number(data_dict["version"], least=0, digits=9)
    found = next((version for version in mappings.versions(package.id) if version.number == number), None)
    if found is None and number != 0:
        raise tk.ObjectNotFound(tk._("There is no such version."))
    return _shown(found)


@tk.side_effect_free
def tzc_harvest_mapping_versions(context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """All versions of a source's mapping, the newest first, each as `tzc_harvest_mapping_show` gives it. Raises NotAuthorized, ObjectNotFound."""
    package = _source(context, data_dict, "tzc_harvest_mapping_versions")
    return [_shown(version) for version in mappings.versions(package.id)]


@tk.side_effect_free
def tzc_harvest_mapping_try(context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """What a `mapping` would make of three datasets of the `source`; nothing is kept.

    Returns `[{"title", "left_out", "lines": [[label, before, after]], "reasons"}]`. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    package = _source(context, data_dict, "tzc_harvest_mapping_try")
    mapping = _checked(data_dict.get("mapping"), package)
    return mappings.tried(samples.seen(package.id, mapping).samples, mapping)


def tzc_harvest_mapping_sample(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Ask a `source` for three of its records, on which its mapping is tried until there was a run; a plan that waits has its own.

    Returns `{"samples"}`, how many came; of a table of datasets also `columns`, which field each of its columns fills as things stand. Raises NotAuthorized, ObjectNotFound,
    ValidationError (also where the source cannot be asked, with the reason).
    """
    package = _source(context, data_dict, "tzc_harvest_mapping_sample")
    source = HarvestSource.get(package.id)
    if source is None or not source.active or package.state != "active":
        raise tk.ValidationError({"source": [tk._("The source is deleted. Take it back first, on the page that describes it.")]})
    if not sources.is_ours(source.type):
        raise tk.ValidationError({"source": [tk._("Another program harvests sources of this kind: they have no mapping.")]})
    if store.open_run(package.id) is not None:
        raise tk.ValidationError({"source": [tk._("A run waits or is under way already.")]})
    try:
        came = samples.ask(package.id)
    except FetchError as error:
        # the columns of a table that cannot be read yet are what its mapping is made of
        model.Session.commit()
        raise tk.ValidationError({"source": [str(error)]}) from error
    model.Session.commit()
    if not came:
        raise tk.ValidationError({"source": [tk._("No record came that can be read. A dry run tells of each record why.")]})
    of_table = columns.shown(package.id, mappings.in_force(package.id).get("columns", {}))
    return {"samples": came, **({"columns": {column["name"]: column["field"] for column in of_table["columns"]}} if of_table else {})}


def tzc_harvest_mapping_update(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Save a source's `mapping` as a new version; `before` may name the version (its number, 0 for none) that it was made from, and is refused where there is a newer one.

    Returns what `tzc_harvest_mapping_show` gives; a mapping that says what the one in force says makes no new version. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    package = _source(context, data_dict, "tzc_harvest_mapping_update")
    mapping = _checked(data_dict.get("mapping"), package)
    former = mappings.latest(package.id)
    before = data_dict.get("before")
    newer = tk.ValidationError({"before": [tk._("Somebody saved another version meanwhile: look at it first.")]})
    if before is not None:
        number = whole_number(before, least=0, digits=9)
        if number is None:
            words = tk._("The number of the version that this one was made from (0 where there was none), or nothing at all to save it whatever there is.")
            raise tk.ValidationError({"before": [words]})
        if number != (former.number if former else 0):
            raise newer
    if mappings.as_text(mapping) == mappings.as_text(former.mapping if former else {}):
        return _shown(former)
    user = model.User.get(context.get("user") or "")
    try:
        made = mappings.save(package.id, mapping, user.id if user else None)
        if rules.redistributed(mapping) != rules.redistributed(former.mapping if former else {}):
            mappings.touch(package.id)
        model.Session.commit()
    except IntegrityError as error:
        model.Session.rollback()
        raise newer from error
    return _shown(made)


@tk.side_effect_free
def tzc_harvest_doubles(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Datasets of a `source` that are perhaps there twice, those that nobody decided about first; `limit` (20, at most 100), `offset`.

    Returns `{"count", "open", "doubles"}`; one is `{"mine", "other", "score", "reason", "words", "decision", "by", "at"}`, `mine` and `other` `{"id", "name", "title", "partner",
    "source", "identifier", "files", "modified"}`: `source` is the title of the source that it was harvested from, or empty, `files` how many it has.
    Pairs whose other dataset the reader may not see are left out. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    package = _source(context, data_dict, "tzc_harvest_doubles")
    offset, limit = offset_and_limit(data_dict, 20)
    if limit > doubles.MOST:
        raise tk.ValidationError({"limit": [tk._("At most {most} at once.").format(most=doubles.MOST)]})
    return doubles.of_source(package.id, context.get("user") or "", limit, offset)


def tzc_harvest_double_decide(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """Say whether two datasets (`one`, `other`: ids) are the same: `decision` is `same`, `different`, or empty to take an answer back. `source` is that of one of them.

    Returns `{"one", "other", "decision"}`. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    package = _source(context, data_dict, "tzc_harvest_double_decide")
    decision = data_dict.get("decision") or None
    if decision not in {None, *doubles.DECISIONS}:
        raise tk.ValidationError({"decision": [tk._("One of: same, different, or nothing.")]})
    pair = [str(tk.get_or_bust(data_dict, name)) for name in ("one", "other")]
    user = model.User.get(context.get("user") or "")
    if not doubles.decide(package.id, pair[0], pair[1], decision, user):
        raise tk.ObjectNotFound(tk._("There is no such pair of this source."))
    model.Session.commit()
    return {"one": pair[0], "other": pair[1], "decision": decision}
