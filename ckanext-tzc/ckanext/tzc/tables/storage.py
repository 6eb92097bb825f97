"""Where CKAN keeps an uploaded file: a folder, or a storage of file-keeper. Never over HTTP."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import file_keeper as fk
from ckan.lib import files, uploader

from tzc.tables.errors import Refused


@contextmanager
def opened(resource: dict[str, Any], folder: Path, most: int) -> Iterator[Path]:
    """The uploaded file of a resource as a local path; a copy in `folder` when the storage is not a local one.

    Raises Refused (`missing_file`, or `too_big` beyond `most` bytes).
    """
    upload = uploader.get_resource_uploader({key: value for key, value in resource.items() if key != "upload"})
    location = upload.get_path(resource["id"])
    storage = getattr(upload, "storage", None)
    if isinstance(storage, fk.Storage):
        yield _copied(storage, location, folder, most)
        return
    path = Path(location)
    if not path.is_file():
        raise Refused("missing_file")
    yield path


def _copied(storage: fk.Storage, location: Any, folder: Path, most: int) -> Path:
    target = folder / "upload"
    written = 0
    try:
        with target.open("wb") as out:
            for chunk in storage.stream(files.FileData(files.Location(location))):
                written += len(chunk)
                if written > most:
                    raise Refused("too_big", have=written, most=most)
                out.write(chunk)
    except files.exc.MissingFileError as error:
        raise Refused("missing_file") from error
    return target
