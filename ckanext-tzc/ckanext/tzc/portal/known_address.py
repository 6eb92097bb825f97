"""The address of a published file: portals and programs know the file by it, and take the same file at another address for another one."""
from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckan.lib.munge import munge_filename
from werkzeug.datastructures import FileStorage

CONFIRMED = "new-address"
"""What the button sends by which an editor says that the address may change."""

Values = dict[str, Any]


def name_in(address: str) -> str:
    """The file's name at the end of an address."""
    return PurePosixPath(urlsplit(address).path).name


def keep(file: Values, upload: FileStorage | None) -> str | None:
    """Give a new file the name of the one that it takes the place of, when both are of one kind. Returns that name, None when nothing was to be kept."""
    if file.get("url_type") != "upload" or not upload or not upload.filename:
        return None
    before, after = name_in(file["url"]), munge_filename(upload.filename)
    if before == after or PurePosixPath(before).suffix.lower() != PurePosixPath(after).suffix.lower():
        return None
    upload.filename = before
    return before


def question(file: Values, typed: Values, upload: FileStorage | None) -> str | None:
    """What to ask before the address of a published file changes; None when it stays."""
    if upload and upload.filename:
        stays = file.get("url_type") == "upload" and name_in(file["url"]) == munge_filename(upload.filename)
    else:
        stays = typed.get("url_type") == "upload" or str(typed.get("url", "")).strip() == file["url"]
    if stays:
        return None
    return tk._(
        "The address of this file would change: %s would lead nowhere, and national portals would take the file for another one. Save it with the new address only if that must be."
    ) % file["url"]
