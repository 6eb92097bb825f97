"""The page of a dataset's sources: what they are, their keys, what last came and what was not taken."""
from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from flask import request

from tzc.sensors import definition, pulls

from .blueprint import sensors

ACTS = {
    "make": "tzc_sensor_source_create", "change": "tzc_sensor_source_update", "remove": "tzc_sensor_source_remove", "allow": "tzc_sensor_source_allow",
    "pull": "tzc_sensor_source_pull", "key": "tzc_sensor_key_create", "revoke": "tzc_sensor_key_revoke",
}  # fmt: skip
"""Buttons of the page."""

TEXTS = ("id", "kind", "name", "address", "cron", "topics", "format", "credential", "ca", "signature", "days", "key", "allowed", "internal")
ARRIVALS = 10
ASKED = tuple(kind.code for kind in pulls.PULLED)
"""Kinds that the portal asks."""


def _call(action: str, **data: Any) -> Any:
    try:
        return tk.get_action(action)({"user": tk.current_user.name}, data)
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))


def _given(act: str) -> dict[str, Any]:
    """What the form says, as the action reads it. What is emptied is empty, and a box that is not ticked says no. Raises ValidationError for a mapping that is no JSON."""
    given: dict[str, Any] = {field: request.form[field] for field in TEXTS if field in request.form}
    if act == "change":
        given["paused"] = "paused" in request.form
    if act in ("make", "change") and "mapping" in request.form:
        text = request.form["mapping"].strip()
        try:
            given["mapping"] = json.loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            raise tk.ValidationError({"mapping": [tk._("The mapping is no JSON: {detail}").format(detail=str(error)[:100])]}) from error
    if act in ("make", "change") and "settings" in request.form:
        if given.get("kind") in ASKED:
            # the format that can be chosen is that of a broker's messages
            given.pop("format", None)
        given.update(_settings(request.form["settings"].strip()))
    return given


def _settings(text: str) -> dict[str, Any]:
    """The fields of a kind's own, as JSON. Raises ValidationError."""
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise tk.ValidationError({"settings": [tk._("The settings are no JSON: {detail}").format(detail=str(error)[:100])]}) from error
    if not isinstance(found, dict) or not set(found) <= set(pulls.MORE):
        odd = ", ".join(sorted(map(str, set(found) - set(pulls.MORE)))) if isinstance(found, dict) else text[:100]
        raise tk.ValidationError({"settings": [tk._("These are no settings of a source: {names}").format(names=odd)]})
    return found


@sensors.route("/dataset/capteurs/<name>", methods=["GET", "POST"])
def sources(name: str) -> Any:
    """Where a dataset's observations come from, for who may change its files."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=tk.h.current_url())
    _call("tzc_sensor_source_list", dataset=name)
    package = _call("package_show", id=name)
    act, errors, made = request.form.get("act", ""), {}, None
    if request.method == "POST" and act in ACTS:
        try:
            made = _call(ACTS[act], **{"dataset": package["id"], **_given(act)})
        except tk.ValidationError as error:
            errors = {name: words for name, words in error.error_dict.items() if name not in pulls.MORE or name == "format"}
            # what is wrong with a setting stands at the settings, with its name
            odd = [f"{name} – {' '.join(words)}" for name, words in error.error_dict.items() if name not in errors]
            errors.update({"settings": odd} if odd else {})
        if not errors and act != "key":
            tk.h.flash_success(tk._("Saved."))
            return tk.redirect_to("tzc_sensors.sources", name=name)
    found = [_whole(row["id"]) for row in _call("tzc_sensor_source_list", dataset=name)]
    page = tk.render(
        "sensors/sources.html",
        {
            "pkg_dict": package, "pkg": package, "sources": found, "errors": errors, "act": act, "which": request.form.get("id", ""),
            "made": made if act == "key" and not errors else None, "typed": {field: request.form.get(field, "") for field in (*TEXTS, "mapping", "settings")},
            "kinds": [*(kind for kind in ("push", "ttn", "chirpstack", "mqtt") if kind in definition.KINDS), *ASKED], "formats": definition.FORMATS, "administrator":
            tk.current_user.sysadmin,
        },
    )  # fmt: skip
    return page, 400 if errors else 200


def _whole(id_: str) -> dict[str, Any]:
    """A source with its keys and what last came, and its mapping as text."""
    row = _call("tzc_sensor_source_show", id=id_)
    kind = definition.KINDS.get(row["kind"])
    fields = (*kind.needs, *kind.takes) if kind is not None else ()
    mapping = json.dumps(row["mapping"], indent=1, ensure_ascii=False) if row.get("mapping") else ""
    settings = {name: row[name] for name in kind.more if name in row and name != "credential"} if kind is not None and kind.scheduled else {}
    if kind is not None and kind.scheduled:
        fields = (*(field for field in fields if field not in kind.more), "cron", "settings")
    told = {"settings_text": json.dumps(settings, indent=1, ensure_ascii=False) if settings else "", "asked": bool(kind and kind.scheduled)}
    return {**row, **told, "fields": fields, "sends": bool(kind and kind.keys), "mapping_text": mapping, "arrivals": _call("tzc_sensor_arrival_list", id=id_, limit=ARRIVALS)}
