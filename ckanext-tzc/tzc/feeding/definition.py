"""What a feed is made of, checked.

    DefinitionError   holds `{field: code}`; the upper floor says the codes
"""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..hosts import host_of
from . import columns, versions

HTTP, S3, SFTP, SQL, PUSH = KINDS = ("http", "s3", "sftp", "sql", "push")

CLOSED = frozenset({SFTP, SQL})
"""Kinds that an administrator allows one by one."""

SCHEMES = {HTTP: ("https", "http"), S3: ("https", "http"), SFTP: ("sftp",), SQL: ("postgresql",)}

CREDENTIALS = {
    HTTP: frozenset({"basic", "bearer", "header"}), S3: frozenset({"s3"}), SFTP: frozenset({"basic", "key"}), SQL: frozenset({"basic"}), PUSH: frozenset()
}  # fmt: skip
"""Kinds of credentials that serve each kind of feed."""

FIELDS = {"basic": ("user", "password"), "bearer": ("token",), "header": ("header", "value"), "s3": ("key", "secret"), "key": ("user", "private_key")}
"""What a credential of each kind is made of; all of it is sealed."""

REFUSED, ALLOWED = EMPTIES = ("refuse", "allow")
"""What becomes of a file without rows."""

TABLES = frozenset({"csv", "tsv", "xlsx", "xls", "ods", "geojson"})
"""Endings of files that are tables."""

LONGEST = {"address": 1000, "query": 20_000, "host_key": 200, "credential": 100, "title": 200, "file": 100, "region": 60}
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.[A-Za-z0-9]{2,8}")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SAID = re.compile(r"[\x20-\xff]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_REGION = re.compile(r"[a-z0-9-]*")


class DefinitionError(ValueError):
    """What is wrong, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        super().__init__(", ".join(f"{field}: {code}" for field, code in faults.items()))


@dataclasses.dataclass(frozen=True)
class Definition:
    """A feed as its partner wants it. `file` is the name of the file that readers download, `keys` the columns that tell rows apart."""

    kind: str
    file: str
    title: str = ""
    address: str = ""
    credential: str = ""
    query: str = ""
    host_key: str = ""
    region: str = ""
    keys: tuple[str, ...] = ()
    changes: str = columns.REFUSE
    empty: str = REFUSED
    keep: Mapping[str, int] = dataclasses.field(default_factory=lambda: {versions.LAST: 5})

    @property
    def host(self) -> str:
        """The server that is asked, with its port."""
        return host_of(self.address)

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return {**dataclasses.asdict(self), "keys": list(self.keys), "keep": dict(self.keep)}


def read(data: Mapping[str, Any]) -> Definition:
    """A definition of what a form or program sent. Raises DefinitionError."""
    faults: dict[str, str] = {}
    kind = data.get("kind")
    if kind not in KINDS:
        raise DefinitionError({"kind": "kind"})
    texts = {field: _text(data, field, faults) for field in LONGEST}
    keys, keep = data.get("keys") or [], data.get("keep") or {versions.LAST: 5}
    if not _FILE.fullmatch(texts["file"]):
        faults["file"] = "file"
    if not (isinstance(keys, list) and len(keys) <= 20 and all(isinstance(key, str) and 0 < len(key) <= 200 for key in keys)):
        faults["keys"], keys = "keys", []
    if not versions.is_rule(keep):
        faults["keep"] = "keep"
    changes, empty = data.get("changes") or columns.REFUSE, data.get("empty") or REFUSED
    if changes not in columns.CHANGES:
        faults["changes"] = "choice"
    if empty not in EMPTIES:
        faults["empty"] = "choice"
    faults.update(_of_kind(kind, texts))
    if faults:
        raise DefinitionError(faults)
    return Definition(kind=kind, keys=tuple(keys), changes=changes, empty=empty, keep=keep, **texts)


def _text(data: Mapping[str, Any], field: str, faults: dict[str, str]) -> str:
    value = data.get(field) or ""
    if not isinstance(value, str) or len(value) > LONGEST[field] or "\0" in value:
        faults[field] = "text"
        return ""
    return value.strip()


def _of_kind(kind: str, texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong for this kind."""
    if kind == PUSH:
        return {}
    faults = {}
    if not _is_address(kind, texts["address"]):
        faults["address"] = "address"
    if kind in (SFTP, SQL) and not texts["credential"]:
        faults["credential"] = "needed"
    if kind == SFTP and not _HOST_KEY.fullmatch(texts["host_key"]):
        faults["host_key"] = "host_key"
    if kind == SQL and not texts["query"]:
        faults["query"] = "needed"
    if kind == S3 and not _REGION.fullmatch(texts["region"]):
        faults["region"] = "text"
    return faults


def _is_address(kind: str, address: str) -> bool:
    """Whether it leads somewhere, without a password in it."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    good = parts.scheme in SCHEMES[kind] and bool(parts.hostname) and "@" not in parts.netloc and not any(sign.isspace() or ord(sign) < 32 for sign in address)
    if kind == S3:
        # the server, the bucket, the object
        return good and len([part for part in parts.path.split("/") if part]) >= 2 and not parts.query
    if kind == SQL:
        return good and bool(re.fullmatch(r"/[A-Za-z0-9_.-]+", parts.path)) and not parts.query
    return good and (kind != SFTP or len(parts.path) > 1)


def credential(kind: object, values: Mapping[str, Any]) -> dict[str, str]:
    """What is sealed of a credential. Raises DefinitionError."""
    if not isinstance(kind, str) or kind not in FIELDS:
        raise DefinitionError({"kind": "kind"})
    found, faults = {}, {}
    for field in FIELDS[kind]:
        value = values.get(field)
        if not isinstance(value, str) or not value or len(value) > 20_000 or "\0" in value or (field != "private_key" and any(ord(sign) < 32 for sign in value)):
            faults[field] = "needed"
        elif (field in ("token", "value") and not _SAID.fullmatch(value)) or (kind == "basic" and field == "user" and ":" in value):
            # no header can say it
            faults[field] = "text"
        else:
            found[field] = value
    if kind == "header" and "header" in found and (not _HEADER.fullmatch(found["header"]) or found["header"].lower() in {"host", "content-length", "transfer-encoding"}):
        faults["header"] = "text"
    if faults:
        raise DefinitionError(faults)
    return found
