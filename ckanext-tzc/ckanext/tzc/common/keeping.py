"""Bytes of files as they were, each once, by their SHA-256: on a shelf beside CKAN's own files, in their folder or bucket."""
from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import ckan.plugins.toolkit as tk
import file_keeper as fk
import flask
from ckan.lib import files, uploader

CHUNK = 1 << 20


class MissingError(Exception):
    """The file is not where it should be."""


def _storage(resource: dict[str, Any]) -> tuple[Any, Any]:
    """CKAN's storage, where it is one of file-keeper, and where the file lies."""
    upload = uploader.get_resource_uploader({key: value for key, value in resource.items() if key != "upload"})
    storage = getattr(upload, "storage", None)
    return (storage if isinstance(storage, fk.Storage) else None), upload.get_path(resource["id"])


def _bucket() -> fk.Storage | None:
    try:
        storage: fk.Storage = files.get_storage(tk.config["ckan.files.default_storages.resource"])
    except files.exc.UnknownStorageError:
        return None
    return storage


def _chunks(storage: Any, location: Any) -> Iterator[bytes]:
    try:
        if storage is not None:
            yield from storage.stream(files.FileData(files.Location(location)))
            return
        with Path(location).open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (OSError, files.exc.MissingFileError) as error:
        raise MissingError(str(location)) from error


def _copy(chunks: Iterable[bytes], target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        target.write(chunk)
    return digest.hexdigest(), size


@dataclasses.dataclass(frozen=True)
class Shelf:
    """Where a room keeps bytes: `name` is the folder that is its own, as each room removes what it needs no more."""

    name: str

    def keep(self, resource: dict[str, Any]) -> tuple[str, int]:
        """Keep the bytes that an uploaded file has now; their SHA-256 and number. What is there already is not written again. Raises MissingError."""
        storage, location = _storage(resource)
        return self.keep_chunks(_chunks(storage, location))

    def keep_chunks(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Keep bytes; their SHA-256 and number. What is there already is not written again."""
        bucket = _bucket()
        folder = Path(tempfile.gettempdir()) if bucket else Path(tk.config["ckan.storage_path"]) / self.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as copy:
            path = Path(copy.name)
            try:
                sha256, size = _copy(chunks, copy)
                copy.close()
                self._put(path, sha256, bucket)
            finally:
                path.unlink(missing_ok=True)
        return sha256, size

    def put_back(self, sha256: str, resource: dict[str, Any]) -> None:
        """Give an uploaded file the bytes that are kept, in one step. Raises MissingError."""
        bucket = _bucket()
        kept = _chunks(bucket, self._place(sha256) if bucket else self._path(sha256))
        storage, location = _storage(resource)
        if storage is not None:
            with tempfile.NamedTemporaryFile(prefix=".back-") as whole:
                _copy(kept, whole)
                whole.flush()
                with Path(whole.name).open("rb") as source:
                    storage.upload(location, files.make_upload(source))
            return
        # as CKAN names what it has not written whole yet: what a kill leaves is written over by the next one
        path = Path(f"{location}~")
        try:
            with path.open("wb") as copy:
                _copy(kept, copy)
            path.rename(location)
        finally:
            path.unlink(missing_ok=True)

    def answer(self, sha256: str, name: str, kind: str | None) -> flask.Response:
        """A download of kept bytes. Raises MissingError."""
        bucket = _bucket()
        if bucket is None:
            path = self._path(sha256)
            if not path.is_file():
                raise MissingError(sha256)
            return flask.send_file(path, mimetype=kind or "application/octet-stream", as_attachment=True, download_name=name, etag=sha256, conditional=True)
        try:
            data = self._data(sha256, bucket)
            given = flask.Response(bucket.stream(data), mimetype=kind or "application/octet-stream", headers={"Content-Length": str(data.size)})
        except (files.exc.LocationError, files.exc.MissingFileError) as error:
            raise MissingError(sha256) from error
        given.set_etag(sha256)
        given.headers.set("Content-Disposition", "attachment", filename=name)
        return given

    def there(self, sha256: str) -> bool:
        """Whether bytes are kept."""
        bucket = _bucket()
        if bucket is None:
            return self._path(sha256).is_file()
        return bool(bucket.exists(files.FileData(files.Location(self._place(sha256)))))

    def remove(self, sha256: str) -> None:
        """Remove bytes; that they are gone already is no fault."""
        bucket = _bucket()
        if bucket is None:
            self._path(sha256).unlink(missing_ok=True)
            return
        with suppress(files.exc.LocationError, files.exc.MissingFileError):
            bucket.remove(self._data(sha256, bucket))

    def _place(self, sha256: str) -> str:
        return f"{self.name}/{sha256[:2]}/{sha256[2:]}"

    def _path(self, sha256: str) -> Path:
        return Path(tk.config["ckan.storage_path"]) / self._place(sha256)

    def _data(self, sha256: str, storage: fk.Storage) -> files.FileData:
        location = files.Location(self._place(sha256))
        return files.FileData(location, size=storage.size(location))

    def _put(self, path: Path, sha256: str, bucket: fk.Storage | None) -> None:
        """In one step, so that nobody finds half of it."""
        if bucket is None:
            target = self._path(sha256)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            if not target.exists():
                path.rename(target)
            return
        location = files.Location(self._place(sha256))
        if not bucket.exists(files.FileData(location)):
            with path.open("rb") as source:
                bucket.upload(location, files.make_upload(source))
