"""To whoever may not see a dataset, the API says what it says of one that is not there: the name of a confidential dataset is a secret too."""
from __future__ import annotations

import re
from collections.abc import Iterable

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, request

from .api_errors import refusal

unseen = Blueprint("tzc_unseen", __name__)

OF_OTHERS = re.compile(r"user|api_token|followee|^activity_")
"""Actions whose `id` is an account's, or of a past state that only who was told of it can name."""
OF_ACCOUNTS = re.compile(r"^user_(activity_list|update|patch|delete|invite)$|^api_token_|^(organization_|group_)?member_(create|delete)$")
"""Actions about an account, whose refusal would tell whether it is there."""
ACCOUNTS = ("id", "user", "user_id", "username", "object")
"""Where they name it."""
LONGEST_NAME = 200
NAMED = ("id", "dataset", "dataset_id", "package_id", "resource", "resource_id")
"""Where a question names what it is about."""


@unseen.after_app_request
def as_if_unknown(response: Response) -> Response:
    """One answer for what is hidden and what is not there: a refusal stays one only where it is about something that the asker sees."""
    if request.blueprint != "api" or "logic_function" not in (request.view_args or {}):
        return response
    if _tells_of_account(response):
        return refusal(403, "Authorization Error", tk._("You may not do this for another account, if there is one of this name."))
    # of accounts, those that are there and those that are not are refused alike
    refused = response.status_code == 403 and not OF_OTHERS.search(request.view_args["logic_function"]) and not all(map(_is_seen, _names()))
    if not (refused or response.status_code == 404 or (response.status_code == 409 and _says_not_found(response))):
        return response
    answer = refusal(404, "Not Found Error", tk._("There is nothing of this name, or it is not for you to see."))
    answer.headers.extend({name: value for name, value in response.headers if name.startswith("Access-Control-")})
    return answer


def _tells_of_account(response: Response) -> bool:
    """Whether this refuses what the asker may not do for another account, in words that depend on whether it is there."""
    if not OF_ACCOUNTS.search((request.view_args or {})["logic_function"]) or getattr(tk.current_user, "sysadmin", False):
        return False
    if not (response.status_code in {403, 404} or (response.status_code == 409 and _says_not_found(response))):
        return False
    own = set() if tk.current_user.is_anonymous else {tk.current_user.name, tk.current_user.id}
    named = [name for name in _names(ACCOUNTS) if name not in own]
    groups = [group for group in map(model.Group.get, named) if group is not None]
    # who looks after the members is told that there is no such account
    return bool(named) and not any(tk.h.check_access("organization_update" if group.is_organization else "group_update", {"id": group.id}) for group in groups)


def _names(keys: Iterable[str] = NAMED) -> list[str]:
    """Whatever the question says it is about."""
    body = request.get_json(silent=True) if request.is_json else None
    given = [values.get(key) for values in (request.args, request.form, body if isinstance(body, dict) else {}) for key in keys]
    return [value[:LONGEST_NAME] for value in given if isinstance(value, str)]


def _is_seen(name: str) -> bool:
    """Whether it is a dataset, a file, a partner or an axis that the asker sees."""
    file = model.Resource.get(name)
    package = model.Package.get(file.package_id if file else name)
    if package is not None:
        return bool(tk.h.check_access("package_show", {"id": package.id}))
    group = model.Group.get(name)
    return group is not None and group.state == model.State.ACTIVE


def _says_not_found(response: Response) -> bool:
    """CKAN's validators say so of what is not there, in the reader's language."""
    error = (response.get_json(silent=True) or {}).get("error") or {}
    said = [words for messages in error.values() if isinstance(messages, list) for words in messages if isinstance(words, str)]
    return any(words.startswith((f"{tk._('Not found')}: ", "Resource not found: ")) for words in said)
