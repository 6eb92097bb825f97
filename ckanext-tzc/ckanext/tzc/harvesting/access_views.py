"""The page on which a source's editors give what its server asks for: kept sealed, with the partner's other credentials."""
from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.common.headers import keep_private
from flask import Blueprint

from tzc.catalogue import addresses
from tzc.feeding.definition import FIELDS
from tzc.hosts import host_of

from . import reports, sources, views

access = Blueprint("tzc_harvest_access", __name__)

OWN = "moisson-{}-{}"
"""What the credential is called that this page makes, by the source's name and the beginning of its id: no other source's is called so."""


def _acts(act: str, package: Any, host: str) -> None:
    """Do what a button asks for. Raises ValidationError, NotAuthorized, ObjectNotFound."""
    form, own = tk.request.form, OWN.format(package.name[:60], package.id[:8])
    if act in {"keep", "seal"}:
        _refuse_plain(package)
    kept = {"partner": package.owner_org, "host": host, "name": own}
    if act == "keep":
        kind = form.get("kind", "")
        fields = FIELDS[kind] if kind in sources.CREDENTIALS else ()
        _call("tzc_credential_set", **kept, kind=kind, **{field: form.get(field, "") for field in fields})
        _use(package, own)
    elif act == "seal":
        _call("tzc_credential_set", **kept, **_lying_open(package))
        _use(package, own)
    elif act == "use":
        _use(package, form.get("name", ""))
    elif act == "forget":
        used = _settings(package).get("credential")
        _use(package, "")
        if used == own:
            _call("tzc_credential_remove", partner=package.owner_org, name=own)


def _refuse_plain(package: Any) -> None:
    """Nothing is kept that could not be used."""
    if urlsplit(package.url).scheme.lower() != "https" and _settings(package).get("allow_internal") is not True:
        raise tk.ValidationError({"url": [tk._("A key or a password goes by https only: give this source an address that begins with https://, on its page “Describe”.")]})


def _call(action: str, **data: Any) -> Any:
    return tk.get_action(action)(views._context(), data)


def _settings(package: Any) -> dict[str, Any]:
    return sources.settings(HarvestSource.get(package.id).config)


def _use(package: Any, name: str) -> None:
    """Name a credential in the source's configuration, or none; no other secret stays there, nor in its address."""
    kept = {key: value for key, value in _settings(package).items() if key not in {"api_key", "credential"}}
    config = json.dumps({**kept, "credential": name} if name else kept, ensure_ascii=False)
    _call("harvest_source_patch", id=package.id, config=config, url=addresses.without_login(package.url))


def _lying_open(package: Any) -> dict[str, str]:
    """The secret that a source's configuration or address holds, as a credential; nothing where there is none."""
    if key := _settings(package).get("api_key"):
        return {"kind": "bearer", "token": key}
    user, password = sources.login(package.url)
    return {"kind": "basic", "user": user, "password": password} if user else {}


def _named(errors: dict[str, list[str]]) -> dict[str, list[str]]:
    """Mistakes with the names of their fields: three small forms stand on the page, and the list on top is read alone."""
    names = {"user": tk._("User"), "password": tk._("Password"), "token": tk._("Token or API key"), "header": tk._("Name of the header"), "value": tk._("Its value")}
    return {field: [f"{names[field]}{tk._(': ')}{words}" for words in messages] if field in names else messages for field, messages in errors.items()}


@access.route("/harvest/<name>/acces", methods=["GET", "POST"])
def page(name: str) -> Any:
    """What the server of a source asks for."""
    keep_private()
    package = views._source(name)
    source = reports.standing(package)
    host = host_of(addresses.without_login(package.url))
    if not source["ours"] or not host:
        tk.abort(404, tk._("There is no such page."))
    act, errors = tk.request.form.get("act", ""), {}
    locked = sources.allows_internal(HarvestSource.get(package.id).config) and not tk.current_user.sysadmin
    if tk.request.method == "POST":
        if locked:
            tk.abort(403, tk._("This source may lead into the internal network: only administrators change what it shows."))
        try:
            _acts(act, package, host)
        except tk.ValidationError as error:
            errors = _named(error.error_dict)
        except (tk.NotAuthorized, tk.ObjectNotFound) as error:
            errors = {"act": [str(error)]}
        else:
            said = tk._("Nothing is shown to the server any more.") if act == "forget" else tk._("Saved. The next run uses it: a dry run tells whether the server lets us in.")
            tk.h.flash_success(said)
            return tk.redirect_to("tzc_harvest_access.page", name=package.name)
    held = _call("tzc_credential_list", partner=package.owner_org) if package.owner_org else []
    fitting = [one for one in held if one["host"] == host and one["kind"] in sources.CREDENTIALS]
    used = _settings(package).get("credential", "")
    more = {"host": host, "fitting": fitting, "named": used, "open": bool(_lying_open(package)), "locked": locked}
    more["used"] = next((one for one in fitting if one["name"] == used), None)
    typed = {field: tk.request.form.get(field, "") for field in ("kind", "user", "header")} if errors else {}
    return tk.render("harvesting/access.html", {"source": source, "errors": errors, "act": act, "typed": typed, **more}), 400 if errors else 200
