"""Actions of the catalogue room."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ckan.lib.dictization.model_dictize as model_dictize
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckan.lib.search import SearchError
from ckanext.tzc.catalogue import search, withheld
from ckanext.tzc.common.numbers import whole_number
from ckanext.tzc.common.territory import territory
from flask import has_request_context

from . import saving

Action = Callable[[dict[str, Any], dict[str, Any]], Any]


@tk.chained_action
def package_create(original: Action, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """As CKAN's; with `state: draft` it stays a draft, also for whoever may not change the state of other datasets."""
    saving.check(data_dict)
    if data_dict.get("state") == "draft":
        context["allow_state_change"] = True
    return original(context, data_dict)


@tk.chained_action
def package_update(original: Action, context: dict[str, Any], data_dict: dict[str, Any]) -> Any:
    """As CKAN's, `package_patch` too, which calls it; what would be dropped without a word is refused."""
    saving.check(data_dict)
    return original(context, data_dict)


@tk.chained_action
@tk.side_effect_free
def package_search(original: Callable[..., dict[str, Any]], context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's; when no dataset has the words, what they may be misspellings of is looked for, then datasets that have one of them.

    The answer then has `tzc_instead`: `{"q": what was looked for, "any": whether one of its words was enough}`. A question in Solr's own
    syntax that Solr cannot read is taken as words.
    """

    def ask(**other: str) -> dict[str, Any]:
        return original(dict(context), {**data_dict, **other})

    question = data_dict.get("q")
    words = search.words(question)
    try:
        found = ask()
    except SearchError as error:
        if words is not None or not question:
            raise _in_words(error) from error
        words = search.without_signs(question)
        try:
            found = ask(q=words)
        except SearchError as again:
            raise _in_words(again) from again
    if found["count"] or not words or "mm" in data_dict:
        return found
    for other in search.second_tries(words):
        again = ask(**other)
        if again["count"]:
            again["tzc_instead"] = {"q": other["q"], "any": "mm" in other}
            if has_request_context():
                # CKAN's search page hands its template nothing but results and facets
                tk.g.tzc_instead = again["tzc_instead"]
            return again
    return found


def _in_words(error: SearchError) -> SearchError:
    """The same error without the question that Solr was asked, which tells how the index is made."""
    return type(error)(tk._("This search cannot be read: look at the brackets and quotes of q, fq and sort."))


@tk.chained_action
@tk.side_effect_free
def resource_search(original: Callable[..., dict[str, Any]], context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """As CKAN's, without files whose addresses are not for who asks; they are not counted either, as a count would tell whether an address was guessed."""
    if context.get("search_query") or context.get("ignore_auth"):
        return original(context, data_dict)
    try:
        found = original({**context, "search_query": True}, _without_bounds(data_dict))
    except SearchError as error:
        raise tk.ValidationError({"query": [str(error)]}) from error
    files = withheld.found_by(context.get("user") or "", found["results"])
    return {"count": len(files), "results": model_dictize.resource_list_dictize(_within_bounds(files, data_dict), context)}


@tk.chained_action
@tk.side_effect_free
def package_list(original: Callable[..., list[str]], context: dict[str, Any], data_dict: dict[str, Any]) -> list[str]:
    """As CKAN's, without archived datasets."""
    archived = model.Session.query(model.Package.id, model.Package.name).filter(model.Package.extras["archived"].astext.is_not(None)).all()
    if not archived:
        return original(context, data_dict)
    left_out = {value for row in archived for value in row}
    return _within_bounds([value for value in original(context, _without_bounds(data_dict)) if value not in left_out], data_dict)


@tk.chained_action
@tk.side_effect_free
def tag_list(original: Callable[..., Any], context: dict[str, Any], data_dict: dict[str, Any]) -> list[Any]:
    """As CKAN's, without keywords that only datasets have which a stranger may not see."""
    found: list[Any] = original(context, data_dict)
    return found if context.get("ignore_auth") else _keywords_in_public(found)


@tk.chained_action
@tk.side_effect_free
def tag_autocomplete(original: Callable[..., Any], context: dict[str, Any], data_dict: dict[str, Any]) -> list[Any]:
    """The same."""
    return _keywords_in_public(original(context, data_dict))


@tk.chained_action
@tk.side_effect_free
def tag_search(original: Callable[..., Any], context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """The same; what is left out is not counted either."""
    found = _keywords_in_public(original(context, _without_bounds(data_dict))["results"])
    return {"count": len(found), "results": _within_bounds(found, data_dict)}


def _keywords_in_public(found: list[Any]) -> list[Any]:
    """Those of some keywords (names, or dicts with one) that a public dataset has."""
    names = [keyword if isinstance(keyword, str) else keyword["name"] for keyword in found]
    public = (
        model.Session.query(model.Tag.name).join(model.PackageTag, model.PackageTag.tag_id == model.Tag.id).join(model.Package, model.Package.id == model.PackageTag.package_id)
        .filter(model.Tag.name.in_(names), model.PackageTag.state == "active", model.Package.state == "active", model.Package.private.is_(False))
    )  # fmt: skip
    kept = {name for (name,) in public} if names else set()
    return [keyword for keyword, name in zip(found, names, strict=True) if name in kept]


def _without_bounds(data_dict: dict[str, Any]) -> dict[str, Any]:
    """A question about all: what is left out of an answer must be known before it is cut."""
    return {key: value for key, value in data_dict.items() if key not in {"limit", "offset"}}


def _within_bounds(found: list[Any], data_dict: dict[str, Any]) -> list[Any]:
    """The part of what was found that `offset` and `limit` ask for."""
    begin, most = (_whole_number(data_dict, name) for name in ("offset", "limit"))
    return found[begin or 0 :][:most]


def _whole_number(data_dict: dict[str, Any], name: str) -> int | None:
    given = data_dict.get(name)
    if given in (None, ""):
        return None
    found = whole_number(given, digits=9)
    if found is None:
        raise tk.ValidationError({name: [tk._("Please write a whole number, from 0 up.")]})
    return found


def tzc_axes_apply(context: dict[str, Any], data_dict: dict[str, Any]) -> list[str]:
    """Make or bring up to date the groups of the territory's axes and levers.

    :returns: the names of the groups that were made or changed
    """
    tk.check_access("tzc_axes_apply", context, data_dict)
    place = territory()
    first = place.languages[0]
    changed = []
    for axis in place.axes:
        wanted = {"name": axis.id, "title": axis.title[first], "description": axis.description[first], "kind": axis.kind}
        group = model.Group.get(axis.id)
        own = {"user": context.get("user"), "ignore_auth": True}
        if group is None:
            tk.get_action("group_create")(own, wanted)
        else:
            now = tk.get_action("group_show")({**own}, {"id": axis.id, "include_users": False, "include_datasets": False})
            if group.state == "active" and all(now.get(field) == value for field, value in wanted.items()):
                continue
            tk.get_action("group_patch")(own, {"id": axis.id, "state": "active", **wanted})
        changed.append(axis.id)
    return changed
