"""Files that a form of requests sends along: kept together with what the form does, or not at all."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from flask import request


def with_files(action: str, **data: Any) -> Any:
    """An action of requests, and the files that were sent with it, in one transaction. Raises ValidationError, of files for the field `files`."""
    context = {"user": tk.current_user.name, "defer_commit": True}
    made = tk.get_action(action)(dict(context), data)
    # the answer to a message is the message, any other the request
    to = {"id": data["id"], "part": made["part"] or "", "message": made["id"]} if action == "tzc_request_message" else {"id": made["id"]}
    for upload in request.files.getlist("files"):
        if upload.filename:
            try:
                tk.get_action("tzc_request_file_add")(dict(context), {**to, "upload": upload})
            except tk.ValidationError as error:
                raise tk.ValidationError({"files": [words for found in error.error_dict.values() for words in found]}) from error
    model.Session.commit()
    return made
