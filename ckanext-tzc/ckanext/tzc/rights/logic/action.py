"""Asking under which licences data may be published."""
from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.territory import territory

from tzc.rights import licences

from .. import registry, sources, store, words

MOST = 50
"""Sources that one question may name."""


@tk.side_effect_free
def tzc_licence_combine(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Under which licences data made of others may be published, by the rules of docs/rights.md.

    `licences`: codes of the sources' licences; `datasets`: ids or names of sources that the asker may see; either or both, 50 at most. Returns `{"sources", "licences"}`.
    A source is `{"licence", "label", "dataset", "title"}` (the last two empty for a licence given as such).
    A licence is `{"licence", "label", "url", "offered", "status", "reasons"}`: `offered` says whether the form of this portal has it, `status` is allowed, ask (the texts do
    not settle it, or nobody here knows a source's terms) or refused. A reason is `{"rule", "source", "datasets", "clause", "url", "words"}`: the source's licence, titles of the
    sources under it, where its text says so, where that is read, and a sentence.
    Raises ValidationError.
    """
    tk.check_access("tzc_licence_combine", context, data_dict)
    codes, names, errors = _texts(data_dict, "licences"), _texts(data_dict, "datasets"), {}
    known = registry.registry()
    if codes is None or names is None:
        errors["licences" if codes is None else "datasets"] = [tk._("Give a list of texts.")]
    elif not codes and not names:
        errors["licences"] = [tk._("Say what the data are made of: codes of licences (licences), or datasets (datasets).")]
    elif len(codes) + len(names) > MOST:
        errors["licences"] = [tk._("At most {most} sources can be asked about at once.").format(most=MOST)]
    elif unknown := [code for code in codes if code not in known]:
        errors["licences"] = [tk._("“{code}” is no licence of this portal. There are: {codes}.").format(code=code[:80], codes=", ".join(known)) for code in unknown]
    if errors:
        raise tk.ValidationError(errors)
    asked = {"user": context.get("user", ""), "ignore_auth": bool(context.get("ignore_auth"))}
    found = {name: sources.dataset(name, asked) for name in names or ()}
    if missing := [name for name, source in found.items() if source is None]:
        raise tk.ValidationError({"datasets": [tk._("There is no dataset “{name}” that you may see.").format(name=name[:80]) for name in missing]})
    of_licences = [sources.Source(code, "") for code in codes or ()]
    return _answer([*of_licences, *(source for source in found.values() if source)])


def _texts(data_dict: dict[str, Any], key: str) -> list[str] | None:
    """A list of texts, each once; None for what is none."""
    value = data_dict.get(key) or []
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return None
    return list(dict.fromkeys(one.strip() for one in values if one.strip()))


def _answer(made_of: list[sources.Source]) -> dict[str, Any]:
    verdicts = {one.licence: one for one in licences.combine((source.licence for source in made_of), registry.registry())}
    return {
        "sources": [{"licence": source.licence, "label": registry.label(source.licence), "dataset": source.id, "title": source.title} for source in made_of],
        "licences": [
            {
                "licence": code, "label": registry.label(code), "url": registry.address(code), "offered": registry.is_offered(code), "status": verdicts[code].status,
                "reasons": [_shown(reason, code, made_of) for reason in verdicts[code].reasons],
            }
            for code in registry.offered_first(list(verdicts))
        ],
    }  # fmt: skip


def _shown(reason: licences.Reason, chosen: str, made_of: list[sources.Source]) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "source": reason.source,
        "datasets": [source.title for source in made_of if source.licence == reason.source and source.title],
        "clause": words.clause(reason),
        "url": words.clause_address(reason),
        "words": words.reason(reason, chosen),
    }


@tk.side_effect_free
def tzc_licence_history(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Which licences a dataset was under since it was published: what was taken from it keeps that of its day.

    `id`: the dataset; `at`: a day or a moment (ISO 8601; of a day its end counts, where the territory is), or nothing. Returns `{"id", "licences", "at"}`: licences are
    `{"licence", "label", "since", "until", "exact"}`, the newest first, times in UTC, `until` None for the one in force; `exact` is false where it was in force before anything was
    written down. `at` is the code of the licence in force then, None before the first. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    tk.get_or_bust(data_dict, "id")
    tk.check_access("tzc_licence_history", context, data_dict)
    package = tk.get_action("package_show")({"user": context.get("user", ""), "ignore_auth": bool(context.get("ignore_auth"))}, {"id": data_dict["id"]})
    rows = store.history(package["id"])
    ends = [None, *(row.since for row in rows)]
    moment = _moment(data_dict["at"]) if data_dict.get("at") else None
    return {
        "id": package["id"],
        "licences": [
            {"licence": row.licence, "label": registry.label(row.licence), "since": _utc(row.since), "until": _utc(end) if end else None, "exact": row.exact}
            for row, end in zip(rows, ends, strict=False)
        ],
        "at": next((row.licence for row in rows if row.since <= moment), None) if moment else None,
    }  # fmt: skip


def _moment(value: Any) -> dt.datetime:
    here = ZoneInfo(territory().timezone)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
            return dt.datetime.combine(dt.date.fromisoformat(value), dt.time.max, here)
        found = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        words = tk._("“{value}” is no date: write a day such as 2026-11-28, or a moment such as 2026-11-28T10:00:00Z.")
        raise tk.ValidationError({"at": [words.format(value=str(value)[:80])]}) from error
    return found if found.tzinfo else found.replace(tzinfo=here)


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.timezone.utc).isoformat()
