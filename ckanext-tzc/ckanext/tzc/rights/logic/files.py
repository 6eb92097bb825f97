"""Files of requests and of their threads."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.numbers import whole_number

from .. import attachments, life, records
from .requests import _all_or_nothing, _asker, _done, _find, _one, _sees


def tzc_request_file_add(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Attach a file to a request: to the request itself, or to an own message of its thread.

    `id`: the request; `upload`: the file (multipart/form-data), a PDF, an office document, a picture or a text of 10 MB at most, 10 a request; `message`: number of the own
    message that it belongs to; `part`: where it is for one partner only. Whoever may write into the thread attaches. Returns it as `tzc_request_file_list` does.
    Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    user = _asker(context, "tzc_request_file_add")
    request, parts = _find(user, data_dict)
    with _all_or_nothing():
        message, part = _message(user, request, data_dict), _one(data_dict, "part")
        mine = _seen(user, request, parts)
        row = attachments.attach(user, request, mine, (message.part or "") if message else part, message.id if message else None, data_dict.get("upload"))
    _done(context)
    return attachments.shown(row, user, parts)


def _message(user: Any, request: records.Request, data_dict: dict[str, Any]) -> records.Message | None:
    if data_dict.get("message") in (None, ""):
        return None
    number = whole_number(data_dict["message"])
    found = model.Session.get(records.Message, number) if number is not None else None
    if found is None or found.request != request.id or found.by != user.id or found.move:
        raise life.invalid("message", tk._("There is no such message of yours."))
    return found


@tk.side_effect_free
def tzc_request_file_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """The files of a request (`id`) that the asker may have, the oldest first: `{"id", "name", "media", "size", "sha256", "message", "part", "by", "at", "url", "yours",
    "stays"}`.

    `url` gives the file, as an attachment; what `stays` cannot be taken back, as it was decided on. Raises ObjectNotFound, NotAuthorized.
    """
    user = _asker(context, "tzc_request_file_list")
    request, parts = _find(user, data_dict)
    return [attachments.shown(row, user, parts) for row in attachments.of(request, _seen(user, request, parts))]


def tzc_request_file_remove(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Take back a file that the asker attached, before it is decided on the request. `id`: the request; `file`: the file. Returns it. Raises ObjectNotFound, NotAuthorized,
    ValidationError.
    """
    user = _asker(context, "tzc_request_file_remove")
    request, parts = _find(user, data_dict)
    mine = _seen(user, request, parts)
    row = attachments.find(data_dict.get("file"), request, mine)
    if row.by != user.id:
        raise tk.NotAuthorized(tk._("Only who attached a file takes it back."))
    answer = attachments.shown(row, user, parts)
    with _all_or_nothing():
        attachments.remove(user, request, mine, row)
    _done(context)
    return answer


def _seen(user: Any, request: records.Request, parts: list[records.Part]) -> list[records.Part]:
    """The parts whose messages somebody reads."""
    return [part for part in parts if user.id == request.requester or _sees(user, part, request)]


def give(context: Any, id: str, file: str) -> tuple[attachments.Attached, Any, str]:
    """A file of a request with its content and media type, for the page that gives it; recorded before it is given. Raises ObjectNotFound, NotAuthorized."""
    user = _asker(context, "tzc_request_file_list")
    request, parts = _find(user, {"id": id})
    mine = _seen(user, request, parts)
    row = attachments.find(file, request, mine)
    content, media = attachments.give(user, request, mine, row)
    _done(context)
    return row, content, media
