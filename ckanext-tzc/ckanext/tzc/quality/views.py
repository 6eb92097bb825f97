"""The page of a dataset's quality."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint

from . import rules

quality = Blueprint("tzc_quality", __name__)


@quality.route("/dataset/quality/<name>")
def dataset(name: str) -> Any:
    """What an editor can do for a dataset's description."""
    try:
        package = tk.get_action("package_show")({"for_view": True}, {"id": name})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("Dataset not found"))
    try:
        tk.check_access("package_update", {}, {"id": package["id"]})
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only those who may edit a dataset see how to better its description."))
    shown = tk.get_action("tzc_quality_show")({}, {"id": package["id"]})
    return tk.render("quality/dataset.html", {"pkg": package, "quality": shown, "rules": rules.of(package["id"], [fix["field"] for fix in shown["fixes"]])})
