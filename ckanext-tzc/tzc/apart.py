"""Work on what strangers sent, in a process of its own: what makes that one grow or end does so to nobody else.

A module that is asked so is run as `python -m`, and calls `answer` with its function. The task comes by standard input, the answer goes to standard output, both as JSON.
"""
from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MEGABYTE = 2**20
NO_MEMORY = (-signal.SIGABRT, -signal.SIGKILL)
"""How a process ends that a library in C or Rust ends as it gets no more memory, and one that the system ends as there is none."""

TOO_LONG = (-signal.SIGXCPU,)
LATER = 5
"""Seconds more in all than of computing: others have the processors too."""

Work = Callable[[dict[str, Any]], dict[str, Any]]


class EndedError(Exception):
    """The process ended without an answer; `how`: `memory`, `time`, or `broken`."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


def ask(module: str, task: Mapping[str, Any], *, memory: int, seconds: float) -> dict[str, Any]:
    """What a module makes of a task, with so many bytes of memory and in so many seconds. Raises EndedError."""
    # few arenas of memory, so that what one thread gave back another may have; a line for the log where a library ends the process, not a page
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2", "RUST_BACKTRACE": "0"}
    process = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    told = json.dumps({"memory": memory, "seconds": seconds, "task": dict(task)}).encode()
    try:
        said, _ = process.communicate(told, timeout=seconds + LATER)
    except subprocess.TimeoutExpired as error:
        raise EndedError("time") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        raise EndedError("memory" if process.returncode in NO_MEMORY else "time" if process.returncode in TOO_LONG else "broken")
    answered: dict[str, Any] = json.loads(said)
    if "ended" in answered:
        raise EndedError(answered["ended"])
    return answered


def answer(work: Work) -> None:
    """Do the task that standard input holds, within its limits."""
    asked = json.load(sys.stdin)
    confine(asked["memory"])
    _compute_for(max(int(asked["seconds"]), 1))
    with contextlib.suppress(OSError):  # not every kernel's way; the first to go when memory is short
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    try:
        told = work(asked["task"])
    except MemoryError:
        told = {"ended": "memory"}
    sys.stdout.write(json.dumps(told))


def _compute_for(seconds: int) -> None:
    """So many seconds of a processor; no more than who asks has, where that is such a process itself."""
    _now, most = resource.getrlimit(resource.RLIMIT_CPU)
    hard = seconds + LATER if most == resource.RLIM_INFINITY else min(seconds + LATER, most)
    resource.setrlimit(resource.RLIMIT_CPU, (min(seconds, hard), hard))


def confine(memory: int) -> None:
    """From here on this process, and each that it begins, may hold so many bytes besides what it holds already; it leaves no core behind.

    What is written counts (RLIMIT_DATA), not all addresses (RLIMIT_AS): those that threads, arenas and mapped files only reserve are many, and cost nothing.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    held = _held()
    if held:
        _set(held + memory)


def loosen(memory: int) -> None:
    """So many bytes more, for who has to tell that there were too few. Nothing where there is no limit."""
    now, _most = resource.getrlimit(resource.RLIMIT_DATA)
    if now != resource.RLIM_INFINITY:
        _set(now + memory)


def _set(wanted: int) -> None:
    _now, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _held() -> int:
    """Bytes that count already; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0
