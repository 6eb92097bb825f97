"""What templates may ask about licences."""
from __future__ import annotations

from itertools import pairwise
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import checks
from ckanext.tzc.common.territory import text
from ckanext.tzc.schemas import vocabulary

from tzc.rights import licences, policy, requests

from . import columns, queues, records, registry, request_words, single_columns, sources, store, terms, words


def tzc_licence_words(code: str) -> dict[str, list[str]]:
    """What a licence lets one do, asks for and forbids, in plain words: `{"may": […], "must": […], "may_not": […]}`."""
    return words.plain(code)


def tzc_licence_choices_of_sources() -> list[dict[str, Any]]:
    """The licences that a source may have, those of this portal first: `{"code", "label"}`."""
    return [{"code": code, "label": registry.label(code)} for code in registry.offered_first(list(registry.registry()))]


def tzc_source_names(values: Any) -> list[str]:
    """What a dataset is derived from, as the form shows it: datasets by their name, which may have changed since."""
    shown = []
    for value in filter(None, tk.h.tzc_list(values)):
        found = None if sources.is_address(value) else sources.dataset(value, _asker())
        shown.append(found.name if found else value)
    return shown


def tzc_derived(package: dict[str, Any]) -> dict[str, Any] | None:
    """What a dataset is made of, and whether its licence is allowed by that: `{"sources", "status", "reasons", "question"}`; None where it states no source. Of one that comes from
    another catalogue, where its licence was chosen, that is not judged.

    A source is `{"title", "url", "label"}`, a reason `{"words", "clause", "url", "label"}`; `question` is what the page of combinations is asked to say what fits.
    """
    values = tk.h.tzc_list(package.get("was_derived_from"))
    if not values:
        return None
    made_of = sources.stated(values, _asker())
    known = registry.registry()
    chosen = package.get("license_id") or sources.UNSTATED
    judged = not checks.is_harvested(package)
    verdict = licences.judge([known.get(code, licences.Licence(code)) for code in sorted({source.licence for source in made_of})], known.get(chosen, licences.Licence(chosen)))
    return {
        "sources": [{"title": source.title, "url": source.url, "label": registry.label(source.licence) if judged or source.name else ""} for source in made_of],
        "status": verdict.status if judged else "allowed",
        "reasons": [
            {"words": words.reason(reason, chosen), "clause": words.clause(reason), "label": registry.label(reason.source), "url": words.clause_address(reason)}
            for reason in verdict.reasons
        ],
        "question": {"dataset": [source.name for source in made_of if source.name], "licence": sorted({source.licence for source in made_of if not source.name})},
    }  # fmt: skip


def tzc_earlier_licences(package: dict[str, Any]) -> list[dict[str, Any]]:
    """The licences that a dataset was under before, the newest first: `{"label", "until"}`."""
    rows = store.history(package["id"])
    return [{"label": registry.label(row.licence), "until": later.since} for later, row in pairwise(rows)]


def tzc_purposes() -> list[dict[str, str]]:
    """What data may be asked for: `{"code", "label", "help"}`."""
    return [{"code": entry["code"], "label": text(entry["label"]), "help": text(entry["help"])} for entry in vocabulary("purpose")]


def tzc_days(count: Any) -> str:
    """So many days, as people say it: two years rather than 730 days."""
    return request_words.days(int(count))


def tzc_move(name: str) -> str:
    """What the button of a move says."""
    return request_words.move(name)


def tzc_requests_to_decide() -> int:
    """How many requests wait for the decision of who is signed in, in their own name or in somebody's place."""
    user = tk.current_user
    return queues.waiting(user, 0, 0)[0] if user and user.is_authenticated else 0


def tzc_own_request(package: dict[str, Any]) -> dict[str, Any] | None:
    """The reader's latest request for a dataset: `{"id", "label", "over"}`; `over` where it leads to nothing any more. None for strangers."""
    if not (tk.current_user and tk.current_user.is_authenticated):
        return None
    found = (
        model.Session.query(records.Part.state, records.Part.request)
        .join(records.Request, records.Request.id == records.Part.request)
        .join(records.Covered, records.Covered.part == records.Part.id)
        .filter(records.Request.requester == tk.current_user.id, records.Covered.dataset == package["id"])
        .order_by(records.Request.created.desc())
        .first()
    )
    if found is None:
        return None
    waiting = (requests.DRAFT, requests.SUBMITTED, requests.CHANGES_REQUESTED, requests.UNDER_REVIEW, requests.APPEALED, requests.SUSPENDED)
    return {"id": found.request, "label": request_words.state(found.state), "over": found.state not in waiting}


def tzc_own_right(package: dict[str, Any]) -> dict[str, Any] | None:
    """The reader's right to a dataset that lasts longest of those in force: `{"grant", "ends", "kept", "some", "columns"}`; None without one.

    `kept` where a renewal that waits keeps it so long at most; `some` where it is not for all files; `columns`: `{"name", "have", "of"}` of files of which it is for some columns.
    """
    if not (tk.current_user and tk.current_user.is_authenticated):
        return None
    at, kept = records.now(), records.kept_until(records.Grant.dataset)
    there = (records.Grant.account == tk.current_user.id, records.Grant.dataset == package["id"], records.Grant.live, records.Grant.begins <= at)
    query = model.Session.query(records.Grant, kept).join(records.Part, records.Part.id == records.Grant.part).filter(*there)
    found = [(policy.until(grant.ends, beyond), grant) for grant, beyond in query.filter(sa.or_(records.Grant.ends > at, kept > at))]
    if not found:
        return None
    ends, grant = max(found, key=lambda one: one[0])
    tables = single_columns.of_tables(list(grant.columns))
    names = {file["id"]: file.get("name") or file["id"] for file in package.get("resources") or []}
    some = [{"name": names.get(file, file), "have": len(chosen), "of": len(tables.get(file, chosen))} for file, chosen in grant.columns.items()]
    return {"grant": grant.id, "ends": ends.isoformat(), "kept": ends > grant.ends, "some": bool(grant.resources), "columns": some}


def tzc_columns_before(resource: dict[str, Any]) -> dict[str, Any] | None:
    """What a reader of a file's page is told of its columns before having its data: `{"columns", "sample"}` of `tzc_table_dictionary`; None where that is nothing."""
    found = columns.told(resource)
    return {"columns": found, "sample": columns.sample(resource, found)} if found else None


def tzc_tells_columns(resource: dict[str, Any]) -> bool:
    """Whether there may be something to tell, without a question to the database."""
    return columns.tells(resource)


def tzc_may_set_terms(partner: str) -> bool:
    """Whether the reader sets the terms of a partner (its id)."""
    return bool(tk.current_user and tk.current_user.is_authenticated and terms.may_set(tk.current_user, partner))


def _asker() -> dict[str, Any]:
    return {"user": tk.current_user.name if tk.current_user and tk.current_user.is_authenticated else ""}
