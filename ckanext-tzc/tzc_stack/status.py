"""How each part is: what the supervisor knows, memory (PSS, with children), version."""
from __future__ import annotations

import contextlib
import subprocess
from importlib.metadata import PackageNotFoundError
from typing import Any

import psutil

from .parts import Part, all_parts
from .paths import Paths
from .settings import Settings
from .supervise import Supervisor


def report(paths: Paths, settings: Settings) -> dict[str, Any]:
    """`{"up": bool, "address": …, "memory": bytes, "parts": [{"name", "title", "up", "state", "pid", "port", "memory", "version", "since"}]}`.

    `memory` is the proportional set size in bytes, None where the system does not tell.
    """
    supervisor = Supervisor(paths, settings)
    states = supervisor.states() if supervisor.alive() else {}
    parts = [_part(part, states.get(part.name, {})) for part in all_parts(paths, settings)]
    given = [
        {"name": name, "title": title, "up": None, "state": "given", "pid": None, "port": None, "memory": None, "version": None, "since": None}
        for name, title in (("postgres", "PostgreSQL"), ("valkey", "Redis"), ("solr", "Solr"))
        if not settings.embedded[name]
    ]
    known = [part["memory"] for part in parts if part["memory"]]
    return {
        "up": bool(states) and all(part["up"] for part in parts),
        "address": settings.site_url,
        "memory": sum(known) if known else None,
        "parts": [*given, *parts],
    }


def _part(part: Part, state: dict[str, Any]) -> dict[str, Any]:
    up = state.get("statename") == "RUNNING"
    pid = int(state.get("pid") or 0) or None
    return {
        "name": part.name,
        "title": part.title,
        "up": up,
        "state": str(state.get("statename", "STOPPED")).lower(),
        "pid": pid,
        "port": part.port,
        "memory": proportional_memory(pid) if pid else None,
        "version": _version(part),
        "since": int(state["start"]) if up else None,
    }


def _version(part: Part) -> str | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError, PackageNotFoundError):
        return part.version()
    return None


def proportional_memory(pid: int) -> int | None:
    """PSS in bytes of a process and all below it: shared pages are counted once among their users.

    None where the system does not tell: in a container, root may not look into the processes of PostgreSQL's own user.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        known = [size for size in map(_pss, family) if size is not None]
        return sum(known) if known else None
    return None


def _pss(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return None


def as_table(now: dict[str, Any]) -> str:
    """For a person."""
    state = "UP" if now["up"] else "NOT WHOLLY UP" if any(part["up"] for part in now["parts"]) else "STOPPED"
    head = f"{state}  {now['address']}"
    rows = [("part", "state", "port", "memory", "version")]
    rows += [(part["name"], part["state"], str(part["port"] or ""), _mib(part["memory"]), part["version"] or "") for part in now["parts"]]
    rows.append(("in all", "", "", _mib(now["memory"]), ""))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([head, "", *lines])


def _mib(size: int | None) -> str:
    return f"{size / 1024**2:.0f} MiB" if size else ""
