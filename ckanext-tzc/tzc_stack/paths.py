"""Where everything lies. Two folders are written: `.venv` (software) and `var` (data), both movable by a variable."""
from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Paths:
    """The folders and files of one portal."""

    root: Path
    venv: Path
    var: Path

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def locks(self) -> Path:
        return self.root / "config" / "locks"

    @property
    def jars(self) -> Path:
        return self.venv / "share" / "tzc" / "jars"

    @property
    def web(self) -> Path:
        """What browsers are given of other projects and no wheel brings: a folder each, `NAME-VERSION`."""
        return self.venv / "share" / "tzc" / "web"

    @property
    def installed(self) -> Path:
        """Holds the fingerprint of what `.venv` was made from."""
        return self.venv / "tzc-installed"

    @property
    def cut(self) -> Path:
        """Stands while pip writes files, and after one that was cut."""
        return self.venv / "tzc-cut"

    @property
    def lock(self) -> Path:
        return self.var / "lock"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.var / "ports.json"

    @property
    def ini(self) -> Path:
        return self.var / "portal.ini"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def uploads(self) -> Path:
        return self.var / "uploads"

    @property
    def lake(self) -> Path:
        """Observations of sensors of months long ago."""
        return self.var / "lake"

    @property
    def sparql(self) -> Path:
        """What SPARQL asks, made of the database; can be deleted at any time."""
        return self.var / "sparql"

    @property
    def solr(self) -> Path:
        return self.var / "solr"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"


def here() -> Paths:
    """The portal of this checkout; `TZC_VAR` and `TZC_VENV` move its two folders."""
    var = Path(os.environ.get("TZC_VAR") or ROOT / "var")
    venv = Path(os.environ.get("TZC_VENV") or (Path(sys.prefix) if sys.prefix != sys.base_prefix and _ours(Path(sys.prefix)) else ROOT / ".venv"))
    return Paths(root=ROOT, venv=venv.absolute(), var=var.absolute())


def _ours(prefix: Path) -> bool:
    return (prefix / "tzc-installed").exists()
