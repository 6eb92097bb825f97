"""Programs that a command starts and waits for; standard library only."""
from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


def run(command: Sequence[str], cwd: Path | str, env: Mapping[str, str] | None = None, user: int | None = None, group: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; return its exit code and what it wrote.

    When this process is killed the program dies too: the next `./portal up` must not meet a pip or a migration still at work.
    """
    return subprocess.run(
        list(command), capture_output=True, encoding="utf-8", errors="replace", check=False, cwd=cwd, env=env, user=user, group=group,
        preexec_fn=die_with_parent,
    )


def start(command: Sequence[str], cwd: Path | str, env: Mapping[str, str], output: IO[str]) -> subprocess.Popen[str]:
    """Start a program that goes on beside this one, and write what it says to `output`; it too dies with this process."""
    return subprocess.Popen(
        list(command), stdout=output, stderr=subprocess.STDOUT, text=True, cwd=cwd, env=env,
        preexec_fn=die_with_parent,  # noqa: PLW1509 -- one system call, nothing that another thread could hold
    )


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
