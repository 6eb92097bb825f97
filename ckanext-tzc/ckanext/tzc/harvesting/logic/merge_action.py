"""Two datasets that are the same become one: looked at, proposed, answered, done and undone."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.bounds import offset_and_limit

from .. import doubles, merges, merging
from ..engine import unindexed

Values = dict[str, Any]
MOST = 100


def _account(context: Values) -> Any:
    return model.User.get(context.get("user") or "")


def _pair(name: str, context: Values, data_dict: Values) -> tuple[Any, Any, Any]:
    """Two datasets that are proposed as the same, and who asks: somebody who decides about one of them and sees both. To anybody else there is no such pair.

    Where they are merged, or somebody proposes it, both partners know of the two already: a proposal is answered and taken back though the other dataset is hidden since.
    """
    tk.check_access(name, context, data_dict)
    user = _account(context)
    given = [tk.get_or_bust(data_dict, key) for key in ("one", "other")]
    found = [model.Package.get(one) if isinstance(one, str) else None for one in given]
    one, other = found
    missing = tk.ObjectNotFound(tk._("There is no such pair, or it is not for you to see."))
    if user is None or one is None or other is None or one.id == other.id or {one.type, other.type} != {"dataset"}:
        raise missing
    first, second = sorted((one.id, other.id))
    if model.Session.get(doubles.Double, (first, second)) is None or not (merging.may(one, user) or merging.may(other, user)):
        raise missing
    if merges.of_pair(one.id, other.id) is None and not (_sees(one, user) and _sees(other, user)):
        raise missing
    return one, other, user


def _sees(package: Any, user: Any) -> bool:
    """Also one that was withdrawn: it was known before."""
    if merging.may(package, user) or package.id in merges.withdrawn([package.id]):
        return True
    try:
        tk.check_access("package_show", {"user": user.name}, {"id": package.id})
    except tk.NotAuthorized:
        return False
    return True


def _side(package: Any, other: Any, user: Any) -> Values:
    own = merging.own_files(other, package) if _sees(package, user) and _sees(other, user) else []
    return {**_short(package, user), "may": merging.may(package, user), "own_files": own}


def _short(package: Any, user: Any) -> Values:
    """What is told of a dataset; to who does not see it any more, not what it is."""
    partner, seen = model.Group.get(package.owner_org) if package.owner_org else None, _sees(package, user)
    title = (package.title or package.name) if seen else tk._("A dataset that is not in the catalogue any more")
    told = {"id": package.id, "name": package.name if seen else "", "title": title, "partner": (partner.title or partner.name) if partner else "", "state": package.state}
    origin = tk.h.tzc_harvest_origin({"id": package.id}) if seen else None
    files = sum(file.state == "active" for file in package.resources_all) if seen else 0
    known = {"source": origin["title"] if origin else "", "missing": origin["missing"] if origin else "", "left_out": origin["left_out"] if origin else "", "files": files}
    return {**told, **known, "modified": package.metadata_modified.isoformat() if seen else None}


def _told(row: merges.Merge | None) -> Values | None:
    if row is None:
        return None
    people = {name: model.User.get(identifier) for name, identifier in (("asked_by", row.asked_by), ("merged_by", row.merged_by)) if identifier}
    return {
        "state": row.state, "kept": row.kept_id, "withdrawn": row.withdrawn_id, "files": list(row.files), "added": dict(row.added),
        "asked_by": people["asked_by"].name if people.get("asked_by") else None, "asked_at": row.asked_at.isoformat(),
        "merged_by": people["merged_by"].name if people.get("merged_by") else None, "merged_at": row.merged_at.isoformat() if row.merged_at else None,
    }  # fmt: skip


@tk.side_effect_free
def tzc_harvest_double_show(context: Values, data_dict: Values) -> Values:
    """Two datasets (`one`, `other`: ids or names) that seem to be the same, for who decides about one of them.

    Returns `{"one", "other", "merge"}`. A side is `{"id", "name", "title", "partner", "state", "source", "files", "modified", "may", "own_files": [{"id", "name", "url", "format",
    "open"}]}`; `source` is the title of the source that it was harvested from, or empty, `files` how many it has. `merge` is None or `{"state": "asked" or "merged", "kept",
    "withdrawn", "files", "added", "asked_by", "asked_at", "merged_by", "merged_at"}`. Raises ObjectNotFound.
    """
    one, other, user = _pair("tzc_harvest_double_show", context, data_dict)
    return {"one": _side(one, other, user), "other": _side(other, one, user), "merge": _told(merges.of_pair(one.id, other.id))}


def tzc_harvest_double_merge(context: Values, data_dict: Values) -> Values:
    """Merge two datasets (`one`, `other`): the one named by `keep` stays, the other is withdrawn. `files`: ids of files that only the other has and that are taken along.

    Done at once for who decides about both; else the other partner is asked. Returns what `tzc_harvest_double_show` gives as `merge`; with `unindexed` true the index did not
    answer, and search shows it later (so also the two below). Raises ObjectNotFound, ValidationError.
    """
    one, other, user = _pair("tzc_harvest_double_merge", context, data_dict)
    keep = data_dict.get("keep")
    kept = next((package for package in (one, other) if keep in {package.id, package.name}), None)
    if kept is None:
        raise tk.ValidationError({"keep": [tk._("Name the one of the two that stays.")]})
    leaving = other if kept is one else one
    files = _files(data_dict.get("files"), kept, leaving)
    return _done(lambda: (merging.merge if merging.may(one, user) and merging.may(other, user) else merging.ask)(kept, leaving, files, user))


def _files(given: Any, kept: Any, leaving: Any) -> list[str]:
    wanted = given if isinstance(given, list) else [given] if given else []
    possible = {file["id"] for file in merging.own_files(kept, leaving) if file["open"]}
    if any(not isinstance(file, str) or file not in possible for file in wanted):
        raise tk.ValidationError({"files": [tk._("Only files that the other dataset alone has, and that everybody may have, are taken along.")]})
    return list(dict.fromkeys(wanted))


def _orderly(work: Any) -> Any:
    """What cannot be done now is told as CKAN tells it."""
    try:
        return work()
    except merging.MergeError as error:
        raise tk.ValidationError({"merge": [str(error)]}) from error


def _done(work: Any) -> Values:
    row = _orderly(work)
    return {**(_told(row) or {}), **unindexed.told([row.kept_id, row.withdrawn_id])}


def _merge_of(one: Any, other: Any, state: str) -> merges.Merge:
    row = merges.of_pair(one.id, other.id)
    if row is None or row.state != state:
        words = {merges.ASKED: tk._("No proposal about the two waits."), merges.MERGED: tk._("They are not merged.")}
        raise tk.ValidationError({"merge": [words[state]]})
    return row


def tzc_harvest_double_answer(context: Values, data_dict: Values) -> Values:
    """Answer a proposal to merge two datasets (`one`, `other`): `agree` true by who decides about the other partner's; false by them, or by who proposed it, who takes it back.

    Returns `{"agreed"}`. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    one, other, user = _pair("tzc_harvest_double_answer", context, data_dict)
    row = _merge_of(one, other, merges.ASKED)
    agreed = _truth(data_dict, "agree")
    author = model.User.get(row.asked_by) if row.asked_by else None
    own = [package for package in (one, other) if merging.may(package, user)]
    more: Values = {}
    if agreed:
        if len(own) < 2 and all(author is not None and merging.may(package, author) for package in own):
            raise tk.NotAuthorized(tk._("The other partner says yes, not who proposed it."))
        _done(lambda: merging.agree(row, user))
        more = unindexed.told([one.id, other.id])
    else:
        _orderly(lambda: merging.drop(row, user))
    return {"agreed": agreed, **more}


def _truth(data_dict: Values, name: str) -> bool:
    value = tk.get_or_bust(data_dict, name)
    if str(value).lower() not in {"true", "false"}:
        raise tk.ValidationError({name: [tk._("True or false.")]})
    return str(value).lower() == "true"


def tzc_harvest_double_undo(context: Values, data_dict: Values) -> Values:
    """Take a merge of two datasets (`one`, `other`) back: the one that was withdrawn is there again. By who decides about it, so that its partner can always have it back.

    Returns `{"restored"}`, its id. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    one, other, user = _pair("tzc_harvest_double_undo", context, data_dict)
    row = _merge_of(one, other, merges.MERGED)
    leaving = one if one.id == row.withdrawn_id else other
    if not merging.may(leaving, user):
        raise tk.NotAuthorized(tk._("Who decides about the dataset that was withdrawn brings it back."))
    identifier, ids = leaving.id, [one.id, other.id]
    _orderly(lambda: merging.undo(row, user))
    return {"restored": identifier, **unindexed.told(ids)}


@tk.side_effect_free
def tzc_harvest_merges(context: Values, data_dict: Values) -> Values:
    """Merges, and proposals that wait, of datasets of the asker's partners (all, for an administrator), those that wait first; `limit` (20, at most 100), `offset`.

    Returns `{"count", "merges": [{"one", "other", "merge"}]}`, see `tzc_harvest_double_show`. Raises NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_harvest_merges", context, data_dict)
    offset, limit = offset_and_limit(data_dict, 20)
    if limit > MOST:
        raise tk.ValidationError({"limit": [tk._("At most {most} at once.").format(most=MOST)]})
    user = _account(context)
    partners = None if user.sysadmin else user.get_group_ids("organization", capacity="editor") + user.get_group_ids("organization", capacity="admin")
    rows, count = merges.of_accounts_partners(partners, limit, offset)
    return {"count": count, "merges": [_listed(row, user) for row in rows]}


def _listed(row: merges.Merge, user: Any) -> Values:
    one, other = (_short(model.Package.get(identifier), user) for identifier in (row.kept_id, row.withdrawn_id))
    return {"one": one, "other": other, "merge": _told(row)}
