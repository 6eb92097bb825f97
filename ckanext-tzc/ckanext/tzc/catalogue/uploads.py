"""Uploaded files are looked at before they are kept."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
import magic
from ckan.lib.uploader import ResourceUpload, get_max_resource_size

from tzc.catalogue.uploads import Refusal, refusal

SAMPLE = 4096
"""Bytes from the beginning of a file that tell what it is."""


class CheckedUpload(ResourceUpload):  # type: ignore[misc] -- CKAN has no types here
    """CKAN's own upload of a dataset's file, which refuses what a reader's computer might run, and what is too large.

    Raises ValidationError for the field `upload`.
    """

    def __init__(self, resource: dict[str, Any]) -> None:
        super().__init__(resource)
        if not getattr(self, "filename", None):
            return
        media_type = magic.from_buffer(self.upload_file.read(SAMPLE), mime=True)
        self.upload_file.seek(0)
        most = get_max_resource_size() * 1024**2
        found = refusal(self.filename, media_type, self.filesize, tk.config["tzc.uploads.types"], most)
        if found:
            raise tk.ValidationError({"upload": [_words(found, most)]})


def _words(found: Refusal, most: int) -> str:
    messages = {
        "size": tk._("This file has %(stated)s bytes; at most %(most)d MB are taken. Compress it, split it, or give a link instead."),
        "empty": tk._("This file is empty. Choose another one."),
        "type": tk._("Files of type “%(stated)s” are not taken. Save it as CSV, XLSX, GeoJSON, JSON, PDF or ZIP, for example."),
        "content": tk._("This file looks like a program or a web page (%(stated)s), which is not taken. Upload data, or give a link instead."),
    }
    return messages[found.code] % {"stated": found.stated, "most": most // 1024**2}
