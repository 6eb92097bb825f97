"""Where the lake's files lie: a folder, or a bucket of an S3 storage. Both through fsspec."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import posixpath
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import ckan.plugins.toolkit as tk
import fsspec
from fsspec.implementations.local import LocalFileSystem

CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Place:
    """A file system, the folder in it that is the lake, and what speaks of it to others."""

    system: Any
    root: str

    @property
    def local(self) -> bool:
        """Whether the files lie on this machine's disk."""
        return isinstance(self.system, LocalFileSystem)

    def full(self, path: str) -> str:
        """The path of a file in the file system."""
        return posixpath.join(self.root, path)

    def read(self, path: str) -> Any:
        """A file for reading, anywhere in it. Raises FileNotFoundError."""
        return self.system.open(self.full(path), "rb")

    def put(self, path: str) -> Any:
        """A file for writing; it is there when it is closed, on the disk after `keep`."""
        full = self.full(path)
        if self.local:
            Path(full).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.system.open(full, "wb")

    def keep(self, path: str) -> None:
        """Have a file that was written on the disk, whatever happens to the machine."""
        if not self.local:
            return
        full = Path(self.full(path))
        full.chmod(0o600)
        for name in (full, full.parent, Path(self.root)):
            handle = os.open(name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def remove(self, path: str) -> None:
        """Remove a file; nothing where there is none."""
        try:
            self.system.rm_file(self.full(path))
        except FileNotFoundError:
            return

    def digest(self, path: str) -> tuple[int, str]:
        """The length of a file, and its SHA-256."""
        digest, size = hashlib.sha256(), 0
        with self.read(path) as handle:
            while block := handle.read(CHUNK):
                digest.update(block)
                size += len(block)
        return size, digest.hexdigest()


def here() -> Place:
    """The lake that the setting `tzc.sensors.lake` names; without one the folder `lake` beside the uploads."""
    return _place(str(tk.config.get("tzc.sensors.lake") or "") or str(Path(str(tk.config["ckan.storage_path"])).parent / "lake"))


@lru_cache(maxsize=4)
def _place(address: str) -> Place:
    parts = urlsplit(address)
    if parts.scheme not in ("s3", "s3+http"):
        root = Path(address).absolute()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(fsspec.filesystem("file"), str(root))
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import S3FileSystem

    storage = S3FileSystem(
        access_key=unquote(parts.username or ""), secret_key=unquote(parts.password or ""), endpoint_override=parts.netloc.rpartition("@")[2],
        scheme="http" if parts.scheme == "s3+http" else "https", region=dict(parse_qsl(parts.query)).get("region", "us-east-1"), connect_timeout=10, request_timeout=60,
    )  # fmt: skip
    return Place(ArrowFSWrapper(storage), parts.path.strip("/"))


