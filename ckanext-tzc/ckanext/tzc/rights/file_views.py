"""Files of requests, on the pages of requests."""
from __future__ import annotations

from typing import Any
from urllib.parse import quote

import ckan.plugins.toolkit as tk
from ckanext.tzc.common import headers
from flask import Response

from .logic import files
from .request_views import asking


@asking.route("/<id>/fichiers/<file>")
def file(id: str, file: str) -> Response:
    """A file of a thread, for who may read the thread: to be kept by the reader, never opened by the browser, and never kept on the way."""
    try:
        row, content, media = files.give({"user": tk.current_user.name}, id, file)
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such file."))
    headers.keep_private()
    answer = Response(content, mimetype=media)
    answer.headers["Content-Length"] = str(row.size)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name, safe='')}"
    return answer


@asking.route("/<id>/fichiers/<file>/retirer", methods=["POST"])
def file_remove(id: str, file: str) -> Any:
    """Take back a file that one attached."""
    try:
        tk.get_action("tzc_request_file_remove")({"user": tk.current_user.name}, {"id": id, "file": file})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such file."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only who attached a file takes it back."))
    except tk.ValidationError as error:
        tk.h.flash_error(" ".join(error.error_dict["file"]))
        return tk.redirect_to("tzc_requests.thread", id=id)
    tk.h.flash_success(tk._("The file is taken back."))
    return tk.redirect_to("tzc_requests.thread", id=id)
