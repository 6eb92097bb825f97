"""Pages of meters: one's own, groups of a dataset, the register."""
from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from flask import Response, request

from .. import erasing
from ..blueprint import sensors
from . import connecting, consenting, own, store, words

__all__ = ["sensors"]

FIELDS = ("energy", "number", "label", "partner", "purpose", "group", "until", "accept")
MOST_UPLOAD = 40_000_000


def _signed_in() -> Any:
    """None for somebody with an account; others sign in first and come back. All here is the person's own."""
    headers.keep_private()
    return None if tk.current_user.is_authenticated else tk.redirect_to("user.login", came_from=tk.h.current_url())


def _call(action: str, **data: Any) -> Any:
    try:
        return tk.get_action(action)({"user": tk.current_user.name}, data)
    except tk.ObjectNotFound as error:
        return tk.abort(404, str(error))
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))


def _form() -> dict[str, Any]:
    """What was filled in; of the words those that stood with the purpose that was chosen."""
    version = request.form.get(f"version-{request.form.get('purpose', '')}", "")
    return {"version": version, **{field: request.form[field] for field in FIELDS if request.form.get(field)}}


@sensors.route("/compte/compteurs", methods=["GET", "POST"])
def meters() -> Any:
    """One's meters, and what is asked."""
    if (first := _signed_in()) is not None:
        return first
    errors: dict[str, list[str]] = {}
    if consenting.homes() is None:
        return tk.render("sensors/homes/closed.html"), 404
    if request.method == "POST":
        try:
            if request.form.get("act") == "connect":
                return tk.redirect_to(_call("tzc_meter_connect", **_form())["address"])
            made = _call("tzc_meter_create", **_form())
        except tk.ValidationError as error:
            errors = error.error_dict
        else:
            tk.h.flash_success(tk._("Your meter is noted. Now give its file."))
            return tk.redirect_to("tzc_sensors.meter", number=made["id"])
    page = tk.render(
        "sensors/homes/meters.html",
        {
            "meters": _call("tzc_meter_list"), "consents": _call("tzc_consent_list"), "purposes": own.purposes(), "groups": _call("tzc_meter_group_list"), "errors": errors,
            "typed": _form(), "connects": connecting.is_open(), "partners": _partners(), "latest": _latest(),
        },
    )  # fmt: skip
    return page, 400 if errors else 200


def _partners() -> list[dict[str, Any]]:
    """Partners whose site one may name."""
    found: list[dict[str, Any]] = tk.get_action("organization_list_for_user")({"user": tk.current_user.name}, {"permission": "read"})
    return [] if tk.current_user.sysadmin else found


def _latest() -> str:
    """The latest day that a consent may hold."""
    return (store.local_now().date() + dt.timedelta(days=min(purpose.most_days for purpose in consenting.purposes().values()))).isoformat()


def _mine(number: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in _call("tzc_meter_list") if one["id"] == number]
    return found[0] if found else tk.abort(404, tk._("You have no such meter."))  # type: ignore[no-any-return] -- it raises


@sensors.route("/compte/compteurs/<int:number>", methods=["GET", "POST"])
def meter(number: int) -> Any:
    """One meter: its curve, files, consents."""
    if (first := _signed_in()) is not None:
        return first
    found, errors, act, taken = _mine(number), {}, request.form.get("act", ""), None
    if request.method == "POST":
        try:
            taken, said = _act(act, number)
        except tk.ValidationError as error:
            errors = error.error_dict
        else:
            if taken is None:
                tk.h.flash_success(said)
                return tk.redirect_to("tzc_sensors.meter", number=number) if _still(number) else tk.redirect_to("tzc_sensors.meters")
            found = _mine(number)
    try:
        curve = _call("tzc_meter_curve", id=number, month=request.args.get("mois"))
    except tk.ValidationError:
        return tk.abort(400, tk._("Give a month, as year-month."))
    groups = [one for one in _call("tzc_meter_group_list") if one["energy"] == found["energy"]]
    row = store.meter(number)
    assert row is not None, "it was there just now"
    page = tk.render(
        "sensors/homes/meter.html",
        {
            "meter": found, "curve": curve, "purposes": own.purposes(), "groups": groups, "errors": errors, "act": act, "taken": taken, "typed": _form(), "latest": _latest(),
            "trouble": _trouble(found), "drawn": own.chart(tk.current_user.name, row, request.args), "holds": erasing.holding(row.source),
        },
    )  # fmt: skip
    return page, 400 if errors else 200


def _act(act: str, number: int) -> tuple[dict[str, Any] | None, str]:
    """What a button does: what a file came to, else None; and what is said of it on the next page."""
    if act == "upload":
        upload = request.files.get("upload")
        body = upload.stream.read(MOST_UPLOAD + 1) if upload else b""
        taken: dict[str, Any] = _call("tzc_meter_upload", id=number, upload=io.BytesIO(body))
        return taken, ""
    if act == "withdraw":
        return None, own.gone_words(_call("tzc_consent_withdraw", id=request.form.get("consent", "")))
    if act == "remove":
        return None, own.gone_words(_call("tzc_meter_remove", id=number))
    if act == "consent":
        _call("tzc_consent_give", **{**_form(), "meter": number})
    return None, str(tk._("Saved."))


def _still(number: int) -> bool:
    return any(one["id"] == number for one in _call("tzc_meter_list"))


def _trouble(found: dict[str, Any]) -> str:
    return words.fault(found["trouble"]) if found["trouble"] else ""


@sensors.route("/compte/compteurs/retour", methods=["GET", "POST"])
def connected() -> Any:
    """Back from the grid operator: a page with a button; the button finishes."""
    if (first := _signed_in()) is not None:
        return first
    given = {name: request.values[name] for name in ("state", "autorisation_id") if request.values.get(name)}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = _call("tzc_meter_connected", **given)
        except tk.ValidationError as error:
            errors = error.error_dict
        else:
            tk.h.flash_success(tk._("Your meter is connected. Its curve comes within a day."))
            return tk.redirect_to("tzc_sensors.meter", number=made["id"])
    return tk.render("sensors/homes/connected.html", {"given": given, "errors": errors, "refused": request.args.get("error", "")}), 400 if errors else 200


@sensors.route("/compte/compteurs/<int:number>/donnees.csv")
def meter_csv(number: int) -> Any:
    """The curve, to take along."""
    if (first := _signed_in()) is not None:
        return first
    _mine(number)
    row = store.meter(number)
    assert row is not None
    # three years of one meter are some megabytes
    return Response("\ufeff" + "".join(own.as_csv(row)), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename=compteur-{row.last}.csv"})


@sensors.route("/compte/compteurs/donnees.json")
def own_json() -> Any:
    """All else that is kept of oneself here, to take along."""
    if (first := _signed_in()) is not None:
        return first
    body = json.dumps(own.bundle(tk.current_user.id), ensure_ascii=False, indent=1)
    return Response(body, mimetype="application/json", headers={"Content-Disposition": "attachment; filename=compteurs.json"})


@sensors.route("/dataset/groupes/<name>", methods=["GET", "POST"])
def groups_of(name: str) -> Any:
    """Groups of a dataset, for who may add files to it."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=tk.h.current_url())
    found, errors = _call("tzc_meter_group_list", dataset=name), {}
    package = _call("package_show", id=name)
    typed = {field: request.form.get(field, "") for field in ("title", "about", "energy", "rule", "until")}
    if request.method == "POST":
        try:
            if request.form.get("act") in ("open", "close"):
                _call("tzc_meter_group_update", id=request.form.get("id", ""), open=request.form["act"] == "open")
            else:
                _call("tzc_meter_group_create", dataset=package["id"], **typed)
        except tk.ValidationError as error:
            errors = error.error_dict
        else:
            tk.h.flash_success(tk._("Saved."))
            return tk.redirect_to("tzc_sensors.groups_of", name=name)
    page = tk.render("sensors/homes/groups.html", {"pkg_dict": package, "pkg": package, "groups": found, "errors": errors, "typed": typed, "policies": policies()})
    return page, 400 if errors else 200


def policies() -> list[dict[str, Any]]:
    """Thresholds with their sources, to be read beside what they hide."""
    from ckanext.tzc.schemas import vocabulary

    return list(vocabulary("secrecy-policy"))


@sensors.route("/consentements")
def consent_register() -> Any:
    """The register of consents by purpose, for administrators."""
    headers.keep_private()
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", came_from=tk.h.current_url())
    counts = model.Session.query(store.Meter).count()
    return tk.render("sensors/homes/register.html", {"entries": _call("tzc_consent_register"), "policies": policies(), "meters": counts})
