"""Uploaded files are looked at before they are kept."""
from __future__ import annotations

import os
from typing import IO, Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
import magic
from ckan.lib import files
from ckan.lib.uploader import FKResourceUpload, ResourceUpload, get_max_resource_size

from tzc.catalogue.uploads import Refusal, refusal

from . import narrowed, object_storage, picture_uploads

SAMPLE = 4096
"""Bytes from the beginning of a file that tell what it is."""


class CheckedUpload(ResourceUpload):  # type: ignore[misc] -- CKAN has no types here
    """CKAN's own upload of a dataset's file into a folder, which refuses what a reader's computer might run, and what is too large.

    Raises ValidationError for the field `upload`.
    """

    def __init__(self, resource: dict[str, Any]) -> None:
        super().__init__(resource)
        if getattr(self, "filename", None):
            _check(self.filename, self.upload_file)


class CheckedStorageUpload(FKResourceUpload):  # type: ignore[misc] -- as above
    """The same into one of CKAN's file storages."""

    def __init__(self, resource: dict[str, Any]) -> None:
        super().__init__(resource)
        if self.filename:
            # file-keeper believes the size that the sender states
            self.filesize = self.upload_file.size = _check(self.filename, self.upload_file.stream)


class KeepsFiles:
    """The plugin's part in IUploader and IFiles."""

    def get_uploader(self, upload_to: str, old_filename: str | None = None) -> Any:
        """Pictures, whose refusals say how to mend; None leaves others to CKAN."""
        return picture_uploads.uploader(upload_to, old_filename)

    def get_resource_uploader(self, resource: dict[str, Any]) -> CheckedUpload | CheckedStorageUpload:
        """Into the storage of datasets' files where one is configured, else into the folder."""
        try:
            urlsplit(str(resource.get("url") or ""))
        except ValueError as error:
            # CKAN reads it before any validator does
            raise tk.ValidationError({"url": [tk._("This is no address: look at its brackets and its host.")]}) from error
        configured = tk.config["ckan.files.default_storages.resource"] in files.storages
        return (CheckedStorageUpload if configured else CheckedUpload)(resource)

    def files_file_allows(self, context: Any, file: Any, operation: str) -> bool | None:
        """Not to who was given some columns of the file; all others as CKAN decides."""
        return narrowed.allows_file(context, file.owner, operation)

    def files_get_storage_adapters(self) -> dict[str, Any]:
        """Where files may be kept, besides CKAN's own kinds of storages."""
        return {"tzc:s3": object_storage.ObjectStorage}


def _check(filename: str, stream: IO[bytes]) -> int:
    """The bytes received; ValidationError when the file is not taken."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(SAMPLE)
    media_type = magic.from_buffer(head, mime=True)
    stream.seek(0)
    most = get_max_resource_size() * 1024**2
    found = refusal(filename, media_type, size, tk.config["tzc.uploads.types"], most, head)
    if found:
        raise tk.ValidationError({"upload": [_words(found, most)]})
    return size


def _words(found: Refusal, most: int) -> str:
    messages = {
        "size": tk._("This file is too large: %(stated)s, where %(most)d MB are the most. Compress it, split it, or give its address instead."),
        "empty": tk._("This file is empty. Choose another one."),
        "type": tk._("Files of type “%(stated)s” are not taken. Save it as CSV, XLSX, GeoJSON, JSON, PDF or ZIP, for example."),
        "content": tk._("This file looks like a program or a web page (%(stated)s), which is not taken. Upload data, or give a link instead."),
    }
    stated = tk.h.tzc_size(found.stated) if found.code == "size" else found.stated
    return str(messages[found.code] % {"stated": stated, "most": most // 1024**2})
