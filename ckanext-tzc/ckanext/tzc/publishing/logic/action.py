"""Actions of the publishing room."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk

from tzc.publishing import validation
from tzc.publishing.mapping import file_subject

from .. import feeds, intake_words, received, store, validating
from ..world import base


@tk.side_effect_free
def tzc_publishing_status(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How the feeds stand.

    Returns `{"datasets", "changed", "waiting"}`: how many public datasets they hold, when a fragment was last made (ISO 8601, None before the first), how many changes wait
    for their job.
    """
    tk.check_access("tzc_publishing_status", context, data_dict)
    at = feeds.state()
    return {"datasets": feeds.numbers(feeds.WHOLE, at).datasets, "changed": at.changed and at.changed.isoformat(), "waiting": store.waiting()}


MOST = 100
"""Datasets of one answer."""


@tk.side_effect_free
def tzc_publishing_intake(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What a portal that harvests our national feed makes of the datasets that one may change: all for administrators, those of one's partners for editors.

    `portal`: `data.gouv.fr` (when nothing is said) or `data.europa.eu`. `status`: `taken`, `loss` or `refused`; without it those with loss and refused ones. `limit`
    (1–100, 50), `offset`. Returns `{"portal", "counts": {status: number}, "count", "reachable", "datasets"}`, refused ones first: `{"id", "name", "title", "identifier",
    "status", "reasons"}`; a reason is `{"code", "field", "value", "file", "refuses", "words", "url"}`. `reachable`: whether the portal's own address is a public one; its
    own addresses are judged as if it were. Raises NotAuthorized, ValidationError.
    """
    tk.check_access("tzc_publishing_intake", context, data_dict)
    asked = _intake_question(data_dict)
    every = received.own(asked["portal"], _organisations(context))
    counts = {status: sum(one.verdict.status == status for one in every) for status in ("taken", "loss", "refused")}
    wanted = [asked["status"]] if asked["status"] else ["refused", "loss"]
    shown = [one for status in wanted for one in every if one.verdict.status == status]
    some = shown[asked["offset"] : asked["offset"] + asked["limit"]]
    packages = {package.id: package for package in model.Session.query(model.Package).filter(model.Package.id.in_([one.id for one in some]))}
    return {
        "portal": asked["portal"], "counts": counts, "count": len(shown), "reachable": received.address_fault() is None,
        "datasets": [_shown(one, packages[one.id]) for one in some if one.id in packages],
    }  # fmt: skip


def _intake_question(data_dict: dict[str, Any]) -> dict[str, Any]:
    portal, status = data_dict.get("portal") or received.NATIONAL, data_dict.get("status") or ""
    errors: dict[str, list[str]] = {}
    if portal not in {received.NATIONAL, received.EUROPEAN}:
        errors["portal"] = [tk._("There are {names}.").format(names=f"{received.NATIONAL}, {received.EUROPEAN}")]
    if status not in {"", "taken", "loss", "refused"}:
        errors["status"] = [tk._("There are {names}.").format(names="taken, loss, refused")]
    numbers = {}
    for name, usual, least, most in (("limit", 50, 1, MOST), ("offset", 0, 0, 10**9)):
        stated = str(data_dict.get(name, usual))
        if not (stated.isascii() and stated.isdigit() and least <= int(stated[:12]) <= most):
            errors[name] = [tk._("A whole number from {least} to {most}.").format(least=least, most=most)]
        else:
            numbers[name] = int(stated)
    if errors:
        raise tk.ValidationError(errors)
    return {"portal": portal, "status": status, **numbers}


def _organisations(context: Any) -> list[str] | None:
    """Whose datasets one may change; None for all."""
    user = model.User.get(context.get("user"))
    if context.get("ignore_auth") or (user is not None and user.sysadmin):
        return None
    return [one["id"] for one in tk.get_action("organization_list_for_user")(tk.fresh_context(context), {"permission": "update_dataset"})]


def _shown(one: received.Judged, package: Any) -> dict[str, Any]:
    form = tk.h.url_for("dataset.edit", id=package.name)
    resources = {resource.name: resource.id for resource in package.resources}
    fields = (tk.h.scheming_get_dataset_schema(package.type) or {"dataset_fields": []})["dataset_fields"]
    in_form = {field["field_name"] for field in fields if field.get("form_snippet", "") is not None}

    def address(field: str, file: str) -> str | None:
        """Where it is mended; None where no form has the field."""
        if field == "resources":
            return str(tk.h.url_for("dataset_resource.new", id=package.name)) + "#field-url"
        if resources.get(file):
            return str(tk.h.url_for("dataset_resource.edit", id=package.name, resource_id=resources[file])) + f"#field-{field}"
        return f"{form}#field-{field}" if field in in_form else None

    reasons = [
        {
            "code": reason.code, "field": reason.field, "value": reason.value, "file": reason.file, "refuses": reason.weight != "lost", "words": intake_words.reason(reason),
            "url": address(reason.field, reason.file),
        }
        for reason in one.verdict.reasons
    ]  # fmt: skip
    return {"id": package.id, "name": package.name, "title": package.title or package.name, "identifier": one.verdict.identifier, "status": one.verdict.status, "reasons": reasons}


@tk.side_effect_free
def tzc_publishing_validation(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What our SHACL profile said last of a published dataset's RDF, for those who may change it.

    `id`: the dataset. Returns `{"id", "validated", "conforms", "present", "results"}`: when it was looked at (ISO 8601), whether nothing is forbidden, whether that is its
    present state; all None before the first look, and for what is not public. A result is `{"severity", "path", "focus", "value", "words", "field", "resource", "file",
    "url"}`: `severity` is violation, warning or info; `field` of a form, with `url`, where one mends it; `resource` and `file` are a file's id and name. Raises
    ObjectNotFound, NotAuthorized.
    """
    tk.check_access("tzc_publishing_validation", context, data_dict)
    package = model.Package.get(data_dict["id"])
    if package is None or package.type != "dataset":
        raise tk.ObjectNotFound(tk._("Dataset not found"))
    found = validating.said(package.id)
    if found is None:
        return {"id": package.id, "validated": None, "conforms": None, "present": None, "results": []}
    resources = {file_subject({**resource.extras, "id": resource.id}, package.id, base()).value: resource for resource in package.resources}
    results = [_shown_result(package, resources.get(result["file"]), result) for result in found.results]
    return {"id": package.id, "validated": found.validated.isoformat(), "conforms": found.conforms, "present": found.present, "results": results}


def _shown_result(package: Any, resource: Any, result: dict[str, Any]) -> dict[str, Any]:
    field = result["field"]
    if field not in validation.OF_FILE:
        form = tk.h.url_for("dataset.edit", id=package.name)
    elif resource is None:
        form = tk.h.url_for("dataset_resource.new", id=package.name)
    else:
        form = tk.h.url_for("dataset_resource.edit", id=package.name, resource_id=resource.id)
    return {
        **{name: result[name] for name in ("severity", "path", "focus", "value", "field")}, "words": validating.words(result),
        "resource": resource and resource.id, "file": resource and (resource.name or resource.id), "url": f"{form}#field-{field}" if field else None,
    }  # fmt: skip
