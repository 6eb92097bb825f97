"""Processes by names that tell which of them are known to have ended.

A process is known by its number and the moment at which it began, among those that see the same numbers: of one machine since it was started, and of one container.
Of others nothing is known, so that they are never taken for dead.
"""
from __future__ import annotations

import os
import uuid
from pathlib import Path

PARTS = 4


def name() -> str:
    """A name for this process that none has, or had before."""
    return f"{_realm()}:{os.getpid()}:{_began(os.getpid())}:{uuid.uuid4().hex[:8]}"


def is_gone(known: str) -> bool:
    """Whether the process of this name has ended for certain."""
    parts = known.split(":")
    if len(parts) != PARTS or parts[0] != _realm() or not parts[1].isdigit():
        return False
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it is there, and somebody else's
    began = _began(int(parts[1]))
    return bool(began) and began != parts[2]


def _realm() -> str:
    """Who sees the same numbers of processes: the machine since its start, and the container. Where the kernel does not tell, nobody does."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return uuid.uuid4().hex


def _began(process: int) -> str:
    """The moment at which a process began, as the kernel counts it; `ended` where nobody has taken note of its end yet; nothing where it may not be seen."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if told[0] in "ZX" else told[19]
