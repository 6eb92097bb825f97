"""Asking for scores."""
from __future__ import annotations

from collections import Counter
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa

from tzc.catalogue import quality

from .. import scoring, store, words

MOST = 20
"""Changes of a score that are told."""


@tk.side_effect_free
def tzc_quality_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How well a dataset is described, by data.europa.eu's assessment of 405 points, computed now.

    `id`: the dataset. Returns for everybody who may see it `{"id", "score", "possible", "rating", "dimensions", "not_stated"}`: `rating` is excellent, good, sufficient or
    bad; a dimension is `{"id", "title", "points", "possible"}`; `not_stated` are fields of the form that say nothing. For those who may change it also `criteria`
    (`{"id", "dimension", "title", "points", "possible", "state", "field", "metric"}`, `state` one of reached, missing, waiting, outside), `fixes`, the most points first
    (`{"code", "gain", "words", "field", "resource", "file", "also", "criteria", "url"}`), `links` (`{"resource", "kind", "url", "ok", "status", "reason", "checked", "due"}`)
    and `history`, newest first (`{"score", "rating", "at"}`); times ISO, UTC. Raises ObjectNotFound, NotAuthorized.
    """
    tk.get_or_bust(data_dict, "id")
    tk.check_access("tzc_quality_show", context, data_dict)
    package = scoring.show(data_dict["id"])
    if package.get("type") != "dataset":
        raise tk.ObjectNotFound(tk._("Dataset not found"))
    found, checks = scoring.assess(package)
    shown = {
        "id": package["id"],
        "score": found.score,
        "possible": quality.MOST,
        "rating": found.rating,
        "dimensions": [{"id": name, "title": words.dimension(name), "points": points, "possible": most} for name, (points, most) in found.dimensions().items()],
        "not_stated": quality.not_stated(package, found),
    }
    if not _may_change(context, package["id"]):
        return shown
    return {
        **shown,
        "criteria": [
            {
                "id": criterion.id, "dimension": criterion.dimension, "title": words.criterion(criterion.id), "state": found.states[criterion.id], "field": criterion.field,
                "metric": criterion.metric, "points": criterion.points if found.states[criterion.id] == quality.REACHED else 0, "possible": criterion.points,
            }
            for criterion in quality.CRITERIA
        ],
        "fixes": [_shown_fix(package, fix) for fix in quality.fixes(package, checks, scoring.vocabularies(), found, scoring.forbidden(package["id"]))],
        "links": [
            {
                "resource": row.resource_id, "kind": row.kind, "url": row.url, "ok": row.ok, "status": row.status, "reason": row.reason,
                "checked": row.checked and row.checked.isoformat(), "due": row.due.isoformat(),
            }
            for row in store.links(package["id"])
        ],
        "history": [{"score": row.score, "rating": quality.rating(row.score), "at": row.at.isoformat()} for row in store.history(package["id"], MOST)],
    }  # fmt: skip


def _may_change(context: Any, package_id: str) -> bool:
    try:
        tk.check_access("package_update", tk.fresh_context(context), {"id": package_id})
    except tk.NotAuthorized:
        return False
    return True


def _shown_fix(package: dict[str, Any], fix: quality.Fix) -> dict[str, Any]:
    names = {resource["id"]: tk.h.resource_display_name(resource) for resource in package.get("resources") or []}
    if fix.code == "conformance":
        return {**_told(fix, names), "url": tk.h.url_for("tzc_quality.dataset", name=package["name"], _anchor="rules")}
    if fix.file is None:
        address = tk.h.url_for("dataset.edit", id=package["name"])
    elif fix.file == quality.NEW:
        address = tk.h.url_for("dataset_resource.new", id=package["name"])
    else:
        address = tk.h.url_for("dataset_resource.edit", id=package["name"], resource_id=fix.file)
    return {**_told(fix, names), "url": f"{address}#field-{fix.field}"}


def _told(fix: quality.Fix, names: dict[str, str]) -> dict[str, Any]:
    return {
        "code": fix.code, "gain": fix.gain, "words": words.fix(fix.code), "field": fix.field, "resource": None if fix.file == quality.NEW else fix.file,
        "file": names.get(fix.file or ""), "also": [names[other] for other in fix.also if other in names], "criteria": list(fix.criteria),
    }  # fmt: skip


@tk.side_effect_free
def tzc_quality_summary(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How well the public datasets are described, on average, by their stored scores.

    Returns `{"score", "rating", "datasets", "partners", "axes"}`; the last two are by name: `{"score", "rating", "datasets", "ratings": {rating: number}}`. A partner or axis
    without a scored public dataset is left out.
    """
    tk.check_access("tzc_quality_summary", context, data_dict)
    public = (
        model.Session.query(model.Group.name, store.Score.score, sa.func.count())
        .join(model.Package, model.Package.id == store.Score.package_id)
        .group_by(model.Group.name, store.Score.score)
        .filter(store.Score.score.is_not(None), model.Package.state == "active", model.Package.private.is_(False), model.Package.type == "dataset", model.Group.state == "active")
    )
    partners = _by_name(public.join(model.Group, model.Group.id == model.Package.owner_org))
    of_axis = public.join(model.Member, model.Member.table_id == model.Package.id).join(model.Group, model.Group.id == model.Member.group_id)
    axes = _by_name(of_axis.filter(model.Member.table_name == "package", model.Member.state == "active", model.Group.is_organization.is_(False), model.Group.type == "group"))
    every = sum(partners.values(), Counter())
    return {**_average(every), "partners": {name: _average(scores) for name, scores in partners.items()}, "axes": {name: _average(scores) for name, scores in axes.items()}}


def _by_name(rows: Any) -> dict[str, Counter[int]]:
    """How many datasets have which score, by name."""
    found: dict[str, Counter[int]] = {}
    for name, score, count in rows.order_by(model.Group.name):
        found.setdefault(name, Counter())[score] = count
    return found


def _average(scores: Counter[int]) -> dict[str, Any]:
    datasets = scores.total()
    if not datasets:
        return {"score": None, "rating": None, "datasets": 0, "ratings": {}}
    mean = round(sum(score * count for score, count in scores.items()) / datasets)
    ratings = {name: sum(count for score, count in scores.items() if quality.rating(score) == name) for name in quality.RATINGS}
    return {"score": mean, "rating": quality.rating(mean), "datasets": datasets, "ratings": ratings}
