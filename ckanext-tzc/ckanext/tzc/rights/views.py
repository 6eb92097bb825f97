"""The pages of licences: what each means, and what may be combined under which."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from flask import Blueprint, request

from tzc.rights.licences import STATUSES

from . import registry, words
from .file_views import asking
from .terms_views import partner_terms

__all__ = ["asking", "partner_terms", "rights"]

rights = Blueprint("tzc_rights", __name__)
rights.after_app_request(headers.store_nowhere)


@rights.before_app_request
def keep_answers_to_accounts_private() -> None:
    """An answer of the API to an account may hold what is only for that account; of data, the doors say so, but CKAN asks none for administrators."""
    if not tk.current_user.is_authenticated:
        return
    place = request.endpoint or ""
    gives_data = place.startswith(("datastore.", "file.")) or place.endswith("resource.download")
    if place.startswith("api.") or (gives_data and tk.current_user.sysadmin):
        headers.keep_private()


@rights.route("/licences")
def licences() -> Any:
    """What one may, must and may not do under each licence."""
    every = [_shown(code) for code in registry.offered_first(list(registry.registry()))]
    groups = [
        (tk._("Licences that are offered here"), [licence for licence in every if registry.is_offered(licence["code"])]),
        (tk._("Licences of other catalogues"), [licence for licence in every if not registry.is_offered(licence["code"])]),
    ]
    return tk.render("rights/licences.html", {"groups": [(heading, licences) for heading, licences in groups if licences]})


def _shown(code: str) -> dict[str, Any]:
    return {**registry.entry(code), "name": registry.label(code), "text": registry.address(code), **words.plain(code)}


@rights.route("/licences/combine")
def combine() -> Any:
    """Which licences data may be published under that are made of data under those which are chosen."""
    chosen, datasets = request.args.getlist("licence"), request.args.getlist("dataset")
    found, errors = None, []
    if any(chosen) or any(datasets):
        try:
            found = tk.get_action("tzc_licence_combine")({}, {"licences": chosen, "datasets": datasets})
        except tk.ValidationError as error:
            errors = [message for messages in error.error_dict.values() for message in messages]
    by_status = [(status, words.status(status), [one for one in found["licences"] if one["status"] == status]) for status in STATUSES] if found else []
    return tk.render("rights/combine.html", {"chosen": chosen, "datasets": [name for name in datasets if name], "found": found, "by_status": by_status, "errors": errors})
