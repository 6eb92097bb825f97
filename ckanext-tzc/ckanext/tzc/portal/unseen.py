"""To whoever may not see a dataset, the API says what it says of one that is not there: the name of a confidential dataset is a secret too."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, request

from .api_errors import refusal

unseen = Blueprint("tzc_unseen", __name__)

LONGEST_NAME = 200
LOOKED_AT = 20
"""Values of a question in which names are looked for."""


@unseen.after_app_request
def as_if_unknown(response: Response) -> Response:
    """One answer for what is hidden and what is not there."""
    if request.blueprint != "api" or response.status_code not in {403, 404} or "logic_function" not in (request.view_args or {}):
        return response
    if response.status_code == 403 and not any(_is_hidden(name) for name in _names()):
        return response
    answer = refusal(404, "Not Found Error", tk._("There is nothing of this name, or it is not for you to see."))
    answer.headers.extend({name: value for name, value in response.headers if name.startswith("Access-Control-")})
    return answer


def _names() -> list[str]:
    """Whatever may be the name or id of something in what was asked."""
    body = request.get_json(silent=True) if request.is_json else None
    given: list[Any] = [*request.args.values(), *request.form.values(), *(body.values() if isinstance(body, dict) else [])]
    return [value for value in given[:LOOKED_AT] if isinstance(value, str) and len(value) <= LONGEST_NAME]


def _is_hidden(name: str) -> bool:
    file = model.Resource.get(name)
    package = model.Package.get(file.package_id if file else name)
    return package is not None and not tk.h.check_access("package_show", {"id": package.id})
