"""Uploads in an object storage that speaks S3: `tzc:s3`, an adapter of CKAN's file storages.

Readers never see the storage's address: files and pictures are given by the portal itself, after its own checks.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import file_keeper as fk
from ckan.config.declaration import Declaration, Key
from ckan.lib import files
from file_keeper.default.adapters import s3

CHUNK = 64 * 1024


@dataclasses.dataclass()
class Settings(files.Settings, s3.Settings):  # type: ignore[misc] -- CKAN has no types here
    """What `ckan.files.storage.NAME.…` says."""

    def __post_init__(self, **kwargs: Any) -> None:
        self.initialize = False  # a bucket is made by whoever pays for it
        self.config = {"s3": {"addressing_style": "path"}, "connect_timeout": 10, "read_timeout": 60, "retries": {"mode": "standard"}}
        super().__post_init__(**kwargs)


class Reader(files.Reader, s3.Reader):  # type: ignore[misc] -- as above
    """Gives content, and no address."""

    capabilities = fk.Capability.STREAM

    def stream(self, data: fk.FileData, extras: dict[str, Any]) -> Iterator[bytes]:
        """The content; it raises MissingFileError before the first bytes are asked for."""
        chunks: Iterator[bytes] = super().stream(data, extras).iter_chunks(CHUNK)
        return chunks


class ObjectStorage(files.Storage, s3.S3Storage):  # type: ignore[misc] -- as above
    """Files in a bucket."""

    SettingsFactory = Settings
    ReaderFactory = Reader
    UploaderFactory = type("Uploader", (files.Uploader, s3.Uploader), {})
    ManagerFactory = type("Manager", (files.Manager, s3.Manager), {})

    @classmethod
    def declare_config_options(cls, declaration: Declaration, key: Key) -> None:
        """Options that `config/portal.ini.j2` writes."""
        super().declare_config_options(declaration, key)
        for name in ("bucket", "endpoint", "region", "key", "secret"):
            declaration.declare(getattr(key, name))
