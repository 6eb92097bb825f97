"""The page of what was recorded."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, request

from . import seeing, taking

audit = Blueprint("tzc_audit", __name__)
audit.after_app_request(taking.record)

ASKED = ("dataset", "partner", "person", "kind", "from", "to")


@audit.route("/journal")
def journal() -> Any:
    """What was done with rights and data, as far as the reader may see it."""
    if not tk.current_user.is_authenticated:
        return tk.redirect_to("user.login", next=request.full_path.rstrip("?"))
    asked = {name: request.args.get(name, "").strip() for name in ASKED}
    found, errors, status = {"entries": [], "older": False}, [], 200
    try:
        found = tk.get_action("tzc_audit_list")({}, {**asked, "before": request.args.get("before", "")})
    except tk.ValidationError as error:
        errors, status = [message for messages in error.error_dict.values() for message in messages], 400
    except tk.ObjectNotFound as error:
        errors, status = [str(error)], 404
    page = tk.render("audit/journal.html", {"asked": asked, "entries": found["entries"], "older": found["older"], "names": seeing.names(found["entries"]), "errors": errors})
    return page, status, {"Cache-Control": "private, no-store"}
