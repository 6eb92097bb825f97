"""Pictures of accounts, partners and axes: CKAN's uploads, whose refusals are in the reader's words and say how to mend."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib import files
from ckan.lib.uploader import FKUpload, Upload

NAMED = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP"}
KINDS = {"user", "group", "organization"}


def uploader(upload_to: str, old_filename: str | None) -> Any:
    """What keeps a picture: in the storage where one is configured, else in the folder; none for what is no picture of these."""
    if upload_to not in KINDS:
        return None
    configured = tk.config[f"ckan.files.default_storages.{upload_to}"] in files.storages
    return (StoragePicture if configured else FolderPicture)(upload_to, old_filename)


def _refused(upload: Any) -> tk.ValidationError:
    taken = str(tk.config[f"ckan.upload.{upload.object_type}.mimetypes"] or "")
    words = ", ".join(name for media, name in NAMED.items() if media in taken) or ", ".join(NAMED.values())
    told = tk._("This file is not taken as a picture. Pictures are {kinds}: save it as one of these, then choose it again.").format(kinds=words)
    return tk.ValidationError({upload.file_field: [told]})


class FolderPicture(Upload):  # type: ignore[misc] -- CKAN has no types here
    """Into a folder."""

    def verify_type(self) -> None:
        """By its name, by what the sender says, and by its bytes."""
        try:
            super().verify_type()
        except tk.ValidationError as error:
            raise _refused(self) from error


class StoragePicture(FKUpload):  # type: ignore[misc] -- as above
    """Into one of CKAN's file storages."""

    def verify_type(self) -> None:
        """By its bytes."""
        try:
            super().verify_type()
        except tk.ValidationError as error:
            raise _refused(self) from error
